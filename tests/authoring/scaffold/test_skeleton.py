"""`kata new` writes a whole kata that can be proved as it is, and refuses what it must not write."""

import json
from pathlib import Path

import pytest

from grader.authoring.examples import Kind, own_examples
from grader.authoring.lint.lint import lint_package
from grader.authoring.lint.package import read_package
from grader.authoring.prover import Plan
from grader.authoring.scaffold.skeleton import chosen_fragments, title_of, write_skeleton
from grader.catalog.find import find_catalog
from grader.catalog.manifest import Kata, read_manifest
from grader.cli.instructor import SERVICES_HELP
from grader.errors import UsageError
from tests.authoring.scaffold.composing import CHOICES, SERVICES, services_of
from tests.conftest import RunKata
from tests.proofs import mistakes_in, proof_of


def write(folder: Path, services: str, tier: int = 1) -> Kata:
    skeleton = write_skeleton("two-at-once", folder, tier, services_of(services))
    return read_manifest(skeleton.folder)


@pytest.mark.slow
@pytest.mark.parametrize("services", CHOICES)
async def test_a_new_kata_can_be_proved_as_it_is(
    kata: RunKata, tmp_path: Path, services: str
) -> None:
    made = kata("new", "two-at-once", "--dir", "my", *(["--with", services] if services else []))
    assert (made.code, made.err) == (0, "")
    assert mistakes_in(await proof_of(find_catalog(tmp_path / "my"), "two-at-once", Plan())) == []


@pytest.mark.parametrize("services", CHOICES)
def test_a_new_kata_is_complete(tmp_path: Path, services: str) -> None:
    new = write(tmp_path, services, tier=4)
    examples = list(own_examples(new))
    files = read_package(new.folder)
    assert lint_package(new, files) == []
    assert (new.title, new.tier, ",".join(new.services)) == ("Two at once", 4, services)
    assert [example.kind for example in examples].count(Kind.ACCEPTED) >= 2
    assert [example.kind for example in examples].count(Kind.REJECTED) >= 2
    sections = [line for line in files["README.md"].splitlines() if line.startswith("#")]
    assert sections == [
        "# Two at once",
        "## The app",
        "## What must hold",
        "## What must stay",
        "## Read more",
    ]
    assert ("schema.sql" in files) == ("postgres" in services)
    assert ("run.py" in files) == bool(services)
    assert new.run.load


SINGLE_FLIGHT = """
asking: dict[int, asyncio.Task[int]] = {}


async def cents_for_all(item: int, prices: httpx.AsyncClient) -> int:
    if item not in asking:
        asking[item] = asyncio.create_task(price_of(item, prices))
        asking[item].add_done_callback(lambda _: asking.pop(item))
    return await asyncio.shield(asking[item])


@app.get("""

