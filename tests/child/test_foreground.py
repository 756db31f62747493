"""The app in the foreground, from inside: what it reports of requests and of an app that cannot be imported."""

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from grader.child.foreground import (
    EventWriter,
    LoggedApplication,
    Message,
    Receive,
    Send,
    find_place,
    import_application,
)

SCOPE = {
    "type": "http",
    "method": "GET",
    "path": "/a",
    "query_string": b"x=1",
    "client": ("127.0.0.1", 5),
}


class Pipe:
    """An event writer, and what it has written."""

    def __init__(self) -> None:
        self.reading, self.writing = os.pipe()
        self.writer = EventWriter(self.writing)

    def events(self) -> list[dict[str, Any]]:
        os.set_blocking(self.reading, False)
        try:
            data = os.read(self.reading, 100_000)
        except BlockingIOError:
            return []
        return [json.loads(line) for line in data.splitlines()]


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    pipe = Pipe()
    yield pipe
    for descriptor in (pipe.reading, pipe.writing):
        os.close(descriptor)


async def receive() -> Message:
    return {"type": "http.request"}


async def send(message: Message) -> None:
    pass


async def answer(scope: Message, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 201})
    await send({"type": "http.response.body", "more_body": True})
    await send({"type": "http.response.body"})


async def test_a_request_is_reported_once_with_its_status(pipe: Pipe) -> None:
    await LoggedApplication(answer, pipe.writer)(SCOPE, receive, send)
    (event,) = pipe.events()
    assert event.pop("ms") >= 0
    assert event == {
        "event": "request",
        "method": "GET",
        "path": "/a?x=1",
        "status": 201,
        "port": 5,
    }


async def test_a_request_without_an_answer_has_no_status(pipe: Pipe) -> None:
    async def fail(scope: Message, receive: Receive, send: Send) -> None:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        await LoggedApplication(fail, pipe.writer)(SCOPE, receive, send)
    (event,) = pipe.events()
    assert event["status"] is None


async def test_the_lifespan_is_no_request(pipe: Pipe) -> None:
    await LoggedApplication(answer, pipe.writer)({"type": "lifespan"}, receive, send)
    assert pipe.events() == []


def test_a_full_pipe_drops_events_and_blocks_nobody(pipe: Pipe) -> None:
    for number in range(5000):
        pipe.writer.write("request", number=number)
    assert pipe.events()[0] == {"event": "request", "number": 0}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder from which `app` can be imported, and is forgotten afterwards."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.delitem(sys.modules, "app", raising=False)
    return tmp_path


def test_an_app_is_imported(folder: Path, pipe: Pipe, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "app.py").write_text("def app(): ...\n")
    application = import_application(folder, pipe.writer)
    assert application is sys.modules.pop("app").app
    assert pipe.events() == []


@pytest.mark.parametrize(
    ("source", "error", "line"),
    [
        ("\nimport no_such_module\n", "No module named 'no_such_module'", 2),
        ("x = 1\nif:\n", "SyntaxError: invalid syntax", 2),
        ("raise SystemExit('no')\n", "SystemExit: no", 1),
        ("x = 1\n", "it defines no `app`", None),
    ],
)
def test_an_app_that_cannot_be_had_is_reported_with_its_line(
    folder: Path, pipe: Pipe, source: str, error: str, line: int | None
) -> None:
    (folder / "app.py").write_text(source)
    assert import_application(folder, pipe.writer) is None
    sys.modules.pop("app", None)
    (event,) = pipe.events()
    assert (event["event"], event["file"], event["line"]) == ("broken", "app.py", line)
    assert error in event["error"]


def test_an_exception_outside_of_the_learners_files_has_no_place(tmp_path: Path) -> None:
    assert find_place(RuntimeError("never raised"), tmp_path) is None
