"""Runs for the tests of the page, without server and clock: of a blocking app, a fixed one, hostile and large ones."""

from collections.abc import Sequence

from msgspec.structs import replace

from grader.evidence.claims import ClockClaim, CountClaim, GateClaim, Relation, StatusClaim
from grader.evidence.machine import Machine, Process
from grader.evidence.run import Attempt, CheckRecord, Run, Subject
from grader.evidence.server import Crash, Frame, ServerLife, Stall, WaitingTask
from grader.evidence.traffic import (
    Burst,
    Connection,
    EventEnd,
    Exchange,
    ExchangeError,
    ServiceEvent,
)
from grader.grading.graded import Graded
from grader.judge.decide import judge_run
from grader.report import GraderInfo, Report
from tests.judge.records import watch

RENDER_S = 0.1
LIMIT_S = 0.5
CUT_S = 0.54
VISITORS = 12
SOURCE = "time.sleep(RENDER_S)  # the printer renders"


def graded(run: Run, *, because: str = "", title: str = "The sleepy handler") -> Graded:
    """A run with its report."""
    verdict, results = judge_run(run.checks, out_of_time=run.out_of_time)
    info = GraderInfo(version=run.grader_version, python=run.python, cores=run.cores)
    report = Report(
        kata=run.kata, title=title, solution=run.solution, verdict=verdict, duration_s=run.duration_s,
        checks=results, grader=info,
        because=because, without_sandbox=run.without_sandbox,
    )  # fmt: skip
    return Graded(run, report)


def run_of(
    *checks: CheckRecord, began_at: str = "2026-11-23T08:15:00.123456+00:00", **parts: object
) -> Run:
    values: dict[str, object] = {
        "kata": "sleepy-handler",
        "solution": "play/sleepy-handler",
        "duration_s": 2.65,
        "grader_version": "0.1.0",
        "python": "3.11.7",
        "cores": 2,
        "without_sandbox": "",
    }
    return Run(began_at=began_at, checks=checks, **{**values, **parts})  # type: ignore[arg-type]


def blocking_run(began_at: str = "2026-11-23T08:15:00.123456+00:00") -> Run:
    """The starter: requests are served one after another, and the loop is blocked."""
    return run_of(
        right_check(), burst_check(serial=True), calls_check(together=False), began_at=began_at
    )


def fixed_run() -> Run:
    """A right solution, a few minutes later."""
    return run_of(
        right_check(),
        burst_check(serial=False),
        calls_check(together=True),
        began_at="2026-11-23T08:22:00.654321+00:00",
        duration_s=1.1,
    )


def right_check() -> CheckRecord:
    one = Exchange(
        id=1, method="GET", path="/labels/7", planned_s=0.3, sent_s=0.301, first_byte_s=0.41, last_byte_s=0.41,
        ended_s=0.41, status=200,
        size_bytes=36, body='{"order":7}',
    )  # fmt: skip
    claim = StatusClaim(exchanges=(1,), allowed=(200,), watch=watch(0.1))
    attempt = Attempt(
        subject=Subject.SOLUTION,
        started_s=0.1,
        ended_s=0.42,
        life=life(0.1),
        exchanges=(one,),
        claims=(claim,),
    )
    return CheckRecord(name="test_a_label_is_right", title="A label is right.", attempts=(attempt,))


def burst_check(*, serial: bool) -> CheckRecord:
    """12 labels at once; tried twice if they came one after another."""
    attempts = tuple(
        _burst(begun_s, serial=serial) for begun_s in ((1.0, 2.0) if serial else (1.0,))
    )
    return CheckRecord(
        name="test_labels_are_made_together",
        title="12 labels at once take about as long as one.",
        attempts=attempts,
    )


def _burst(begun_s: float, *, serial: bool) -> Attempt:
    exchanges = tuple(
        _visitor(i, begun_s, ((i if serial else 1) * RENDER_S) + 0.005)
        for i in range(1, VISITORS + 1)
    )
    seen, ids = watch(CUT_S if serial else 0.11), tuple(range(1, VISITORS + 1))
    claims = (
        StatusClaim(exchanges=ids, allowed=(200,), watch=seen),
        ClockClaim(
            what="12 × GET /labels/801",
            exchanges=ids,
            burst=99,
            relation=Relation.AT_MOST,
            limit_s=LIMIT_S,
            alone_s=RENDER_S,
            watch=seen,
        ),
    )
    frame = Frame(file="app.py", line=37, function="label", source=SOURCE)
    stalls = (
        Stall(at_s=begun_s + 0.001, duration_s=0.2, frame=frame),
        Stall(at_s=begun_s + 0.21, duration_s=0.33, frame=frame),
    )
    return Attempt(
        subject=Subject.SOLUTION,
        started_s=begun_s - 0.05,
        ended_s=begun_s + CUT_S + 0.03,
        life=life(begun_s - 0.05, log="INFO: ready\n  indented\n"),
        exchanges=exchanges,
        bursts=(Burst(id=99, exchanges=ids, watch=seen),),
        claims=claims,
        stalls=stalls if serial else (),
        watch=seen,
    )


def _visitor(number: int, begun_s: float, took_s: float) -> Exchange:
    """One visitor of the burst, cut off when the grader stops waiting."""
    visit = Exchange(
        id=number,
        method="GET",
        path=f"/labels/{800 + number}",
        n=800 + number,
        planned_s=begun_s,
        ended_s=begun_s + CUT_S,
    )
    if took_s > CUT_S:
        return replace(visit, sent_s=begun_s + 0.001, error=ExchangeError.CUT_OFF)
    end_s = begun_s + took_s
    return replace(
        visit,
        sent_s=begun_s + 0.001,
        first_byte_s=end_s,
        last_byte_s=end_s,
        ended_s=end_s,
        status=200,
        body="{}",
    )