NOTHING_FOUND = """if pieces is None:
        raise HTTPException(404)
    return pieces"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("services", "changes", "failed"),
    [
        (
            "upstream",
            {
                "import os": "import asyncio\nimport os",
                "@app.get(": SINGLE_FLIGHT,
                "await price_of(item, req": "await cents_for_all(item, req",
            },
            ["test_no_queue_at_upstream"],
        ),
        (
            "postgres",
            {
                "import FastAPI,": "import FastAPI, HTTPException,",
                "return pieces or 0": NOTHING_FOUND,
            },
            ["test_an_offer_is_never_stale"],
        ),
        (
            "upstream",
            {
                "    cents = await price": "    await price_of(item, request.state.prices)\n    cents = await price"
            },
            ["test_an_offer_is_never_stale", "test_no_queue_at_upstream"],
        ),
    ],
    ids=["one question for two visitors", "an item that is not there is an error", "asked twice"],
)
def test_a_solution_that_breaks_a_promise_of_the_readme_fails(
    kata: RunKata, tmp_path: Path, services: str, changes: dict[str, str], failed: list[str]
) -> None:
    kata("new", "offers", "--with", services)
    source = (tmp_path / "offers" / "accepted" / "reference.py").read_text()
    for before, after in changes.items():
        assert before in source
        source = source.replace(before, after, 1)
    (tmp_path / "wrong.py").write_text(source)
    checks = json.loads(
        kata("check", "offers", "--katas", tmp_path, "--solution", "wrong.py", "--json").out
    )["checks"]
    assert [check["name"] for check in checks if check["outcome"] == "failed"] == failed


def test_services_may_be_named_in_any_order_and_repeatedly() -> None:
    assert list(chosen_fragments(["postgres", "upstream", "postgres"])) == ["upstream", "postgres"]


def test_the_help_names_every_service() -> None:
    assert [service for service in SERVICES if service not in SERVICES_HELP] == []


def test_the_command_lists_what_it_wrote_and_what_to_type_next(
    kata: RunKata, tmp_path: Path
) -> None:
    out = kata("new", "first-light", "--dir", "my katas").out
    assert "Written into my katas/first-light:" in out
    assert "  checks.py\n" in out
    assert (
        "  kata check first-light --katas 'my katas' --solution 'my katas/first-light/starter/app.py'\n"
        in out
    )
    assert "  kata verify first-light --katas 'my katas'\n" in out
    assert all(len(line) <= 80 for line in out.splitlines() if not line.startswith("  kata "))
    assert (tmp_path / "my katas" / "first-light" / "kata.toml").is_file()


def test_the_command_writes_into_the_current_folder_by_default(
    kata: RunKata, tmp_path: Path
) -> None:
    assert "kata verify first-light --katas .\n" in kata("new", "first-light").out
    assert (tmp_path / "first-light" / "starter" / "app.py").is_file()


@pytest.mark.parametrize(
    ("arguments", "sentence", "hint"),
    [
        (
            ["Two_At Once"],
            "use lower-case letters, digits and single hyphens",
            "Did you mean two-at-once?",
        ),
        (["../escape"], "`../escape` is not a valid name", "Did you mean escape?"),
        (["a--b"], "`a--b` is not a valid name", "Did you mean a-b?"),
        ([""], "is not a valid name for a kata", "Choose a name like two-at-once."),
        (["tiny", "--with", "postgre"], "There is no service `postgre`.", "Did you mean postgres?"),
        (
            ["tiny", "--with", "upstream,kafka"],
            "There is no service `kafka`.",
            "Services: upstream, postgres, files.",
        ),
        (["tiny", "--tier", "6"], "The tier must be from 1 to 5, not 6.", ""),
        (["tiny", "--tier", "0"], "The tier must be from 1 to 5, not 0.", ""),
    ],
)
def test_invalid_arguments_are_refused_and_nothing_is_written(
    kata: RunKata, tmp_path: Path, arguments: list[str], sentence: str, hint: str
) -> None:
    ran = kata("new", *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert sentence in " ".join(ran.err.split())
    assert hint in ran.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", ["empty folder", "file", "dangling link"])
def test_existing_files_are_never_overwritten(tmp_path: Path, kind: str) -> None:
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


def test_a_second_kata_of_the_same_name_leaves_the_first_as_it_is(
    kata: RunKata, tmp_path: Path
) -> None:
    kata("new", "tiny")
    (tmp_path / "tiny" / "checks.py").write_text("mine")
    ran = kata("new", "tiny", "--with", "upstream")
    assert ran.code == 2
    assert "tiny exists already; nothing was written." in ran.err
    assert (tmp_path / "tiny" / "checks.py").read_text() == "mine"


def test_no_kata_is_written_into_another_kata(tmp_path: Path) -> None:
    first = write_skeleton("first", tmp_path, 1, [])
    with pytest.raises(UsageError, match="is itself a kata"):
        write_skeleton("second", first.folder, 1, [])


def test_a_folder_that_cannot_be_created_is_a_usage_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="cannot be created: Not a directory"):
        write_skeleton("tiny", tmp_path / "file", 1, [])


def test_a_kata_that_could_only_be_written_in_part_is_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {
        "kata.toml": "",
        "deep/er/file.py": "",
    }  # the folder `deep` has not been made when this is written
    monkeypatch.setattr("grader.authoring.scaffold.skeleton.compose", lambda *_: files)
    with pytest.raises(UsageError, match="cannot be written"):
        write_skeleton("tiny", tmp_path, 1, [])
    assert not (tmp_path / "tiny").exists()


def test_the_first_title_is_derived_from_the_slug() -> None:
    assert title_of("two-at-once") == "Two at once"
