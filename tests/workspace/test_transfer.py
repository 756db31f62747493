"""Progress on its way to another machine: no pass is lost, nothing damaged is taken in."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.errors import ProgressFileError, UsageError
from grader.workspace.progress import State, Workspace, make_workspace
from grader.workspace.transfer import (
    _merged,
    export_document,
    merge_into,
    parse_document,
    save_document,
)

OLD, NEW = "2026-01-01T00:00:00+00:00", "2026-02-01T00:00:00+00:00"


@pytest.fixture
def here(tmp_path: Path) -> Workspace:
    (tmp_path / "here").mkdir()
    return make_workspace(tmp_path / "here")


@pytest.fixture
def there(tmp_path: Path) -> Workspace:
    (tmp_path / "there").mkdir()
    return make_workspace(tmp_path / "there")


def test_progress_arrives_unchanged(here: Workspace, there: Workspace) -> None:
    here.set_state("a", State.PASSED, {})
    here.set_state("b", State.GIVEN_UP, {})
    here.record_hints("b", 2, {})
    merge = merge_into(there, parse_document(export_document(here, "1"), "x"), ("a", "b"), {})
    assert there.entries({}) == here.entries({})
    assert (merge.passed, merge.changed, merge.unknown) == (("a",), ("b",), ())


def test_a_second_import_changes_nothing(here: Workspace, there: Workspace) -> None:
    here.set_state("a", State.PASSED, {})
    document = export_document(here, "1")
    merge_into(there, parse_document(document, "x"), ("a",), {})
    merge = merge_into(there, parse_document(document, "x"), ("a",), {})
    assert not merge.passed + merge.changed


def test_a_renamed_kata_arrives_under_its_new_name(here: Workspace, there: Workspace) -> None:
    here.set_state("old", State.PASSED, {})
    merge = merge_into(
        there, parse_document(export_document(here, "1"), "x"), ("new",), {"old": "new"}
    )
    assert (merge.passed, merge.unknown) == (("new",), ())


def test_what_this_version_does_not_know_is_kept(here: Workspace) -> None:
    imported = {"gone": {"state": "mastered", "note": 1}}
    assert merge_into(here, imported, ("a",), {}).unknown == ("gone",)
    assert json.loads(here.progress_file.read_text())["katas"] == imported


states = st.sampled_from([*State, "mastered", None, 3, []])
entries = st.fixed_dictionaries(
    {},
    optional={"state": states, "at": st.sampled_from([OLD, NEW, 5]), "hints": st.integers(-1, 5)},
)


@given(entries, entries)
def test_a_pass_and_a_hint_seen_are_never_lost(
    ours: dict[str, object], theirs: dict[str, object]
) -> None:
    merged = _merged(ours, theirs)
    assert ("passed" in (ours.get("state"), theirs.get("state"))) == (
        merged.get("state") == "passed"
    )
    assert all(merged.get("hints", 0) >= entry.get("hints", 0) for entry in (ours, theirs))
    assert _merged(merged, theirs) == merged


@pytest.mark.parametrize(
    ("ours", "theirs", "state"),
    [
        (("passed", OLD), ("skipped", NEW), "passed"),
        (("started", NEW), ("given_up", OLD), "given_up"),
        (("skipped", OLD), ("started", NEW), "started"),
        (("skipped", NEW), ("started", OLD), "skipped"),
        (("todo", NEW), ("started", OLD), "started"),
    ],
)
def test_of_two_states_the_further_or_the_later_stays(
    ours: tuple[str, str], theirs: tuple[str, str], state: str
) -> None:
    merged = _merged(
        dict(zip(("state", "at"), ours, strict=True)),
        dict(zip(("state", "at"), theirs, strict=True)),
    )
    assert merged["state"] == state
    assert (merged["state"], merged["at"]) in (ours, theirs)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "is not JSON"),
        (b"\xff\xfe", "is not JSON"),
        (b"[" * 100_000, "is not JSON"),
        (b"[]", "no format number"),
        (b'{"format": true, "katas": {}}', "no format number"),
        (b'{"format": 1}', "is not a table of tables"),
        (b'{"format": 1, "katas": {"a": 1}}', "is not a table of tables"),
        (b'{"format": 1, "katas": {"\\ud800": {}}}', "is not a table of tables"),
        (b" " * 1_000_001, "is larger than 1000 kB"),
    ],
)
def test_what_is_damaged_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        parse_document(data, "x")


@pytest.mark.parametrize(
    ("number", "where"), [(2, "this machine"), (0, "the machine that exported it")]
)
def test_another_format_is_refused_with_the_machine_to_upgrade(number: int, where: str) -> None:
    with pytest.raises(
        UsageError,
        match=f"has format {number}; this version reads 1. Upgrade fastapi-katas on {where}",
    ):
        parse_document(json.dumps({"format": number, "katas": {}}).encode(), "x")


def test_the_progress_file_itself_can_be_imported(here: Workspace, there: Workspace) -> None:
    here.set_state("a", State.PASSED, {})
    merge_into(there, parse_document(here.progress_file.read_bytes(), "x"), ("a",), {})
    assert there.states({}) == {"a": State.PASSED}


def test_an_older_document_is_replaced_and_nothing_else(here: Workspace, tmp_path: Path) -> None:
    document = export_document(here, "1")
    save_document(document, tmp_path / "progress.json")
    save_document(document, tmp_path / "progress.json")
    (tmp_path / "app.py").write_text("mine")
    with pytest.raises(UsageError, match="is not exported progress"):
        save_document(document, tmp_path / "app.py")
    with pytest.raises(UsageError, match="is a folder"):
        save_document(document, tmp_path)
    assert (tmp_path / "app.py").read_text() == "mine"


def test_a_link_stays_a_link(here: Workspace, tmp_path: Path) -> None:
    (tmp_path / "link.json").symlink_to(tmp_path / "target.json")
    save_document(export_document(here, "1"), tmp_path / "link.json")
    assert (tmp_path / "link.json").is_symlink()
    assert parse_document((tmp_path / "target.json").read_bytes(), "x") == {}


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no disk that is always full")
def test_a_full_disk_is_reported_and_a_device_stays_a_device(here: Workspace) -> None:
    with pytest.raises(ProgressFileError, match="No space left on device"):
        save_document(export_document(here, "1"), Path("/dev/full"))
    assert Path("/dev/full").is_char_device()


def test_a_missing_folder_is_reported(here: Workspace, tmp_path: Path) -> None:
    with pytest.raises(ProgressFileError, match="No such file or directory"):
        save_document(export_document(here, "1"), tmp_path / "none" / "progress.json")
