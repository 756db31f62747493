"""`kata check --html` and `kata report`."""

import os
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from grader.evidence.files import save_run
from tests.cli.commands import one_sentence
from tests.conftest import APP, KATA, RunKata
from tests.render.runs import blocking_run, fixed_run
from tests.waiting import HANG_S

MakeKata = Callable[..., Path]


@pytest.fixture
def katas(make_kata: MakeKata) -> Path:
    """A folder of katas whose names those of the saved runs are."""
    for slug in ("sleepy-handler", "second"):
        folder = make_kata(slug)
    (folder / "catalog.toml").write_text(
        '[[tier]]\nnumber = 1\ntitle = "All"\nkatas = ["sleepy-handler", "second"]\n'
    )
    return folder


@pytest.fixture
def play(tmp_path: Path) -> Path:
    """A workspace with two saved runs of one kata."""
    folder = tmp_path / "play"
    for run in (blocking_run(), fixed_run()):
        save_run(run, folder / ".kata" / "runs")
    return folder


def test_a_check_writes_its_page_beside_the_verdict(
    kata: RunKata, katas: Path, tmp_path: Path
) -> None:
    (tmp_path / "mine.py").write_text(APP.replace("{answer}", "<b>no</b>"))
    arguments = ("check", "second", "--solution", "mine.py", "--katas", katas)
    told = kata(*arguments, "--html", "report.html")
    assert told.code == 1
    assert "The page of this report is report.html (" in told.out
    page = (tmp_path / "report.html").read_text()
    assert "Failed: 0 of 1 checks passed" in page
    assert "&lt;b&gt;no&lt;/b&gt;" in page
    assert "This is the first saved run of this kata" in page
    assert sorted(path.name for path in tmp_path.iterdir()) == ["katas", "mine.py", "report.html"]
    as_json = kata(*arguments, "--json", "--html", "report.html")
    assert as_json.out.startswith("{")
    assert as_json.out.endswith("}\n")


def test_a_file_that_no_page_can_go_to_is_refused_before_the_grading(
    kata: RunKata, katas: Path, tmp_path: Path
) -> None:
    (tmp_path / "mine.py").write_text(APP)
    told = kata(
        "check", "second", "--solution", "mine.py", "--katas", katas, "--html", "none/report.html"
    )
    assert (told.code, told.out, one_sentence(told.err)) == (2, "", True)
    assert "The folder none for the page" in told.err


def test_a_judged_run_can_have_a_page_too(kata: RunKata, katas: Path, play: Path) -> None:
    run = next((play / ".kata" / "runs").glob("*0815*.json"))
    told = kata("check", "--replay", run, "--katas", katas, "--html", "old.html", cwd=play)
    assert told.code == 1
    assert "Failed: 1 of 3 checks passed" in (play / "old.html").read_text()


def test_the_last_run_is_reported_with_what_has_changed(
    kata: RunKata, katas: Path, play: Path
) -> None:
    told = kata("report", "--katas", katas, cwd=play)
    assert (told.code, told.err) == (0, "")
    assert told.out.startswith(
        "The page of sleepy-handler-20261123T082200.json is .kata/report.html ("
    )
    assert "kata report --open" in told.out
    page = (play / ".kata" / "report.html").read_text()
    assert "Passed: all 3 checks passed" in page
    assert "Previous run, 2026-11-23 08:15 UTC" in page


@pytest.mark.parametrize(
    "run", ["sleepy-handler", ".kata/runs/sleepy-handler-20261123T082200.json"]
)
def test_a_run_is_named_by_its_kata_or_its_file(
    kata: RunKata, katas: Path, play: Path, run: str
) -> None:
    assert kata("report", run, "--katas", katas, "--out", "page.html", cwd=play).code == 0
    assert "Passed" in (play / "page.html").read_text()


def test_the_first_run_has_none_before_it(kata: RunKata, katas: Path, play: Path) -> None:
    run = next((play / ".kata" / "runs").glob("*0815*.json"))
    assert kata("report", run, "--katas", katas, "--out", "page.html", cwd=play).code == 0
    assert "This is the first saved run of this kata" in (play / "page.html").read_text()


