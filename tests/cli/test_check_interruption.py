"""`kata check` that is interrupted or killed leaves nothing behind."""

import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.commands import RIGHT, MakeKata
from tests.conftest import KATA
from tests.waiting import HANG_S, wait_until

pytestmark = pytest.mark.slow


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
