"""Server-sent events: what is read out of a stream that has not ended."""

import pytest

from grader.load.sse import event_data


@pytest.mark.parametrize(
    ("body", "data"),
    [
        (b"", []),
        (b"data: 1\n\n", [1]),
        (b'data:{"a": 1}\r\n\r\ndata: {"a": 2}\r\r', [{"a": 1}, {"a": 2}]),
        (b"data: 1\n\ndata: 2\n", [1]),
        (b"data: [1,\ndata: 2]\n\n", [[1, 2]]),
        (b"event: news\nid: 7\ndata: a\ndata:  b\n\n", ["a\n b"]),
        (b": ping\n\n\n\nretry: 10\n\ndata: 1\n\n", [1]),
        ("data: €\n\ndata: €".encode()[:-1], ["€"]),
    ],
)
def test_whole_events_are_read(body: bytes, data: list[object]) -> None:
    assert event_data(body) == data
