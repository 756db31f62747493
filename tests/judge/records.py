"""Builders of evidence for the judge's tests: no server, no clock."""

from grader.evidence.claims import ClockClaim, CountClaim, GateClaim, Relation, StatusClaim
from grader.evidence.machine import CpuTimes, Watch
from grader.evidence.run import Attempt, Subject
from grader.evidence.server import ServerLife
from grader.evidence.traffic import Burst, Exchange, ExchangeError

READY = ServerLife(workers=1, started_s=0.0, ready_s=0.02)


def watch(
    elapsed_s: float,
    *,
    waited_s: float | None = 0.0,
    lag_s: float = 0.0,
    grader_waited_s: float = 0.0,
) -> Watch:
    """A stretch in which the server's threads, and the grader, waited so long for a core; None: the system does not
    tell.
    """
    if waited_s is None:
        return Watch(started_s=0.0, ended_s=elapsed_s, loop_lag_s=lag_s)
    times = CpuTimes(cpu_s=0.01, waited_s=waited_s)
    return Watch(
        started_s=0.0,
        ended_s=elapsed_s,
        server=times,
        grader=CpuTimes(cpu_s=0.0, waited_s=grader_waited_s),
        loop_lag_s=lag_s,
    )


def exchange(
    number: int = 1,
    *,
    took_s: float = 0.1,
    status: int | None = 200,
    error: ExchangeError | None = None,
) -> Exchange:
    return Exchange(
        id=number,
        method="GET",
        path="/x",
        planned_s=0.0,
        sent_s=0.0,
        ended_s=took_s,
        status=status,
        error=error,
        body="text",
    )


def attempt(
    subject: Subject = Subject.SOLUTION, *, life: ServerLife | None = READY, **parts: object
) -> Attempt:
    return Attempt(subject=subject, started_s=0.0, ended_s=1.0, life=life, **parts)  # type: ignore[arg-type]


def timed(
    took_s: float,
    *,
    limit_s: float = 0.4,
    waited_s: float | None = 0.0,
    lag_s: float = 0.0,
    subject: Subject = Subject.SOLUTION,
) -> Attempt:
    """An attempt at a check with one clock limit."""
    seen = watch(took_s, waited_s=waited_s, lag_s=lag_s)
    claim = ClockClaim(
        what="2 × GET /x",
        exchanges=(1, 2),
        burst=3,
        relation=Relation.AT_MOST,
        limit_s=limit_s,
        alone_s=0.1,
        watch=seen,
    )
    both = (exchange(1, took_s=took_s / 2), exchange(2, took_s=took_s))
    return attempt(
        subject,
        exchanges=both,
        bursts=(Burst(id=3, exchanges=(1, 2), watch=seen),),
        claims=(claim,),
    )


def counted(
    measured: float,
    *,
    limit: float = 2,
    relation: Relation = Relation.AT_MOST,
    subject: Subject = Subject.SOLUTION,
) -> Attempt:
    return attempt(
        subject,
        exchanges=(exchange(),),
        claims=(CountClaim(what="connections", measured=measured, relation=relation, limit=limit),),
    )


def gated(
    seen: int,
    *,
    wanted: int = 3,
    waited_s: float | None = 0.0,
    grader_waited_s: float = 0.0,
    subject: Subject = Subject.SOLUTION,
) -> Attempt:
    spent = watch(3.0, waited_s=waited_s, grader_waited_s=grader_waited_s)
    claim = GateClaim(
        what="calls", wanted=wanted, seen=seen, deadline_s=3.0, own_limit_s=1.0, watch=spent
    )
    return attempt(subject, exchanges=(exchange(),), claims=(claim,))


def answered(*exchanges: Exchange, waited_s: float | None = 0.0) -> Attempt:
    ids = tuple(one.id for one in exchanges)
    claim = StatusClaim(
        exchanges=ids,
        allowed=(200,),
        watch=watch(max(one.ended_s for one in exchanges), waited_s=waited_s),
    )
    return attempt(exchanges=exchanges, claims=(claim,))
