"""Where the event loop was blocked, and what its tasks wait for: reported from inside, and trusted with care."""

from pathlib import Path

import pytest

from grader.measure.attempt import begin_attempt
from grader.measure.recorder import Recorder
from grader.measure.timing import Clock
from grader.process.stalls import LIMIT_BYTES, StallReader
from tests.conftest import Serve

STALLING = """
    import asyncio
    import time
    from fastapi import FastAPI

    app = FastAPI()

    def nap() -> None:
        time.sleep(0.8)

    @app.get("/nap")
    async def napping() -> None:
        nap()

    @app.get("/count")
    async def counting() -> None:
        sum(range(40_000_000))

    @app.get("/wait")
    async def waiting() -> None:
        await asyncio.Event().wait()

    @app.get("/fine")
    async def fine() -> None:
        await asyncio.sleep(0.3)
"""


async def test_a_sleep_is_reported_with_its_line_and_duration(
    serve: Serve, recorder: Recorder
) -> None:
    async with serve(STALLING) as server:
        await server.get("/nap")
    (stall,) = recorder.stalls
    assert (stall.frame.file, stall.frame.line, stall.frame.function, stall.frame.source) == (
        "app.py",
        9,
        "nap",
        "time.sleep(0.8)",
    )
    assert stall.duration_s >= 0.75


async def test_c_code_that_keeps_the_gil_is_reported_too(serve: Serve, recorder: Recorder) -> None:
    async with serve(STALLING) as server:
        await server.get("/count")
        await server.get("/fine")
    assert recorder.stalls[0].frame.source == "sum(range(40_000_000))"


async def test_a_loop_that_only_waits_is_not_blocked(serve: Serve, recorder: Recorder) -> None:
    async with serve(STALLING) as server:
        await server.get("/fine")
    assert [stall for stall in recorder.stalls if stall.frame.function == "fine"] == []


async def test_a_stall_that_never_ends_is_reported_when_the_server_is_ended(
    serve: Serve, recorder: Recorder
) -> None:
    source = """
        import time
        from fastapi import FastAPI

        app = FastAPI()

        @app.get("/")
        async def forever() -> None:
            print("begun")
            time.sleep(600)
    """
    async with serve(source) as server:
        server.start("GET", "/")
        await server.printed("begun")
        await server.let_run(0.5)
    (stall,) = recorder.stalls
    assert stall.frame.function == "forever"
    assert stall.duration_s >= 0.1


async def test_tasks_are_reported_with_the_place_where_they_wait(
    serve: Serve, recorder: Recorder
) -> None:
    async with serve(STALLING) as server:
        pending = [server.start("GET", "/wait") for _ in range(3)]
        await server.get("/fine")
        await server.explain()
        for one in pending:
            one.leave()
    (place,) = recorder.waiting
    assert (place.count, place.frame.function, place.frame.source) == (
        3,
        "waiting",
        "await asyncio.Event().wait()",
    )


@pytest.mark.slow
def test_nonsense_and_floods_on_the_pipe_are_not_errors(tmp_path: Path) -> None:
    attempt = begin_attempt(Clock())
    reader = StallReader(tmp_path, attempt)
    reader.add(
        b"at x y\nresumed soon\nwaiting 1\n\xff\xfe\nat 0 1.0 3 f /etc/passwd\nresumed 0 1.0\n"
    )
    reader.add(b"at 1 1.0 99 f " + str(tmp_path / "app.py").encode() + b"\nresumed 1 1.0\n")
    for _ in range(LIMIT_BYTES // 100_000 + 2):
        reader.add(b"at 2 1.0 1 f x\n" * 10_000)
    reader.finish()
    assert [(stall.frame.line, stall.frame.source) for stall in attempt.recorder.stalls] == [
        (99, "")
    ]


def test_lines_are_counted_as_python_counts_them(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("# \x0c \x85 \u2028\nnap()\n")
    attempt = begin_attempt(Clock())
    reader = StallReader(tmp_path, attempt)
    reader.add(b"at 1 1.0 2 f " + str(tmp_path / "app.py").encode() + b"\nresumed 1 1.0\n")
    reader.finish()
    assert [stall.frame.source for stall in attempt.recorder.stalls] == ["nap()"]


def test_a_report_that_follows_the_end_of_its_stall_is_no_second_one(tmp_path: Path) -> None:
    attempt = begin_attempt(Clock())
    reader = StallReader(tmp_path, attempt)
    place = b" f " + str(tmp_path / "app.py").encode() + b"\n"
    reader.add(b"at 7 0.7 3" + place + b"resumed 7 0.8\nat 7 0.8 3" + place)
    reader.add(b"at 8 0.2 4" + place + b"resumed 8 0.3\n")
    reader.finish()
    stalls = attempt.recorder.stalls
    assert [(stall.frame.line, stall.duration_s) for stall in stalls] == [(3, 0.8), (4, 0.3)]


def test_a_report_that_follows_the_end_of_its_stall_explains_it_if_none_came_before(
    tmp_path: Path,
) -> None:
    attempt = begin_attempt(Clock())
    reader = StallReader(tmp_path, attempt)
    place = b" f " + str(tmp_path / "app.py").encode() + b"\n"
    reader.add(b"resumed 7 0.8\nat 7 0.8 3" + place + b"at 7 0.9 5" + place)
    reader.add(b"resumed 8 0.5\nresumed 9 0.2\nat 8 0.4 6" + place)
    reader.finish()
    stalls = attempt.recorder.stalls
    assert [(stall.frame.line, stall.duration_s) for stall in stalls] == [(3, 0.8)]