def calls_check(*, together: bool) -> CheckRecord:
    """A page that asks three sources, on a connection each."""
    begun_s = 3.0
    page = Exchange(
        id=1,
        method="GET",
        path="/products/7",
        planned_s=begun_s,
        sent_s=begun_s,
        ended_s=begun_s + (0.16 if together else 0.45),
        status=200,
    )
    starts = [begun_s + 0.01 + (0 if together else 0.14 * i) for i in range(3)]
    events = tuple(
        ServiceEvent(
            id=10 + i, service="upstream", connection=20 + i, what=f"GET {path}", outcome="200",
            began_s=start_s, answered_s=start_s + 0.12,
            ended_s=start_s + 0.13, end=EventEnd.ANSWERED,
        ) for i, (path, start_s) in enumerate(zip(("/prices", "/stock", "/reviews"), starts, strict=True))
    )  # fmt: skip
    connections = tuple(
        Connection(
            id=20 + i,
            service="upstream",
            opened_s=start_s - 0.002,
            closed_s=start_s + 0.14 if i < 2 else None,
        )
        for i, start_s in enumerate(starts)
    )
    count = CountClaim(
        what="calls in flight at once",
        measured=3 if together else 1,
        relation=Relation.AT_LEAST,
        limit=3,
    )
    attempt = Attempt(
        subject=Subject.SOLUTION,
        started_s=begun_s - 0.04,
        ended_s=begun_s + 0.5,
        life=life(begun_s - 0.04),
        exchanges=(page,),
        events=events,
        connections=connections,
        claims=(StatusClaim(exchanges=(1,), allowed=(200,), watch=watch(0.4)), count),
    )
    return CheckRecord(
        name="test_sources_are_asked_together",
        title="Prices, stock and reviews are asked for together.",
        attempts=(attempt,),
    )


def life(started_s: float, *, log: str = "") -> ServerLife:
    return ServerLife(
        workers=1, started_s=started_s, ready_s=started_s + 0.03, log=log, log_bytes=len(log)
    )


def hostile_run(text: str, *, many: int = 1) -> Run:
    """A run in which every text is this one."""
    frame = Frame(file=text, line=1, function=text, source=text)
    exchanges = tuple(
        Exchange(
            id=i,
            method=text,
            path=text,
            planned_s=0.1,
            ended_s=0.2 + i / 100,
            status=500,
            body=text,
        )
        for i in range(many)
    )
    ids = tuple(range(many))
    claims = (
        GateClaim(what=text, wanted=1, seen=1, deadline_s=3.0, own_limit_s=1.0, watch=watch(0.1)),
        CountClaim(what=text, measured=1, relation=Relation.EQUALS, limit=1, unit=text),
        ClockClaim(
            what=text, exchanges=ids, relation=Relation.AT_MOST, limit_s=0.01, watch=watch(0.1)
        ),
        StatusClaim(exchanges=ids, allowed=(200,), watch=watch(0.1)),
    )
    attempt = Attempt(
        subject=Subject.SOLUTION,
        started_s=0.0,
        ended_s=1.0,
        life=ServerLife(
            workers=1,
            started_s=0.0,
            ready_s=0.1,
            log=f"{text}\n" * many,
            crash=Crash(phase=text, type=text, message=text, frames=(frame,) * many),
        ),
        exchanges=exchanges,
        events=tuple(
            ServiceEvent(
                id=i, service=text, kind=text, connection=i, what=text, outcome=text, began_s=0.1
            )
            for i in range(many)
        ),
        connections=tuple(Connection(id=i, service=text, opened_s=0.1) for i in range(many)),
        stalls=tuple(Stall(at_s=0.1, duration_s=0.1, frame=frame) for _ in range(many)),
        waiting=(WaitingTask(frame=frame, count=2),) * many,
        claims=claims,
    )
    crashed = Attempt(
        subject=Subject.SOLUTION,
        started_s=0.0,
        ended_s=1.0,
        life=ServerLife(
            workers=1,
            started_s=0.0,
            exited_s=0.1,
            exit_code=1,
            log=f"{text}\n" * many,
            crash=Crash(phase=text, type=text, message=text),
        ),
    )
    machine = Machine(
        elapsed_s=1.0, cores=2, busy_s=1.0, others=(Process(name=text, pid=1, cpu_s=1.0),)
    )
    return run_of(
        CheckRecord(name="test_a", title=text, attempts=(attempt,), machine=machine),
        CheckRecord(name="test_b", title=text, attempts=(crashed,)),
        CheckRecord(name="test_c", title=text),
        kata=text,
        solution=text,
        began_at=text,
        grader_version=text,
        python=text,
        without_sandbox=text,
    )


def large_run(text: str = "x" * 300, *, checks: int = 8, attempts: int = 4, many: int = 400) -> Run:
    """A run larger than any grading produces: in each attempt hundreds of requests, calls, connections and stalls."""
    big = hostile_run(text, many=many).checks[0]
    records = [
        CheckRecord(
            name=f"test_{i}",
            title=f"{i} {text}",
            attempts=tuple(_as(big.attempts[0], number) for number in range(attempts)),
        )
        for i in range(checks)
    ]
    return run_of(*records)


def _as(attempt: Attempt, number: int) -> Attempt:
    """The same attempt, every second one by the reference."""
    subjects: Sequence[Subject] = (Subject.SOLUTION, Subject.REFERENCE)
    return Attempt(
        subject=subjects[number % 2], started_s=attempt.started_s, ended_s=attempt.ended_s, life=attempt.life,
        exchanges=attempt.exchanges,
        events=attempt.events, connections=attempt.connections, stalls=attempt.stalls, claims=attempt.claims,
    )  # fmt: skip
