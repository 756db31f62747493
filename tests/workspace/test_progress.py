"""Progress: survives everything, is never destroyed."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from grader.errors import ProgressFileError
from grader.workspace.progress import Entry, State, find_workspace, make_workspace


def test_a_recorded_state_can_be_read(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path)
    workspace.set_state("a", State.STARTED, {})
    workspace.set_state("b", State.PASSED, {})
    assert workspace.states({}) == {"a": State.STARTED, "b": State.PASSED}
    assert json.loads(workspace.progress_file.read_text())["format"] == 1


def test_what_is_passed_stays_passed(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path)
    workspace.set_state("a", State.PASSED, {})
    workspace.set_state("a", State.STARTED, {})
    assert workspace.states({}) == {"a": State.PASSED}


def test_entries_of_unknown_katas_and_keys_are_kept(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path)
    workspace.progress_file.write_text(
        '{"format": 1, "katas": {"gone": {"state": "passed", "note": 1}, "odd": {"state": "new"}}, "x": 2}'
    )
    workspace.set_state("a", State.STARTED, {})
    table = json.loads(workspace.progress_file.read_text())
    assert table["katas"]["gone"] == {"state": "passed", "note": 1}
    assert table["katas"]["odd"] == {"state": "new"}
    assert table["x"] == 2


def test_a_state_hints_and_digests_do_not_overwrite_one_another(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path)
    workspace.set_state("a", State.STARTED, {})
    workspace.record_hints("a", 2, {})
    workspace.record_hints("a", 1, {})
    workspace.record_known("a", {"readme": "1", "checks": "2"}, {})
    workspace.record_known("a", {"readme": "3"}, {})
    workspace.set_state("a", State.GIVEN_UP, {})
    entry = workspace.entries({})["a"]
    assert (entry.state, entry.hints, entry.known) == (
        State.GIVEN_UP,
        2,
        {"readme": "3", "checks": "2"},
    )


def test_a_pass_after_giving_up_counts_and_both_stay_recorded(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path)
    workspace.set_state("a", State.GIVEN_UP, {})
    workspace.set_state("a", State.PASSED, {})
    workspace.set_state("a", State.GIVEN_UP, {})
    assert workspace.states({}) == {"a": State.PASSED}
    assert "gave_up_at" in json.loads(workspace.progress_file.read_text())["katas"]["a"]


def test_a_file_of_an_older_version_is_read_and_what_is_odd_in_it_is_nothing(
    tmp_path: Path,
) -> None:
    workspace = make_workspace(tmp_path)
    odd = {"state": [], "at": 3, "hints": "two", "known": {"readme": 1, "checks": "x"}}
    old = {"state": "passed", "at": "2026-01-01T00:00:00+00:00"}
    workspace.progress_file.write_text(
        json.dumps({"format": 1, "katas": {"old": old, "odd": odd, "none": {"hints": -3}}})
    )
    assert workspace.entries({}) == {
        "old": Entry(State.PASSED, "2026-01-01T00:00:00+00:00"),
        "odd": Entry(known={"checks": "x"}),
        "none": Entry(),
    }
    assert workspace.states({}) == {"old": State.PASSED}


def test_nothing_is_written_where_nothing_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, data: bytes) -> None:
        raise OSError(28, "No space left on device")

    workspace = make_workspace(tmp_path)
    workspace.set_state("a", State.PASSED, {})
    before = workspace.progress_file.read_bytes()
    monkeypatch.setattr("grader.workspace.progress.write_whole", full)
    workspace.set_state("a", State.PASSED, {})
    with pytest.raises(ProgressFileError, match="cannot be written: No space left on device"):
        workspace.set_state("b", State.PASSED, {})
    assert workspace.progress_file.read_bytes() == before


def test_a_renamed_kata_keeps_its_progress(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path)
    workspace.set_state("old", State.PASSED, {})
    assert workspace.states({"old": "new"}) == {"new": State.PASSED}
    workspace.set_state("other", State.STARTED, {"old": "new"})
    assert set(json.loads(workspace.progress_file.read_text())["katas"]) == {"new", "other"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nonsense", "is damaged"),
        ("[]", "has no format number"),
        ('{"format": 1}', "is not a table of tables"),
        ('{"format": 1, "katas": {"a": 1}}', "is not a table of tables"),
        (
            '{"format": 2, "katas": {}}',
            "has format 2; this version reads 1. A newer version wrote it",
        ),
        ('{"format": 0, "katas": {}}', "is damaged: there is no format 0"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_and_left_alone(
    tmp_path: Path, text: str, message: str
) -> None:
    workspace = make_workspace(tmp_path)
    workspace.progress_file.write_text(text)
    for action in (
        lambda: workspace.states({}),
        lambda: workspace.set_state("a", State.PASSED, {}),
    ):
        with pytest.raises(ProgressFileError, match=message):
            action()
    assert workspace.progress_file.read_text() == text


def test_the_nearest_workspace_upward_is_found(tmp_path: Path) -> None:
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    assert find_workspace(inner) is None
    make_workspace(tmp_path)
    assert find_workspace(inner) == make_workspace(tmp_path)


WRITER = """
import sys
from pathlib import Path
from grader.workspace.progress import State, make_workspace
workspace = make_workspace(Path(sys.argv[1]))
print("ready", flush=True)
for i in range(100_000):
    workspace.set_state(f"kata-{i % 50}", State.STARTED, {})
"""


def test_the_file_survives_being_killed_at_any_moment(tmp_path: Path) -> None:
    for delay_s in (0.0, 0.003, 0.007, 0.013, 0.02):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE, cwd=Path.cwd()
        )
        assert writer.stdout is not None
        writer.stdout.readline()
        time.sleep(delay_s)
        os.kill(writer.pid, signal.SIGKILL)
        writer.wait()
        writer.stdout.close()
        states = make_workspace(tmp_path).states({})
        assert all(state is State.STARTED for state in states.values())


def test_two_writers_lose_nothing(tmp_path: Path) -> None:
    code = WRITER.replace("range(100_000)", "range(20)").replace(
        "kata-{i % 50}", "{sys.argv[2]}-{i}"
    )
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(tmp_path), name], stdout=subprocess.DEVNULL
        )
        for name in "ab"
    ]
    assert [writer.wait() for writer in writers] == [0, 0]
    assert len(make_workspace(tmp_path).states({})) == 40
