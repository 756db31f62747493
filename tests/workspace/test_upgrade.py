"""What a newer version changes is noticed, told apart, and touches nothing of the learner's."""

from collections.abc import Callable
from pathlib import Path

import pytest

from grader.catalog.find import Catalog, find_catalog
from grader.workspace.handout import hand_out
from grader.workspace.progress import State, Workspace, make_workspace
from grader.workspace.upgrade import (
    Change,
    Part,
    accept_change,
    digests_of,
    find_changes,
    write_new_readme,
)


@pytest.fixture
def source(make_kata: Callable[..., Path]) -> Path:
    """The kata's own folder."""
    return make_kata() / "tiny"


@pytest.fixture
def catalog(source: Path) -> Catalog:
    return find_catalog(source.parent)


@pytest.fixture
def workspace(tmp_path: Path, catalog: Catalog) -> Workspace:
    """A workspace in which the kata was handed out."""
    (tmp_path / "play").mkdir()
    workspace = make_workspace(tmp_path / "play")
    hand_out(catalog.kata("tiny"), workspace, {})
    return workspace


def only_change(catalog: Catalog, workspace: Workspace) -> Change:
    (change,) = find_changes(catalog, workspace)
    return change


def contents(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir()}


def test_nothing_has_changed_right_after_it_was_handed_out(
    catalog: Catalog, workspace: Workspace
) -> None:
    assert find_changes(catalog, workspace) == []


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("README.md", Part.README),
        ("starter/app.py", Part.STARTER),
        ("checks.py", Part.CHECKS),
        ("schema.sql", Part.CHECKS),
    ],
)
def test_each_changed_part_is_found_and_no_file_of_the_learner_is_touched(
    catalog: Catalog, workspace: Workspace, source: Path, name: str, part: Part
) -> None:
    before = contents(workspace.root / "tiny")
    (source / name).write_text("something else")
    assert only_change(catalog, workspace).parts == (part,)
    assert contents(workspace.root / "tiny") == before


@pytest.mark.parametrize(
    "name", ["kata.toml", "accepted/another.py", "rejected/another.py", "accepted/reference.py"]
)
def test_changed_hints_and_examples_are_not_reported(
    catalog: Catalog, workspace: Workspace, source: Path, name: str
) -> None:
    (source / name).write_text("# another")
    assert find_changes(catalog, workspace) == []


def test_each_change_is_reported_once(catalog: Catalog, workspace: Workspace, source: Path) -> None:
    (source / "checks.py").write_text("one")
    accept_change(only_change(catalog, workspace), workspace, {})
    assert find_changes(catalog, workspace) == []
    (source / "README.md").write_text("two")
    assert only_change(catalog, workspace).parts == (Part.README,)


def test_a_part_that_the_learner_already_has_is_not_reported(
    catalog: Catalog, workspace: Workspace, source: Path
) -> None:
    for name, own_name in (("README.md", "README.md"), ("starter/app.py", "app.py")):
        (source / name).write_text("new")
        (workspace.root / "tiny" / own_name).write_text("new")
    assert only_change(catalog, workspace).parts == ()


def test_a_new_id_in_the_readme_is_no_change(
    catalog: Catalog, workspace: Workspace, source: Path
) -> None:
    readme = source / "README.md"
    readme.write_text(readme.read_text().replace("<!-- answers -->", "<!-- answered -->"))
    assert find_changes(catalog, workspace) == []


def test_a_change_says_whether_the_learner_edited_the_starter(
    catalog: Catalog, workspace: Workspace, source: Path
) -> None:
    (source / "starter" / "app.py").write_text("new")
    assert only_change(catalog, workspace).is_untouched
    (workspace.root / "tiny" / "app.py").write_text("mine")
    assert not only_change(catalog, workspace).is_untouched


def test_a_passed_kata_stays_passed(catalog: Catalog, workspace: Workspace, source: Path) -> None:
    workspace.set_state("tiny", State.PASSED, {})
    (source / "checks.py").write_text("new")
    change = only_change(catalog, workspace)
    assert change.is_passed
    accept_change(change, workspace, {})
    assert workspace.states({}) == {"tiny": State.PASSED}


def test_the_new_readme_is_written_beside_the_old_one(
    catalog: Catalog, workspace: Workspace, source: Path
) -> None:
    folder = workspace.root / "tiny"
    before = (folder / "README.md").read_bytes()
    (source / "README.md").write_text("- It is new. <!-- new -->")
    assert write_new_readme(only_change(catalog, workspace)) == folder / "README.new.md"
    assert (folder / "README.new.md").read_text() == "- It is new."
    assert (folder / "README.md").read_bytes() == before


def test_a_second_new_readme_replaces_the_first_unless_the_learner_edited_it(
    catalog: Catalog, workspace: Workspace, source: Path
) -> None:
    folder = workspace.root / "tiny"
    for text in ("one", "two"):
        (source / "README.md").write_text(text)
        change = only_change(catalog, workspace)
        write_new_readme(change)
        accept_change(change, workspace, {})
    assert contents(folder).keys() == {"app.py", "README.md", "README.new.md"}
    (folder / "README.new.md").write_text("two, and my notes")
    (source / "README.md").write_text("three")
    assert write_new_readme(only_change(catalog, workspace)) == folder / "README.new-2.md"
    assert contents(folder)["README.new.md"] == "two, and my notes"
    assert contents(folder)["README.new-2.md"] == "three"


def test_without_write_permission_the_readme_of_the_package_is_named(
    catalog: Catalog, workspace: Workspace, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, data: bytes, mode: int = 0) -> None:
        raise OSError(28, "No space left on device")

    (source / "README.md").write_text("new")
    monkeypatch.setattr("grader.workspace.upgrade.write_new", full)
    assert write_new_readme(only_change(catalog, workspace)) == source / "README.md"


def test_katas_without_recorded_digests_are_not_reported(
    catalog: Catalog, tmp_path: Path, source: Path
) -> None:
    (tmp_path / "old" / "tiny").mkdir(parents=True)
    workspace = make_workspace(tmp_path / "old")
    workspace.progress_file.write_text(
        '{"format": 1, "katas": {"tiny": {"state": "started", "at": "2026-01-01T00:00:00+00:00"}}}'
    )
    (source / "checks.py").write_text("new")
    assert find_changes(catalog, workspace) == []


def test_files_that_were_handed_out_again_count_as_known(
    catalog: Catalog, workspace: Workspace, source: Path
) -> None:
    (source / "starter" / "app.py").write_text("new")
    (source / "checks.py").write_text("new")
    (workspace.root / "tiny" / "app.py").unlink()
    hand_out(catalog.kata("tiny"), workspace, {})
    assert find_changes(catalog, workspace) == []
    assert workspace.entries({})["tiny"].known == digests_of(source)


def test_a_deleted_folder_has_no_changes(
    catalog: Catalog, workspace: Workspace, source: Path
) -> None:
    (source / "README.md").write_text("new")
    for path in (workspace.root / "tiny").iterdir():
        path.unlink()
    (workspace.root / "tiny").rmdir()
    assert find_changes(catalog, workspace) == []
