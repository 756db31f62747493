"""Messages between a command and its workers, as bytes on a socket."""

import pytest

from grader.grading.messages import (
    Begun,
    End,
    Fork,
    Grade,
    Job,
    Lines,
    SessionJob,
    commands_in,
    events_in,
    grades_in,
    line_of,
    plain,
)


def test_a_lone_surrogate_arrives_as_a_question_mark() -> None:
    (event,) = events_in(Lines().take(line_of(Begun("a \ud800 title"))))
    assert event == Begun("a ? title")


@pytest.mark.parametrize("piece_bytes", [1 << 10, 1 << 16])
def test_a_line_of_many_megabytes_is_reassembled_from_small_pieces(piece_bytes: int) -> None:
    whole = b"x" * (32 << 20) + b"\n"
    lines = Lines()
    pieces = [whole[at : at + piece_bytes] for at in range(0, len(whole), piece_bytes)]
    assert [line for piece in pieces for line in lines.take(piece)] == [whole[:-1]]


def test_a_line_is_complete_with_its_line_break() -> None:
    lines = Lines()
    whole = line_of(End(7))
    assert [lines.take(whole[i : i + 1]) for i in range(len(whole) - 1)] == [[]] * (len(whole) - 1)
    assert commands_in(lines.take(whole[-1:])) == [End(7)]


def test_several_lines_in_one_piece_are_apart() -> None:
    lines = Lines()
    assert lines.take(b"one\ntwo\nthr") == [b"one", b"two"]
    assert lines.take(b"ee\n") == [b"three"]


@pytest.mark.parametrize(
    "job",
    [
        Job("katas", "tiny", "solution", cores=(0, 3)),
        SessionJob("katas", "tiny", cuts_off=False, raises_broken=True, stops_early=True),
    ],
)
def test_a_job_arrives_as_it_was_sent(job: Job | SessionJob) -> None:
    assert commands_in(Lines().take(line_of(Fork(1, job)))) == [Fork(1, job)]


def test_a_request_to_a_session_arrives_as_it_was_sent() -> None:
    assert grades_in(Lines().take(line_of(Grade("app.py")))) == [Grade("app.py")]


def test_only_lone_surrogates_are_replaced() -> None:
    assert (
        plain("/home/zo\N{LATIN SMALL LETTER E WITH DIAERESIS}")
        == "/home/zo\N{LATIN SMALL LETTER E WITH DIAERESIS}"
    )
    assert plain("a\udcffb") == "a?b"