def test_a_damaged_run_is_not_compared_with(kata: RunKata, katas: Path, play: Path) -> None:
    old = next((play / ".kata" / "runs").glob("*0815*.json"))
    old.write_text('{"format": 1, "kata": "sleepy-handler", "began_at": "2026"}')
    assert kata("report", "--katas", katas, "--out", "page.html", cwd=play).code == 0
    assert "This is the first saved run of this kata" in (play / "page.html").read_text()


def test_outside_of_a_workspace_the_page_takes_the_name_of_the_run(
    kata: RunKata, katas: Path, play: Path, tmp_path: Path
) -> None:
    run = save_run(fixed_run(), tmp_path / "elsewhere")
    told = kata("report", run, "--katas", katas)
    assert told.code == 0
    assert (tmp_path / "sleepy-handler-20261123T082200.html").exists()


def test_a_page_may_be_read_by_others_and_a_link_is_followed(
    kata: RunKata, katas: Path, play: Path
) -> None:
    (play / "link.html").symlink_to("target.html")
    for _ in range(2):  # an older page is written over
        assert kata("report", "--katas", katas, "--out", "link.html", cwd=play).code == 0
    assert (play / "link.html").is_symlink()
    assert stat.S_IMODE((play / "target.html").stat().st_mode) == 0o666 & ~current_umask()


def current_umask() -> int:
    umask = os.umask(0)
    os.umask(umask)
    return umask


# ---- bad input


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("sleepy-handlr",), 2, "Did you mean sleepy-handler?"),
        (("none.json",), 4, "cannot be read"),
        (("second",), 2, "There is no saved run of second"),
        (("--out", "none/report.html"), 2, "The folder none for the page"),
        (("--out", "."), 2, "is not a regular file"),
        (("--out", "/dev/null"), 2, "is not a regular file"),
        (("--out", "notes.txt"), 2, "already exists and is not a report page"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(
    kata: RunKata, katas: Path, play: Path, arguments: tuple[str, ...], code: int, message: str
) -> None:
    (play / "notes.txt").write_text("mine")
    told = kata("report", *arguments, "--katas", katas, cwd=play)
    assert (told.code, told.out, one_sentence(told.err)) == (code, "", True)
    assert message in " ".join(told.err.split())
    assert (play / "notes.txt").read_text() == "mine"


def test_no_workspace_and_no_run(kata: RunKata, katas: Path, tmp_path: Path) -> None:
    assert "There is no workspace" in kata("report", "--katas", katas).err
    (tmp_path / ".kata").mkdir()
    told = kata("report", "--katas", katas)
    assert (told.code, one_sentence(told.err)) == (2, True)
    assert "`kata check` grades and saves one." in told.err


def test_a_full_disk_leaves_the_page_unchanged(kata: RunKata, katas: Path, play: Path) -> None:
    assert kata("report", "--katas", katas, cwd=play).code == 0
    before = (play / ".kata" / "report.html").read_bytes()
    told = subprocess.run(
        [
            "sh",
            "-c",
            f'ulimit -f 8; exec "{KATA}" report --katas "{katas}"',
        ],  # no file may grow beyond 8 blocks
        cwd=play,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=HANG_S,
        check=False,
    )
    assert (told.returncode, told.stdout, one_sentence(told.stderr)) == (4, "", True)
    assert "cannot be written: File too large" in " ".join(told.stderr.split())
    assert (play / ".kata" / "report.html").read_bytes() == before
    assert sorted(path.name for path in (play / ".kata").iterdir()) == ["report.html", "runs"]


# ---- browsers


def test_the_page_opens_in_the_browser_that_is_named(
    kata: RunKata, katas: Path, play: Path, tmp_path: Path
) -> None:
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > "{tmp_path}/asked"\n')
    browser.chmod(0o755)
    told = kata("report", "--open", "--katas", katas, cwd=play, environ={"BROWSER": str(browser)})
    assert told.code == 0
    assert "It is opening in your browser." in told.out
    assert (tmp_path / "asked").read_text().strip() == (play / ".kata" / "report.html").as_uri()


def test_without_a_browser_the_path_and_the_reason_are_shown(
    kata: RunKata, katas: Path, play: Path
) -> None:
    told = kata(
        "report",
        "--open",
        "--katas",
        katas,
        cwd=play,
        environ={"BROWSER": "", "DISPLAY": "", "WAYLAND_DISPLAY": ""},
    )
    assert told.code == 0
    assert ".kata/report.html" in told.out
    assert "It could not be opened in a browser: " in told.out
