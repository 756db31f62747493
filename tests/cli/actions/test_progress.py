"""`kata progress`: to another machine and back."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from grader.workspace.progress import State, Workspace, make_workspace
from tests.conftest import KATA, Ran

KataHere = Callable[..., Ran]


@pytest.fixture
def run(kata_here: KataHere, katas: Path) -> KataHere:
    """Runs `kata progress` with three small katas."""
    return lambda *arguments, cwd: kata_here(
        "progress", *arguments, cwd=cwd, environ={"KATA_PATH": str(katas)}
    )


@pytest.fixture
def here(play: Path) -> Workspace:
    """A workspace with a pass, a skipped kata and hints that were seen."""
    workspace = make_workspace(play)
    workspace.set_state("first", State.PASSED, {})
    workspace.set_state("second", State.SKIPPED, {})
    workspace.record_hints("second", 2, {})
    return workspace


@pytest.fixture
def there(tmp_path: Path) -> Path:
    """A folder on another machine."""
    folder = tmp_path / "there"
    folder.mkdir()
    return folder


def test_without_options_it_shows_the_numbers(run: KataHere, here: Workspace) -> None:
    ran = run(cwd=here.root)
    assert (ran.code, ran.err) == (0, "")
    assert "1 of 3 katas passed; 1 skipped, 2 hints seen." in ran.out
    assert "kata progress --export progress.json" in ran.out


def test_what_is_exported_here_is_imported_there(
    run: KataHere, here: Workspace, there: Path
) -> None:
    exported = run("--export", "out.json", cwd=here.root)
    assert (exported.code, exported.err) == (0, "")
    assert "Exported to out.json." in exported.out
    imported = run("--import", str(here.root / "out.json"), cwd=there)
    assert (imported.code, imported.err) == (0, "")
    assert "is now your workspace" in imported.out
    assert "Newly passed here: first." in imported.out
    assert "Also updated: second." in imported.out
    assert Workspace(there).entries({}) == here.entries({})
    again = run("--import", str(here.root / "out.json"), cwd=there)
    assert "The file contains nothing new." in again.out


def test_only_the_document_goes_through_a_pipe(here: Workspace, there: Path, katas: Path) -> None:
    environ = {**os.environ, "KATA_PATH": str(katas)}
    command = (
        f'cd "{here.root}" && "{KATA}" progress --export - | tee "{there}/seen" '
        f'| (cd "{there}" && "{KATA}" progress --import -)'
    )
    done = subprocess.run(
        ["sh", "-c", command], env=environ, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads((there / "seen").read_text())["format"] == 1
    assert Workspace(there).states({})["first"] is State.PASSED


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"format": 2, "katas": {}}', "has format 2; this version reads 1."),
        ('{"format": 1, "kata": "first", "verdict": "passed"}', "is damaged"),
        ("", "is damaged"),
        (None, "cannot be read: No such file or directory."),
    ],
)
def test_a_refused_import_changes_nothing(
    run: KataHere, here: Workspace, text: str | None, message: str
) -> None:
    if text is not None:
        (here.root / "in.json").write_text(text)
    before = here.progress_file.read_bytes()
    ran = run("--import", "in.json", cwd=here.root)
    assert (ran.code, ran.out, "Traceback" in ran.err) == (2, "", False)
    assert message in " ".join(ran.err.split())
    assert here.progress_file.read_bytes() == before


def test_a_refused_import_makes_no_workspace(run: KataHere, there: Path) -> None:
    (there / "in.json").write_text("nonsense")
    assert run("--import", "in.json", cwd=there).code == 2
    assert [path.name for path in there.iterdir()] == ["in.json"]


def test_an_export_overwrites_only_an_export(run: KataHere, here: Workspace) -> None:
    (here.root / "app.py").write_text("mine")
    ran = run("--export", "app.py", cwd=here.root)
    assert (ran.code, (here.root / "app.py").read_text()) == (2, "mine")
    assert "is not exported progress" in " ".join(ran.err.split())


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no disk that is always full")
@pytest.mark.parametrize("target", ["/dev/full", "- > /dev/full"])
def test_a_full_disk_is_one_sentence(here: Workspace, katas: Path, target: str) -> None:
    done = subprocess.run(
        ["sh", "-c", f'"{KATA}" progress --export {target}'],
        cwd=here.root,
        env={**os.environ, "KATA_PATH": str(katas)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (4, "")
    assert done.stderr.startswith("Error: The progress cannot be written to ")
    assert "No space left on device" in done.stderr.replace("\n", " ")
    assert "Exception ignored" not in done.stderr


def test_export_and_import_cannot_be_combined(run: KataHere, here: Workspace) -> None:
    ran = run("--export", "a", "--import", "b", cwd=here.root)
    assert (ran.code, "cannot be combined" in ran.err) == (2, True)


def test_hostile_names_in_an_import_have_no_effect_on_the_terminal(
    run: KataHere, here: Workspace
) -> None:
    (here.root / "in.json").write_text(
        json.dumps({"format": 1, "katas": {"\x1b[2J\u202e../evil": {"state": "passed"}}})
    )
    out = run("--import", "in.json", cwd=here.root).out
    assert "Kept, although this version does not have these katas" in out
    assert out.replace("\n", "").isprintable()
