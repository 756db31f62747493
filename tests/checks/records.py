"""Answers and crowds for the tests of expectations: recorded, but never sent."""

from grader.evidence.machine import CpuTimes, Watch
from grader.evidence.traffic import Burst, Exchange, ExchangeError
from grader.load.client import Answer, Crowd
from grader.measure.attempt import AttemptContext

NONE = CpuTimes(cpu_s=0.0, waited_s=0.0)
WATCH = Watch(started_s=0.0, ended_s=1.0, server=NONE, grader=NONE)


def answer(
    attempt: AttemptContext,
    body: bytes = b"{}",
    *,
    status: int | None = 200,
    took_s: float = 0.1,
    error: ExchangeError | None = None,
) -> Answer:
    """An answer whose exchange is in the recorder."""
    exchange = Exchange(
        id=attempt.recorder.new_id(),
        method="GET",
        path="/x",
        planned_s=0.0,
        sent_s=0.0,
        ended_s=took_s,
        status=status,
        error=error,
        body=body.decode(errors="replace"),
    )
    attempt.recorder.add(exchange)
    return Answer(exchange, {}, body, WATCH, attempt)


def crowd(attempt: AttemptContext, *answers: Answer) -> Crowd:
    """A burst of these answers that is in the recorder."""
    ids = tuple(one.exchange.id for one in answers)
    burst = Burst(id=attempt.recorder.new_id(), exchanges=ids, watch=WATCH)
    attempt.recorder.add(burst)
    return Crowd(answers, burst, attempt)
