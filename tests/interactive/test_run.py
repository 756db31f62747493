"""`kata run` in this process: apps that exit, and apps that send this process a signal."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from grader.errors import ExitCode, KataPackageError, PortInUse
from grader.interactive import run
from grader.interactive.run import run_app
from tests.conftest import MANIFEST, listening_socket

APP = f"""
import os, signal, sys
import httpx
from fastapi import FastAPI

app = FastAPI()
asked = []


@app.get("/prices/{{n}}")
async def price(n: int) -> int:
    async with httpx.AsyncClient(base_url=os.environ["UPSTREAM_URL"]) as client:
        answer = (await client.get(f"/prices/{{n}}")).json()
    asked.append(n)
    if len(asked) == 6:  # the second round of load
        os.kill({os.getpid()}, signal.SIGINT)
    return answer
"""

EXITING = "import os\nprint('my output', flush=True)\nos._exit(5)\n"

RUN = '''
async def prepare(upstream) -> None:
    """Prices are known at once."""
    upstream.on("/prices/*", json=1)
'''

BROKEN_RUN = "async def prepare(upstream) -> None:\n    raise ValueError('oops')\n"


Run = Callable[..., ExitCode]


@pytest.fixture
def run_source(
    make_kata: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Run:
    """Runs a solution of a kata with an upstream, 3 requests at once, from any free port on."""
    make_kata("plain")
    manifest = MANIFEST.replace("tier = 1", 'tier = 1\nservices = ["upstream"]').replace(
        "[starter]", '[run]\nload = [{ path = "/prices/{n}" }]\n[starter]', 1
    )
    with listening_socket() as free:
        monkeypatch.setattr(run, "DEFAULT_PORT", free.getsockname()[1])
    monkeypatch.setenv("COLUMNS", "80")

    def run_it(
        source: str = APP,
        slug: str = "shop",
        *,
        port: int | None = None,
        load: int | None = 3,
        prepare: str = RUN,
    ) -> ExitCode:
        katas = make_kata("shop", manifest=manifest, files={"run.py": prepare})
        (tmp_path / "mine.py").write_text(source)
        return run_app(slug, tmp_path / "mine.py", katas, port, load)

    return run_it


@pytest.mark.slow
def test_it_prepares_the_services_sends_the_load_and_stops_at_a_signal(
    run_source: Run, capfd: pytest.CaptureFixture[str]
) -> None:
    before = signal.getsignal(signal.SIGINT)
    assert run_source() is ExitCode.PASSED
    out = capfd.readouterr().out
    assert "Prices are known at once." in out
    assert "3 requests at once, round after round." in out
    assert " 1  3 requests  median" in out
    assert "no errors  upstream 3 calls" in out
    assert out.rstrip().endswith("Stopped. Nothing is left running.")
    assert signal.getsignal(signal.SIGINT) is before


def test_an_app_that_exits_by_itself_has_failed(
    run_source: Run, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run_source(EXITING) is ExitCode.FAILED
    out = capfd.readouterr().out
    assert "my output" in out
    assert "The app exited before it accepted connections (exit code 5)." in out


def test_without_a_port_the_next_free_one_is_taken_and_shown(
    run_source: Run, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with listening_socket() as taken:
        port = taken.getsockname()[1]
        monkeypatch.setattr(run, "DEFAULT_PORT", port)
        run_source(EXITING)
    assert f"Port {port} is in use, so the app will be at " in capfd.readouterr().out


def test_a_port_that_is_named_must_be_free(run_source: Run) -> None:
    with listening_socket() as taken, pytest.raises(PortInUse):
        run_source(port=taken.getsockname()[1])


def test_a_fault_in_the_preparation_is_one_of_the_kata(run_source: Run) -> None:
    with pytest.raises(KataPackageError, match="raised ValueError: oops"):
        run_source(prepare=BROKEN_RUN)


def test_a_kata_without_a_load_cannot_be_run_with_one(run_source: Run) -> None:
    with pytest.raises(KataPackageError, match="The kata plain does not declare a load"):
        run_source(slug="plain")
