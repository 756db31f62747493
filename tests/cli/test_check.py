"""`kata check` as a learner types it: verdicts, JSON, saved runs, and hostile output."""

import json
import textwrap
from pathlib import Path

import pytest

from tests.cli.commands import RIGHT
from tests.conftest import RunKata

pytestmark = pytest.mark.slow


def test_the_untouched_starter_fails_and_a_right_solution_leads_on(
    kata: RunKata, katas: Path, play: Path
) -> None:
    kata("next", "--katas", katas, cwd=play)
    failed = kata("check", "--katas", katas, cwd=play)
    assert failed.code == 1
    assert "Fix first/app.py, then type: kata check" in failed.out
    (play / "first" / "app.py").write_text(RIGHT)
    passed = kata("check", "--katas", katas, cwd=play / "first")
    assert passed.code == 0
    assert "Next: kata next" in passed.out
    assert "second" in kata("next", "--katas", katas, cwd=play).out
    assert (play / "second" / "app.py").exists()


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
def test_what_a_solution_prints_has_no_effect_on_the_terminal(
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
