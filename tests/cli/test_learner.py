"""The commands as a learner types them."""

import json
import os
import signal
import subprocess
import tarfile
import textwrap
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import APP, KATA, MANIFEST, RunKata
from tests.waiting import HANG_S, wait_until

pytestmark = pytest.mark.slow

MakeKata = Callable[..., Path]
RIGHT = APP.replace("{answer}", "yes")


def test_next_makes_a_workspace_and_hands_out_the_first_kata(
    kata: RunKata, katas: Path, play: Path
) -> None:
    ran = kata("next", "--katas", katas, cwd=play)
    assert ran.code == 0
    assert "is now your workspace" in ran.out
    assert "Then type: kata check" in ran.out
    assert sorted(path.name for path in (play / "first").iterdir()) == ["README.md", "app.py"]
    assert (play / ".kata" / "progress.json").exists()


def test_next_again_says_where_the_kata_is_and_changes_nothing(
    kata: RunKata, katas: Path, play: Path
) -> None:
    kata("next", "--katas", katas, cwd=play)
    (play / "first" / "app.py").write_text("mine")
    (play / "first" / "README.md").write_text("my notes")
    ran = kata("next", "--katas", katas, cwd=play / "first")
    assert ran.code == 0
    assert "where you left it: app.py" in ran.out
    assert (play / "first" / "app.py").read_text() == "mine"
    assert (play / "first" / "README.md").read_text() == "my notes"


def test_next_hands_out_again_what_was_deleted(kata: RunKata, katas: Path, play: Path) -> None:
    kata("next", "--katas", katas, cwd=play)
    (play / "first" / "app.py").unlink()
    assert "Handed out" in kata("next", "--katas", katas, cwd=play).out
    assert (play / "first" / "app.py").exists()


def test_the_untouched_starter_fails_and_a_right_solution_leads_on(
    kata: RunKata, katas: Path, play: Path
) -> None:
    kata("next", "--katas", katas, cwd=play)
    failed = kata("check", "--katas", katas, cwd=play)
    assert failed.code == 1
    assert "Mend first/app.py, then type: kata check" in failed.out
    (play / "first" / "app.py").write_text(RIGHT)
    passed = kata("check", "--katas", katas, cwd=play / "first")
    assert passed.code == 0
    assert "Next: kata next" in passed.out
    assert "second" in kata("next", "--katas", katas, cwd=play).out
    assert (play / "second" / "app.py").exists()


def test_skip_goes_past_and_the_end_says_what_is_left_over(
    kata: RunKata, katas: Path, play: Path
) -> None:
    kata("next", "--katas", katas, cwd=play)
    assert "Skipped first" in kata("next", "--skip", "--katas", katas, cwd=play).out
    for slug in ("second", "third"):
        kata("next", "--katas", katas, cwd=play)
        (play / slug / "app.py").write_text(RIGHT)
        assert kata("check", slug, "--katas", katas, cwd=play).code == 0
    end = kata("next", "--katas", katas, cwd=play)
    assert "You have reached the end: 2 of 3 katas passed." in end.out
    assert "kata check first" in end.out
    (play / "first" / "app.py").write_text(RIGHT)
    kata("check", "first", "--katas", katas, cwd=play)
    assert (
        "Congratulations: you have passed all 3 katas."
        in kata("next", "--katas", katas, cwd=play).out
    )


def test_list_shows_every_kata_with_its_state(kata: RunKata, katas: Path, play: Path) -> None:
    assert "0 of 3 passed." in kata("list", "--katas", katas, cwd=play).out
    kata("next", "--skip", "--katas", katas, cwd=play)
    out = kata("list", "--katas", katas, cwd=play).out
    assert "Tier 1 · All" in out
    assert "skipped" in out
    assert "current" in out


def test_a_file_is_graded_without_a_workspace(kata: RunKata, katas: Path, play: Path) -> None:
    (play / "mine.py").write_text(RIGHT)
    ran = kata(
        "check", "second", "--solution", "mine.py", environ={"KATA_PATH": str(katas)}, cwd=play
    )
    assert ran.code == 0
    assert sorted(path.name for path in play.iterdir()) == ["mine.py"]


def test_a_path_names_its_kata(kata: RunKata, katas: Path, play: Path) -> None:
    (play / "third").mkdir()
    (play / "third" / "app.py").write_text(RIGHT)
    assert "third" in kata("check", "--solution", play / "third", "--katas", katas, cwd=play).out


