"""A kata is migrated as a whole: what is written, what is refused, what remains for the author."""

from collections.abc import Callable
from pathlib import Path

import pytest

from grader.authoring.lint.lint import lint_standard
from grader.authoring.lint.package import read_package
from grader.authoring.migrate.migrate import migrate_kata
from grader.catalog.manifest import read_manifest
from grader.errors import KataPackageError
from tests.conftest import CHECKS, MANIFEST

MakeKata = Callable[..., Path]

OLD = MANIFEST[: MANIFEST.index("[promises]")].replace("format = 2", "format = 1")
README = """# Tiny

## What must hold

- It answers yes within 0.3 s.

## What must stay

- The route.

## Read more
"""


def old_kata(make_kata: MakeKata, **files: str) -> Path:
    contents = {"README.md": README, "checks.py": f"HELD_S = 0.3\n{CHECKS}", **files}
    return make_kata(manifest=OLD, files=contents) / "tiny"


def test_a_migrated_kata_is_read_and_its_author_is_told_what_remains(make_kata: MakeKata) -> None:
    folder = old_kata(make_kata)
    migration = migrate_kata(folder)
    kata = read_manifest(folder)
    assert migration.is_done
    assert kata.promises.items() == (("default_s", 1.0), ("held_s", 0.3))
    assert kata.requirements == {"answers-yes": (), "route": ()}
    assert [(problem.file, problem.line) for problem in migration.problems] == [
        ("kata.toml", 14),
        ("kata.toml", 15),
        ("checks.py", 1),
    ]


def test_only_checks_remain_to_be_named(make_kata: MakeKata) -> None:
    folder = old_kata(make_kata, **{"checks.py": CHECKS})
    migrate_kata(folder)
    manifest = folder / "kata.toml"
    manifest.write_text(manifest.read_text().replace("= []", '= ["test_it_answers"]'))
    assert lint_standard(read_manifest(folder), read_package(folder)) == []


def test_a_kata_of_the_current_format_is_left_alone(make_kata: MakeKata) -> None:
    folder = old_kata(make_kata)
    migrate_kata(folder)
    before = read_package(folder)
    assert not migrate_kata(folder).is_done
    assert read_package(folder) == before


def test_an_interrupted_migration_can_be_repeated(make_kata: MakeKata) -> None:
    folder = old_kata(make_kata)
    migrate_kata(folder)
    whole = read_package(folder)
    (folder / "kata.toml").write_text(OLD)  # the README is written first
    migrate_kata(folder)
    assert read_package(folder) == whole


def test_files_keep_their_modes(make_kata: MakeKata) -> None:
    folder = old_kata(make_kata)
    (folder / "README.md").chmod(0o640)
    migrate_kata(folder)
    assert (folder / "README.md").stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize(
    ("manifest", "message"),
    [
        (OLD.replace("title =", "title"), "is not valid TOML"),
        (OLD.replace("format = 1", "format = 3"), "`format` is 3, which cannot be migrated."),
        (OLD.replace("format = 1", "format = true"), "`format` is True, which cannot be migrated."),
        (OLD.replace("format = 1", '"format" = 1'), "is laid out so that it cannot be migrated."),
        (f"{OLD}x = {'[' * 3000}{']' * 3000}\n", "is not valid TOML"),
        (f"{OLD}x = {'9' * 400}\n", "is not valid TOML"),
        (OLD.replace("tier = 1", "tier = 9"), "`tier` must be from 1 to 5, not 9"),
    ],
)
def test_a_wrong_manifest_is_refused_and_nothing_is_written(
    make_kata: MakeKata, manifest: str, message: str
) -> None:
    folder = old_kata(make_kata, **{"kata.toml": manifest})
    before = read_package(folder)
    with pytest.raises(KataPackageError) as caught:
        migrate_kata(folder)
    assert str(folder / "kata.toml") in caught.value.message
    assert message in caught.value.message
    assert read_package(folder) == before


@pytest.mark.parametrize("name", ["kata.toml", "README.md", "checks.py"])
def test_a_missing_file_is_named(make_kata: MakeKata, name: str) -> None:
    folder = old_kata(make_kata)
    (folder / name).unlink()
    with pytest.raises(KataPackageError, match="does not exist"):
        migrate_kata(folder)


@pytest.mark.parametrize("number", ["9" * 400, f"1{'+1' * 500}", f"1{'+1' * 50_000}"])
def test_constants_that_cannot_be_read_give_no_names(make_kata: MakeKata, number: str) -> None:
    folder = old_kata(make_kata, **{"checks.py": f"{CHECKS}\nHELD_S = {number}\n"})
    assert migrate_kata(folder).is_done
    assert read_manifest(folder).promises.names() == ("default_s", "promise_1_s")


def test_linked_files_stay_links(make_kata: MakeKata, tmp_path: Path) -> None:
    folder = old_kata(make_kata)
    for name in ("README.md", "kata.toml"):
        (folder / name).rename(tmp_path / f"shared-{name}")
        (folder / name).symlink_to(tmp_path / f"shared-{name}")
    migrate_kata(folder)
    assert (folder / "README.md").is_symlink()
    assert (folder / "kata.toml").is_symlink()
    assert "<!-- answers-yes -->" in (tmp_path / "shared-README.md").read_text()


def test_a_duration_that_cannot_be_promised_is_left_to_the_author(make_kata: MakeKata) -> None:
    folder = old_kata(make_kata, **{"README.md": README.replace("0.3 s", "0 s")})
    assert migrate_kata(folder).is_done
    assert read_manifest(folder).promises.items() == (("default_s", 1.0),)
    problems = [
        problem.text for problem in lint_standard(read_manifest(folder), read_package(folder))
    ]
    assert 'has a bullet with "0 s", which is no promise; say it without a number' in "".join(
        problems
    )
