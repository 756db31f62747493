"""One finding of each type, with any text in it."""

from typing import get_args

from grader.evidence.claims import Relation
from grader.evidence.machine import Machine, Process
from grader.evidence.server import Excess, Frame, WaitingTask
from grader.evidence.traffic import ExchangeError
from grader.findings import (
    Bar,
    Crashed,
    Finding,
    GateNotOpened,
    Hung,
    HungAtStart,
    LimitExceeded,
    Mishap,
    NoAnswer,
    NothingAsserted,
    Phase,
    StatusCount,
    TooFast,
    TooSlow,
    WrongCount,
    WrongStatus,
    WrongValue,
)
from grader.report import Circumstances, StallSite
from tests.judge.records import watch

KINDS: tuple[type[Finding], ...] = get_args(Finding)


def finding_of(text: str, kind: type[Finding] = WrongValue, *, many: int = 2) -> Finding:
    """A finding of a type with this text wherever the type has a text, and so many lines of output and bars."""
    frames = (Frame(file=text, line=1, function=text, source=text),) * many
    bars = tuple(Bar(from_s=0.0, to_s=i / 10, is_cut=i % 2 == 0) for i in range(1, many))
    every: tuple[Finding, ...] = (
        Crashed(phase=Phase.LOAD, exit_code=1, error=text, frames=frames, output=(text,) * many),
        HungAtStart(waited_s=1.0, output=(text,) * many),
        LimitExceeded(excess=Excess(what=text, limit=1.0, seen=2.0, noun=text, of=text)),
        Hung(deadline_s=1.0),
        NoAnswer(request=text, reason=ExchangeError.TIMED_OUT, waited_s=1.0, count=1, total=2),
        WrongStatus(
            request=text,
            allowed=(200, 404),
            seen=(StatusCount(500, 1),),
            body=text,
            count=1,
            total=2,
        ),
        WrongValue(what=text, expected=text, observed=text),
        WrongCount(what=text, measured=1.0, relation=Relation.EQUALS, limit=2.0, unit=text),
        TooSlow(what=text, measured_s=2.0, limit_s=1.0, answered=1, total=2, bars=bars),
        TooFast(what=text, measured_s=1.0, limit_s=2.0, bars=bars),
        GateNotOpened(what=text, seen=1, wanted=2, waited_s=3.0),
        Mishap(text=text),
        NothingAsserted(),
    )
    return next(finding for finding in every if type(finding) is kind)


def circumstances_of(text: str, *, many: int = 2) -> Circumstances:
    """What surrounds a finding, with this text and so many of everything."""
    frame = Frame(file=text, line=1, function=text, source=text)
    process = Process(name=text, pid=1, cpu_s=1.0)
    return Circumstances(
        stalls=(StallSite(frame=frame, count=2, total_s=1.0),) * many,
        waiting=(WaitingTask(frame=frame, count=2),) * many,
        watch=watch(3.0),
        machine=Machine(elapsed_s=1.0, cores=2, busy_s=1.0, others=(process,) * many),
    )
