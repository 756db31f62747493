"""The context of an attempt, and how it is ended early."""

import dataclasses

import pytest

from grader.evidence.run import Subject
from grader.evidence.server import Excess
from grader.measure.attempt import AttemptContext, begin_attempt
from grader.measure.timing import Clock

EXCESS = Excess(what="cache_bytes", limit=1024, seen=2048, noun="Cache", of="in memory")


def test_an_attempt_begins_with_what_is_known_of_it() -> None:
    clock = Clock()
    attempt = begin_attempt(
        clock, Subject.REFERENCE, default_s=0.4, cuts_off=False, own_deadline_s=0.3
    )
    assert (attempt.clock, attempt.subject) == (clock, Subject.REFERENCE)
    assert (attempt.default_s, attempt.cuts_off) == (0.4, False)
    assert not attempt.abort.is_abandoned
    evidence = attempt.recorder.freeze()
    assert (evidence.subject, evidence.own_deadline_s) == (Subject.REFERENCE, 0.3)


def test_patience_is_a_quarter_longer_than_the_promise() -> None:
    attempt = begin_attempt(Clock(), default_s=0.4)
    assert attempt.patience_s() == pytest.approx(0.5)
    assert attempt.patience_s(1.2) == pytest.approx(1.5)


def test_a_context_cannot_be_changed(attempt: AttemptContext) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        attempt.default_s = 0.5  # type: ignore[misc]


def test_breaking_off_records_the_mishap_and_cancels_the_check(attempt: AttemptContext) -> None:
    calls: list[str] = []
    attempt.abort.on_abandon(lambda: calls.append("abandon"))
    attempt.abort.on_break_off(lambda: calls.append("break off"))
    attempt.abort.break_off("The launcher ended.")
    attempt.abort.break_off("A socket was closed.")
    assert attempt.recorder.mishap == "The launcher ended."
    assert attempt.abort.is_abandoned
    assert calls == ["abandon", "break off"] * 2


def test_an_abandoned_attempt_has_no_mishap(attempt: AttemptContext) -> None:
    calls: list[str] = []
    attempt.abort.on_abandon(lambda: calls.append("abandon"))
    attempt.abort.on_break_off(lambda: calls.append("break off"))
    attempt.abort.abandon()
    assert attempt.abort.is_abandoned
    assert calls == ["abandon"]
    assert attempt.recorder.mishap == ""


def test_an_excess_is_reported_in_the_words_of_the_service(attempt: AttemptContext) -> None:
    reported: list[Excess] = []
    attempt.abort.on_excess(reported.append)
    attempt.abort.report_excess(EXCESS)
    assert reported == [EXCESS]
    assert not attempt.abort.is_abandoned


def test_nothing_needs_to_subscribe(attempt: AttemptContext) -> None:
    attempt.abort.report_excess(EXCESS)
    attempt.abort.break_off("The launcher ended.")
    assert attempt.recorder.mishap == "The launcher ended."
