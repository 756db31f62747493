"""The life of a server and what its processes hold, as they are recorded."""

import msgspec

from grader.evidence.server import Crash, Excess, Frame, Sample, ServerLife


def test_a_sample_is_saved_with_the_pids_of_children() -> None:
    sample = Sample(
        at_s=0.5,
        processes=2,
        threads=3,
        descriptors=20,
        memory_bytes=4096,
        cpu_s=1.5,
        children={4711: 0.25},
    )
    assert msgspec.json.decode(msgspec.json.encode(sample), type=Sample) == sample


def test_a_life_is_saved_with_its_crash_and_the_limit_that_was_exceeded() -> None:
    frame = Frame(file="app.py", line=3, function="root", source="1 / 0")
    life = ServerLife(
        workers=1,
        started_s=0.0,
        exit_code=-9,
        crash=Crash(phase="load", type="ZeroDivisionError", message="", frames=(frame,)),
        exceeded=Excess(what="database_bytes", limit=1.0, seen=2.0, noun="Database", of="on disk"),
    )
    assert msgspec.json.decode(msgspec.json.encode(life), type=ServerLife) == life


def test_a_server_that_has_only_been_started_has_done_nothing_yet() -> None:
    life = ServerLife(workers=2, started_s=0.1)
    assert (life.ready_s, life.exited_s, life.exit_code) == (None, None, None)
    assert (life.exceeded, life.crash, life.log) == (None, None, "")
