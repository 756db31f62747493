"""What a new service takes: one module, and one line in the registry; all that uses services knows it then."""

import json
import os
import shutil
import signal
import subprocess
from pathlib import Path

import httpx
import pytest

import grader
from tests.cli.test_run import Running
from tests.conftest import KATA, Ran, run_command
from tests.waiting import HANG_S

pytestmark = pytest.mark.slow

LINE = '    "echo": Registered("grader.services.echo", ("Echo",)),\n'
AFTER = '    "files": '


@pytest.fixture(scope="module")
def environ(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """In which `kata` is a copy of the grader that has the service `echo` as well."""
    folder = tmp_path_factory.mktemp("with-echo")
    copy = folder / "grader"
    shutil.copytree(Path(grader.__path__[0]), copy, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copyfile(Path(__file__).with_name("echo.py"), copy / "services" / "echo.py")
    registry = copy / "registry.py"
    lines = registry.read_text().splitlines(keepends=True)
    place = next(number for number, line in enumerate(lines) if line.startswith(AFTER))
    registry.write_text("".join([*lines[: place + 1], LINE, *lines[place + 1 :]]))
    return {"PYTHONPATH": str(folder)}


@pytest.fixture(scope="module")
def katas(environ: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a new kata that needs the echo and the upstream."""
    folder = tmp_path_factory.mktemp("katas")
    made = run_command(
        "new", "offers", "--with", "echo,upstream", "--dir", folder, cwd=folder, environ=environ
    )
    assert (made.code, made.err) == (0, "")
    return folder


def run(environ: dict[str, str], katas: Path, cwd: Path, *arguments: str | Path) -> Ran:
    return run_command(*arguments, cwd=cwd, environ={**environ, "KATA_PATH": str(katas)})


def test_its_kata_is_proved(environ: dict[str, str], katas: Path, tmp_path: Path) -> None:
    proved = run(environ, katas, tmp_path, "verify", "offers", "--json")
    (proof,) = json.loads(proved.out)["katas"]
    assert (proof["verdict"], proof["problems"]) == ("proved", [])
    assert "test_no_queue_at_echo" in proof["checks"]


def test_a_count_that_is_wrong_is_told_in_the_terminal_in_json_and_on_the_page(
    environ: dict[str, str], katas: Path, tmp_path: Path
) -> None:
    # It asks the echo twice for each visitor, and everything else is right.
    reference = (katas / "offers" / "accepted" / "reference.py").read_text()
    (tmp_path / "twice.py").write_text(
        reference.replace("await echo_of(item)", "await echo_of(await echo_of(item))")
    )
    shown = run(
        environ, katas, tmp_path, "check", "offers", "--solution", "twice.py", "--html", "page.html"
    )
    assert shown.code == 1
    assert "Lines that came to the echo: 8; there should be exactly 4." in " ".join(
        shown.out.split()
    )
    told = json.loads(
        run(environ, katas, tmp_path, "check", "offers", "--solution", "twice.py", "--json").out
    )
    failed = [check for check in told["checks"] if check["outcome"] == "failed"]
    assert [(check["measured"], check["limit"]) for check in failed][:1] == [(8, 4)]
    page = (tmp_path / "page.html").read_text()
    assert "SAY " in page
    assert "The echo got 8 lines" in page
    assert "to the echo" in page


def test_the_doctor_tells_of_it(environ: dict[str, str], katas: Path, tmp_path: Path) -> None:
    assert "Echo: needs nothing but a socket" in run(environ, katas, tmp_path, "doctor").out


def test_kata_run_says_where_it_is_and_what_it_is_asked(
    environ: dict[str, str], katas: Path, tmp_path: Path
) -> None:
    command = [
        str(KATA),
        "run",
        "offers",
        "--solution",
        str(katas / "offers" / "accepted" / "reference.py"),
    ]
    output, theirs = os.pipe()
    clean = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("KATA_", "PYTEST_"))
    }
    own = {**clean, **environ, "KATA_PATH": str(katas), "COLUMNS": "80", "TERM": "dumb"}
    with subprocess.Popen(
        command, cwd=tmp_path, stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs, env=own
    ) as process:
        os.close(theirs)
        try:
            running = Running(process, output)
            url = running.until(r"App +(http://127\.0\.0\.1:\d+)\n")[1]
            running.until(r"Echo +127\.0\.0\.1:\d+\n")
            httpx.get(f"{url}/offers/7", timeout=HANG_S).raise_for_status()
            running.until(r"echo +said +\d+ ms  SAY 7\n")
            process.send_signal(signal.SIGINT)
            assert running.code() == 0
        finally:
            process.kill()
            os.close(output)