def test_json_is_one_document_and_nothing_else(kata: RunKata, katas: Path, play: Path) -> None:
    kata("next", "--katas", katas, cwd=play)
    ran = kata("check", "--json", "--katas", katas, cwd=play)
    document = json.loads(ran.out)
    assert (ran.code, ran.err) == (1, "")
    assert (document["format"], document["kata"], document["verdict"]) == (1, "first", "failed")
    assert set(document["grader"]) == {"version", "python", "cores"}
    (check,) = document["checks"]
    assert set(check) == {"name", "title", "outcome", "message", "measured", "limit", "unit"}
    assert check["outcome"] == "failed"
    assert 'should be "yes", but was "no"' in check["message"]


def test_a_saved_run_judged_again_gives_the_same_verdict(
    kata: RunKata, katas: Path, play: Path
) -> None:
    kata("next", "--katas", katas, cwd=play)
    first = kata("check", "--json", "--katas", katas, cwd=play)
    (run,) = (play / ".kata" / "runs").glob("*.json")
    again = kata("check", "--replay", run, "--json", "--katas", katas, cwd=play)
    assert (again.code, again.out) == (first.code, first.out)
    assert "Judged again" in kata("check", "--replay", run, "--katas", katas, cwd=play).out


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


def test_runs_are_kept_but_not_more_than_twenty(kata: RunKata, katas: Path, play: Path) -> None:
    kata("next", "--katas", katas, cwd=play)
    runs = play / ".kata" / "runs"
    runs.mkdir()
    for i in range(25):
        (runs / f"first-20200101T0000{i:02}.json").write_text("{}")
    (runs / "second-20200101T000000.json").write_text("{}")
    kata("check", "--katas", katas, cwd=play)
    assert len(list(runs.glob("first-*.json"))) == 20
    assert len(list(runs.glob("second-*.json"))) == 1


def test_plain_text_goes_into_a_pipe(kata: RunKata, katas: Path, play: Path) -> None:
    kata("next", "--katas", katas, cwd=play)
    ran = kata("check", "--katas", katas, cwd=play)
    assert "\x1b" not in ran.out
    assert max(len(line) for line in ran.out.splitlines()) <= 80
    ascii_only = kata(
        "check",
        "--katas",
        katas,
        cwd=play,
        environ={"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"},
    )
    assert ascii_only.code == 1
    assert "FAILED" in ascii_only.out


@pytest.mark.parametrize("command", [[], ["next"], ["check"], ["report"]])
def test_every_command_has_help(kata: RunKata, command: list[str]) -> None:
    ran = kata(*command, "--help")
    assert ran.code == 0
    assert "Usage: kata" in ran.out


def test_version(kata: RunKata) -> None:
    assert kata("--version").out.startswith("kata ")


def test_shell_completion_is_offered(kata: RunKata) -> None:
    ran = kata("--show-completion", "bash", environ={"SHELL": "/bin/bash"})
    assert ran.code == 0
    assert "_KATA_COMPLETE" in ran.out


# ---- bad input
# --------------------------------------------------------------------------------------------------------


def one_sentence(err: str) -> bool:
    return err.startswith("Error: ") and "Traceback" not in err


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


def test_an_archive_that_leads_outward_is_refused_and_shown_safely(
    kata: RunKata, katas: Path, play: Path
) -> None:
    with zipfile.ZipFile(play / "evil.zip", "w") as packed:
        packed.writestr("app.py", RIGHT)
        packed.writestr("../\x1b[2J\u202eevil.py", "x")
    for option in ((), ("--json",)):
        ran = kata("check", "first", "--solution", "evil.zip", "--katas", katas, *option, cwd=play)
        assert (ran.code, one_sentence(ran.err)) == (2, True)
        assert "evil.zip holds ../" in ran.err
        assert "which leads out of it" in " ".join(ran.err.split())
        assert ran.err.replace("\n", "").isprintable()
    assert sorted(path.name for path in play.iterdir()) == ["evil.zip"]
    assert not list(play.parent.glob("*evil.py"))


