"""`kata check` with bad input: one sentence, and the right exit code."""

import json
import os
import subprocess
import tarfile
import zipfile
from pathlib import Path

import pytest

from tests.cli.commands import RIGHT, MakeKata, one_sentence
from tests.conftest import APP, KATA, MANIFEST, RunKata
from tests.waiting import HANG_S

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "cannot be read"),
        ("nonsense", "is damaged"),
        ('{"format": 99}', "has format 99"),
        ('{"format": 1}', "is damaged"),
    ],
)
def test_a_run_that_cannot_be_read(
    kata: RunKata, play: Path, text: str | None, message: str
) -> None:
    if text is not None:
        (play / "run.json").write_text(text)
    ran = kata("check", "--replay", "run.json", cwd=play)
    assert (ran.code, one_sentence(ran.err)) == (4, True)
    assert message in ran.err


def test_no_workspace(kata: RunKata, katas: Path, play: Path) -> None:
    ran = kata("check", "--katas", katas, cwd=play)
    assert (ran.code, one_sentence(ran.err)) == (2, True)
    assert "There is no workspace" in ran.err
    assert "`kata next`" in ran.err


def test_an_unknown_slug(kata: RunKata, play: Path) -> None:
    ran = kata("check", "sleepy-handlr", cwd=play)
    assert (ran.code, one_sentence(ran.err)) == (2, True)
    assert "Did you mean sleepy-handler?" in ran.err


def test_a_kata_that_was_not_handed_out(kata: RunKata, katas: Path, play: Path) -> None:
    kata("next", "--katas", katas, cwd=play)
    ran = kata("check", "third", "--katas", katas, cwd=play)
    assert (ran.code, one_sentence(ran.err)) == (2, True)
    assert "has not been handed out" in ran.err


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("application = 1\n", "app.py defines no `app`"),
        ("def broken(:\n", "SyntaxError"),
        ("import nothing_of_this_name\n", "ModuleNotFoundError"),
        ("import os\nos._exit(0)\n", "exit code 0"),
    ],
)
def test_a_solution_that_does_not_start_fails_with_the_reason(
    kata: RunKata, katas: Path, play: Path, source: str, message: str
) -> None:
    kata("next", "--katas", katas, cwd=play)
    (play / "first" / "app.py").write_text(source)
    ran = kata("check", "--katas", katas, cwd=play)
    assert ran.code == 1
    assert message in " ".join(ran.out.split())


def test_a_missing_solution(kata: RunKata, katas: Path, play: Path) -> None:
    ran = kata("check", "first", "--solution", "none.py", "--katas", katas, cwd=play)
    assert (ran.code, one_sentence(ran.err)) == (2, True)
    assert "There is no solution at none.py" in ran.err


def pack(folder: Path, archive: Path) -> None:
    """Pack a folder, as the only entry at the top of the archive."""
    if archive.suffix == ".zip":
        with zipfile.ZipFile(archive, "w") as packed:
            packed.write(folder / "app.py", f"{folder.name}/app.py")
    else:
        with tarfile.open(archive, "w:gz") as packed_tar:
            packed_tar.add(folder, folder.name)


@pytest.mark.parametrize("name", ["mine.zip", "mine.tar.gz"])
@pytest.mark.parametrize(("answer", "code"), [("yes", 0), ("no", 1)])
def test_an_archive_is_graded_like_the_folder_in_it(
    kata: RunKata, katas: Path, play: Path, name: str, answer: str, code: int
) -> None:
    (play / "mine").mkdir()
    (play / "mine" / "app.py").write_text(APP.replace("{answer}", answer))
    pack(play / "mine", play / name)
    before = sorted(play.iterdir())
    ran = kata("check", "first", "--solution", name, "--katas", katas, cwd=play)
    assert (ran.code, ran.err) == (code, "")
    assert sorted(play.iterdir()) == before


def test_an_archive_that_leads_outside_is_refused_and_shown_safely(
    kata: RunKata, katas: Path, play: Path
) -> None:
    with zipfile.ZipFile(play / "evil.zip", "w") as packed:
        packed.writestr("app.py", RIGHT)
        packed.writestr("../\x1b[2J\u202eevil.py", "x")
    for option in ((), ("--json",)):
        ran = kata("check", "first", "--solution", "evil.zip", "--katas", katas, *option, cwd=play)
        assert (ran.code, one_sentence(ran.err)) == (2, True)
        assert "evil.zip contains ../" in ran.err
        assert "which leads outside of it" in " ".join(ran.err.split())
        assert ran.err.replace("\n", "").isprintable()
    assert sorted(path.name for path in play.iterdir()) == ["evil.zip"]
    assert not list(play.parent.glob("*evil.py"))


