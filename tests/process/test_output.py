"""Output of a solution: what is kept of it, and what is found in it."""

from pathlib import Path

from grader.process.output import HEAD_BYTES, TAIL_BYTES, Output, find_crash, json_objects


def test_short_output_is_kept_whole() -> None:
    output = Output()
    for part in (b"one\n", b"two\n"):
        output.add(part)
    assert (output.text(), output.size_bytes) == ("one\ntwo\n", 8)


def test_of_long_output_the_middle_is_left_out_and_its_size_is_stated() -> None:
    output = Output()
    output.add(b"h" * HEAD_BYTES)
    for _ in range(10):
        output.add(b"m" * 100)
    output.add(b"t" * TAIL_BYTES)
    head, between, tail = output.text().split("\n")
    assert (head, tail) == ("h" * HEAD_BYTES, "t" * TAIL_BYTES)
    assert between == "… 1000 bytes left out …"
    assert output.size_bytes == HEAD_BYTES + 1000 + TAIL_BYTES


def test_only_lines_with_a_json_object_are_objects() -> None:
    log = 'text\n{"a": 1}\n[2]\n{"b":\n{"c": 3}'
    assert list(json_objects(log)) == [{"a": 1}, {"c": 3}]


TRACEBACK = """\
INFO: started
Traceback (most recent call last):
  File "/old.py", line 1, in <module>
    first()
KeyError: 'first'
Traceback (most recent call last):
  File "/packages/server.py", line 8, in serve
    run()
  File "/solution/app.py", line 3, in root
    return compute(1)
           ~~~~~~~^^^
  File "/solution/lib/numbers.py", line 7, in compute
    raise ValueError(text)
ValueError: no: negative
"""


def test_the_last_traceback_is_the_crash_with_the_frames_of_the_solution() -> None:
    crash = find_crash(TRACEBACK, Path("/solution"), "load")
    assert crash is not None
    assert (crash.phase, crash.type, crash.message) == ("load", "ValueError", "no: negative")
    assert [(frame.file, frame.line, frame.function, frame.source) for frame in crash.frames] == [
        ("app.py", 3, "root", "return compute(1)"),
        ("lib/numbers.py", 7, "compute", "raise ValueError(text)"),
    ]


def test_output_without_a_traceback_has_no_crash() -> None:
    assert find_crash("INFO: started\n", Path("/solution"), "load") is None
