"""`kata new`: what it writes is a whole kata, and what it must not write it refuses."""

import itertools
from pathlib import Path

import pytest

from grader.authoring.examples import Kind, own_examples
from grader.authoring.lint import lint_package, read_package
from grader.authoring.prover import Plan
from grader.authoring.scaffold import SERVICES, TEMPLATES, template_of, write_skeleton
from grader.catalog.find import find_catalog
from grader.catalog.manifest import Kata, read_manifest
from grader.errors import UsageError
from tests.conftest import RunKata
from tests.proofs import mistakes_in, proof_of

CHOICES = [",".join(chosen) for count in range(len(SERVICES) + 1) for chosen in itertools.combinations(SERVICES, count)]


def write(folder: Path, services: str, tier: int = 1) -> Kata:
    skeleton = write_skeleton("two-at-once", folder, tier, [word for word in services.split(",") if word])
    return read_manifest(skeleton.folder)


@pytest.mark.slow
@pytest.mark.parametrize("services", CHOICES)
async def test_a_new_kata_can_be_proved_as_it_is(kata: RunKata, tmp_path: Path, services: str) -> None:
    made = kata("new", "two-at-once", "--dir", "my", *(["--with", services] if services else []))
    assert (made.code, made.err) == (0, "")
    assert mistakes_in(await proof_of(find_catalog(tmp_path / "my"), "two-at-once", Plan())) == []


@pytest.mark.parametrize("services", CHOICES)
def test_a_new_kata_has_all_that_a_kata_needs(tmp_path: Path, services: str) -> None:
    new = write(tmp_path, services, tier=4)
    examples = list(own_examples(new))
    files = read_package(new.folder)
    assert lint_package(new, files) == []
    assert (new.title, new.tier, ",".join(new.services)) == ("Two at once", 4, services)
    assert [example.kind for example in examples].count(Kind.ACCEPTED) >= 2
    assert [example.kind for example in examples].count(Kind.REJECTED) >= 1
    sections = [line for line in files["README.md"].splitlines() if line.startswith("#")]
    assert sections == ["# Two at once", "## The app", "## What must hold", "## What must stay", "## Read more"]
    assert ("schema.sql" in files) == ("postgres" in services)


@pytest.mark.parametrize("services", CHOICES)
def test_no_placeholder_is_left(tmp_path: Path, services: str) -> None:
    for name, text in read_package(write(tmp_path, services).folder).items():
        assert not any(placeholder in text for placeholder in ("@SLUG@", "@TITLE@", "@TIER@")), name


def test_every_template_is_one_that_can_be_asked_for() -> None:
    asked = {template_of([word for word in services.split(",") if word]) for services in CHOICES}
    assert asked == {path for path in TEMPLATES.iterdir() if path.is_dir()}


def test_services_are_taken_in_any_order_and_more_than_once() -> None:
    assert template_of(["postgres", "upstream", "postgres"]) == TEMPLATES / "upstream-postgres"


def test_it_says_what_was_written_and_what_to_type_next(kata: RunKata, tmp_path: Path) -> None:
    out = kata("new", "first-light", "--dir", "my katas").out
    assert "Written into my katas/first-light:" in out
    assert "  checks.py\n" in out
    assert "  kata check first-light --katas 'my katas' --solution 'my katas/first-light/starter/app.py'\n" in out
    assert "  kata verify first-light --katas 'my katas'\n" in out
    assert all(len(line) <= 80 for line in out.splitlines() if not line.startswith("  kata "))
    assert (tmp_path / "my katas" / "first-light" / "kata.toml").is_file()


def test_without_a_folder_it_writes_into_the_current_one(kata: RunKata, tmp_path: Path) -> None:
    assert "kata verify first-light --katas .\n" in kata("new", "first-light").out
    assert (tmp_path / "first-light" / "starter" / "app.py").is_file()


@pytest.mark.parametrize(
    ("arguments", "sentence", "hint"),
    [
        (["Two_At Once"], "only lower-case letters, digits and single hyphens", "Did you mean two-at-once?"),
        (["../escape"], "`../escape` is no name for a kata", "Did you mean escape?"),
        (["a--b"], "`a--b` is no name for a kata", "Did you mean a-b?"),
        ([""], "is no name for a kata", "Name it like two-at-once."),
        (["tiny", "--with", "postgre"], "There is no service `postgre`.", "Did you mean postgres?"),
        (["tiny", "--with", "upstream,kafka"], "There is no service `kafka`.", "There are: upstream, postgres."),
        (["tiny", "--tier", "6"], "The tier must be from 1 to 5, not 6.", ""),
        (["tiny", "--tier", "0"], "The tier must be from 1 to 5, not 0.", ""),
    ],
)
def test_what_cannot_be_a_kata_is_refused_and_nothing_is_written(
    kata: RunKata, tmp_path: Path, arguments: list[str], sentence: str, hint: str
) -> None:
    ran = kata("new", *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert sentence in " ".join(ran.err.split())
    assert hint in ran.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", ["empty folder", "file", "dangling link"])
def test_what_exists_is_never_overwritten(tmp_path: Path, kind: str) -> None:
    target = tmp_path / "two-at-once"
    if kind == "empty folder":
        target.mkdir()
    elif kind == "file":
        target.touch()
    else:
        target.symlink_to("nowhere")
    with pytest.raises(UsageError, match="exists already; nothing was written"):
        write(tmp_path, "")
    assert [path.name for path in tmp_path.rglob("*")] == ["two-at-once"]


def test_a_second_kata_of_the_same_name_leaves_the_first_as_it_is(kata: RunKata, tmp_path: Path) -> None:
    kata("new", "tiny")
    (tmp_path / "tiny" / "checks.py").write_text("mine")
    ran = kata("new", "tiny", "--with", "upstream")
    assert ran.code == 2
    assert "tiny exists already; nothing was written." in ran.err
    assert (tmp_path / "tiny" / "checks.py").read_text() == "mine"


def test_no_kata_is_written_into_another_kata(tmp_path: Path) -> None:
    first = write_skeleton("first", tmp_path, 1, [])
    with pytest.raises(UsageError, match="is a kata itself"):
        write_skeleton("second", first.folder, 1, [])


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="cannot be made: Not a directory"):
        write_skeleton("tiny", tmp_path / "file", 1, [])


def test_what_was_half_written_is_taken_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    template = tmp_path / "templates" / "plain"
    template.mkdir(parents=True)
    (template / "kata.toml").write_text("title = '@TITLE@'")
    (template / "deep" / "er").mkdir(parents=True)
    (template / "deep" / "er" / "file.py").touch()  # the folder `deep` has not been made when this is written
    monkeypatch.setattr("grader.authoring.scaffold.TEMPLATES", template.parent)
    with pytest.raises(UsageError, match="cannot be written"):
        write_skeleton("tiny", tmp_path, 1, [])
    assert not (tmp_path / "tiny").exists()