def test_what_is_no_plain_file_is_refused_without_waiting_for_it(
    kata: RunKata, katas: Path, play: Path
) -> None:
    os.mkfifo(play / "pipe.py")
    (play / "link.py").symlink_to("/dev/zero")
    (play / "mine").mkdir()
    (play / "mine" / "app.py").symlink_to(katas / "first" / "accepted" / "reference.py")
    for name, message in (
        ("pipe.py", "pipe.py is a pipe."),
        ("link.py", "link.py is a link."),
        ("mine", "mine holds app.py, which is a link."),
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


def test_a_folder_that_is_no_kata(kata: RunKata, katas: Path, play: Path) -> None:
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


# ---- hostile text
# -----------------------------------------------------------------------------------------------------

HOSTILE = (
    "\\x1b[2J\\x1b]0;owned\\x07[bold red]\\u202etxt\\u2066\\x00\\x9b31m</script>\\u2028\\r\\n ✓ A."
)
"""As it stands in the source of a solution."""

HOSTILE_APPS = {
    "body": f"""
        from fastapi import FastAPI
        app = FastAPI()
        @app.get("/")
        async def root():
            return "{HOSTILE}" * 5000
    """,
    "text": f"""
        from fastapi import FastAPI, Response
        app = FastAPI()
        @app.get("/")
        async def root():
            return Response("{HOSTILE}" * 5000, 500)
    """,
    "exception": f"""
        print("{HOSTILE}" * 5000)
        raise ValueError("{HOSTILE}" * 5000)
    """,
    "end under load": f"""
        import os, sys
        from fastapi import FastAPI
        app = FastAPI()
        @app.get("/")
        async def root():
            print("{HOSTILE}" * 5000, file=sys.stderr, flush=True)
            os._exit(3)
    """,
}


@pytest.mark.parametrize("where", HOSTILE_APPS)
def test_what_a_solution_says_acts_on_nothing(
    kata: RunKata, katas: Path, play: Path, where: str
) -> None:
    kata("next", "--katas", katas, cwd=play)
    (play / "first" / "app.py").write_text(textwrap.dedent(HOSTILE_APPS[where]))
    ran = kata("check", "--katas", katas, cwd=play)
    assert (ran.code, ran.err) == (1, "")
    assert ran.out.replace("\n", "").isprintable()
    assert len(ran.out) < 5000
    coloured = kata(
        "check", "--katas", katas, cwd=play, environ={"FORCE_COLOR": "1", "TERM": "xterm-256color"}
    )
    assert "\x1b[2J" not in coloured.out
    assert "\u202e" not in coloured.out
    document = kata("check", "--json", "--katas", katas, cwd=play)
    assert (document.code, document.err) == (1, "")
    assert document.out.isascii()
    assert "<" not in document.out
    assert json.loads(document.out)["verdict"] == "failed"


# ---- interruption
# -----------------------------------------------------------------------------------------------------

SLOW_CHECKS = '''
from pathlib import Path
import anyio
from grader.checks.api import Server, expect


async def test_a(server: Server) -> None:
    """A."""
    expect(await server.get("/")).status(200)
    (Path(__file__).parents[2] / "checking").touch()
    await anyio.sleep(600)
'''


def once_it_prepares(folder: Path) -> bool:
    return any((folder / "tmp").iterdir())


def once_it_checks(folder: Path) -> bool:
    return (folder / "checking").exists()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("moment", [once_it_prepares, once_it_checks])
def test_an_interrupted_check_ends_at_once_and_leaves_nothing(
    make_kata: MakeKata,
    play: Path,
    tmp_path: Path,
    number: int,
    code: int,
    moment: Callable[[Path], bool],
) -> None:
    katas = make_kata(checks=SLOW_CHECKS)
    (play / "mine.py").write_text(RIGHT)
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    process = subprocess.Popen(
        [str(KATA), "check", "--solution", "mine.py", "--katas", str(katas)],
        cwd=play,
        env={**os.environ, "TMPDIR": str(temporary)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_until(lambda: moment(tmp_path))
    process.send_signal(number)
    _, err = process.communicate(timeout=HANG_S)
    assert process.returncode == code, err
    assert "Traceback" not in err
    assert list(temporary.iterdir()) == []
    # What lost its parent with the command may take a moment to notice.
    wait_until(
        lambda: (
            subprocess.run(["pgrep", "-f", str(temporary)], capture_output=True, check=False).stdout
            == b""
        )
    )


def test_what_a_killed_check_left_is_removed_by_the_next(
    make_kata: MakeKata, play: Path, tmp_path: Path
) -> None:
    katas = make_kata(checks=SLOW_CHECKS)
    (play / "mine.py").write_text(RIGHT)
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    environ = {**os.environ, "TMPDIR": str(temporary)}
    command = [str(KATA), "check", "tiny", "--solution", "mine.py", "--katas", str(katas)]
    process = subprocess.Popen(command, cwd=play, env=environ, stdout=subprocess.PIPE)
    assert process.stdout is not None
    wait_until(lambda: list(temporary.glob("*/solution")))
    process.kill()
    process.wait()
    process.stdout.close()
    assert len(list(temporary.iterdir())) == 1
    (katas / "tiny" / "checks.py").write_text(
        SLOW_CHECKS.replace("    await anyio.sleep(600)\n", "")
    )
    done = subprocess.run(
        command, cwd=play, env=environ, capture_output=True, text=True, timeout=HANG_S, check=False
    )
    assert done.returncode == 0
    assert list(temporary.iterdir()) == []