def test_pipes_devices_and_links_are_refused_without_waiting(
    kata: RunKata, katas: Path, play: Path
) -> None:
    os.mkfifo(play / "pipe.py")
    (play / "link.py").symlink_to("/dev/zero")
    (play / "mine").mkdir()
    (play / "mine" / "app.py").symlink_to(katas / "first" / "accepted" / "reference.py")
    for name, message in (
        ("pipe.py", "pipe.py is a pipe."),
        ("link.py", "link.py is a link."),
        ("mine", "mine contains app.py, which is a link."),
    ):
        ran = kata("check", "first", "--solution", name, "--katas", katas, cwd=play)
        assert (ran.code, one_sentence(ran.err)) == (2, True)
        assert message in ran.err


@pytest.mark.parametrize("text", ["nonsense", '{"format": 99, "katas": {}}'])
def test_a_progress_file_that_cannot_be_used(
    kata: RunKata, katas: Path, play: Path, text: str
) -> None:
    kata("next", "--katas", katas, cwd=play)
    (play / ".kata" / "progress.json").write_text(text)
    for command in ("next", "check", "list"):
        ran = kata(command, "--katas", katas, cwd=play)
        assert (ran.code, one_sentence(ran.err)) == (4, True)
        assert "progress.json" in ran.err.replace("\n", "")
    assert (play / ".kata" / "progress.json").read_text() == text


def test_a_folder_that_is_not_a_kata(kata: RunKata, katas: Path, play: Path) -> None:
    (katas / "first" / "kata.toml").unlink()
    ran = kata("list", "--katas", katas, cwd=play)
    assert (ran.code, one_sentence(ran.err)) == (4, True)
    assert "which has no kata.toml" in ran.err.replace("\n", " ")


def test_an_unknown_manifest_key(kata: RunKata, make_kata: MakeKata, play: Path) -> None:
    katas = make_kata(manifest=MANIFEST.replace("tier = 1", "tier = 1\nworker = 2"))
    ran = kata("list", "--katas", katas, cwd=play)
    assert (ran.code, one_sentence(ran.err)) == (4, True)
    assert "Did you mean `workers`?" in ran.err


def test_checks_that_raise_are_broken(kata: RunKata, make_kata: MakeKata, play: Path) -> None:
    katas = make_kata(
        checks='async def test_a(server) -> None:\n    """A."""\n    raise KeyError("x")\n'
    )
    kata("next", "--katas", katas, cwd=play)
    ran = kata("check", "--katas", katas, cwd=play)
    assert ran.code == 4
    assert "not your solution" in ran.out
    document = kata("check", "--json", "--katas", katas, cwd=play)
    assert json.loads(document.out)["verdict"] == "broken"
    assert "checks.py:3 raised KeyError" in json.loads(document.out)["checks"][0]["message"]


def test_checks_that_cannot_be_imported_are_broken_in_json_too(
    kata: RunKata, make_kata: MakeKata, play: Path
) -> None:
    katas = make_kata(checks="import nothing_of_this_name\n")
    kata("next", "--katas", katas, cwd=play)
    ran = kata("check", "--katas", katas, cwd=play)
    assert (ran.code, one_sentence(ran.err)) == (4, True)
    document = kata("check", "--json", "--katas", katas, cwd=play)
    assert document.code == 4
    assert "nothing_of_this_name" in json.loads(document.out)["error"]["message"]


def test_no_free_descriptors(katas: Path, play: Path, kata: RunKata) -> None:
    kata("next", "--katas", katas, cwd=play)
    ran = subprocess.run(
        ["sh", "-c", f'ulimit -n 11; exec "{KATA}" check --katas "{katas}"'],
        cwd=play,
        capture_output=True,
        text=True,
        timeout=HANG_S,
        check=False,
    )
    assert ran.returncode == 4
    assert "Traceback" not in ran.stdout + ran.stderr


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="no folder that even root cannot write")
def test_a_workspace_that_cannot_be_written(kata: RunKata, katas: Path) -> None:
    ran = kata("next", "--katas", katas, cwd=Path("/proc"))
    assert (ran.code, one_sentence(ran.err)) == (4, True)
    assert "cannot become a workspace" in ran.err
