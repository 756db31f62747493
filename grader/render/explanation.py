"""Explains the result of a check in plain sentences: the requests, the answers, and the details of a finding. Pure."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import assert_never

from grader.evidence.claims import CountClaim, GateClaim
from grader.evidence.concurrency import peak
from grader.evidence.run import Attempt, CheckRecord, Subject
from grader.evidence.server import Frame
from grader.evidence.traffic import Burst, Exchange
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
    TooFast,
    TooSlow,
    WrongCount,
    WrongStatus,
    WrongValue,
)
from grader.judge.attempts import stall_sites
from grader.render.circumstances import busy_machine, stall, waiting
from grader.render.events import capital, error_word, sentences, service_name
from grader.render.text import printable
from grader.render.wording import RELATIONS, amount, counted
from grader.report import CheckResult, Outcome

STEPS_SHOWN = 10
ALIKE = 3
MUST_BE = " (it must be "
"""Separates the count from the required count; the page splits the sentence here."""

OBSERVATIONS_SHOWN = 12
FRAMES_SHOWN = 8
OUTPUT_SHOWN = 12
WHAT_CHARS = 120


@dataclass(frozen=True)
class Step:
    """A group of similar requests, and their answers: "12 × GET /labels/{n}, at once" and "12 × 200 in 0.11–0.42 s"."""

    sent: str
    seen: str


@dataclass(frozen=True)
class Line:
    """One line about a finding: a sentence, and the code that it refers to, if any."""

    text: str
    code: str = ""


def steps(attempt: Attempt) -> tuple[Step, ...]:
    """The requests of an attempt in the order in which they were sent, with their answers."""
    by_id = {exchange.id: exchange for exchange in attempt.exchanges}
    bursts = [
        (burst, [by_id[number] for number in burst.exchanges if number in by_id])
        for burst in attempt.bursts
    ]
    in_bursts = {number for burst, _ in bursts for number in burst.exchanges}
    alone = [exchange for exchange in attempt.exchanges if exchange.id not in in_bursts]
    groups = [
        *((part, burst) for burst, sent in bursts for part in _grouped(sent, _pattern)),
        *((part, None) for part in _alike(alone)),
    ]
    told = [
        _step(group, burst)
        for group, burst in sorted(groups, key=lambda item: min(one.planned_s for one in item[0]))
    ]
    if len(told) > STEPS_SHOWN:
        return (
            *told[:STEPS_SHOWN],
            Step(f"and {len(told) - STEPS_SHOWN} more kinds of requests", ""),
        )
    return tuple(told)


def observations(attempt: Attempt) -> tuple[str, ...]:
    """Other observations of an attempt: calls to services, connections, a blocked event loop, counts of the check."""
    told = [
        *sentences(attempt.events),
        *_connections(attempt),
        *(f"{stall(site)}." for site in stall_sites(attempt.stalls)),
        *_counts(attempt),
    ]
    return tuple(dict.fromkeys(told))[:OBSERVATIONS_SHOWN]


def tries(record: CheckRecord) -> str:
    """How often a check was attempted; empty if once."""
    own = sum(attempt.subject is Subject.SOLUTION for attempt in record.attempts)
    others = len(record.attempts) - own
    if own + others < 2:
        return ""
    beside = f", taking turns with the kata's reference ({_times(others)})" if others else ""
    return f"Your solution was run {_times(own)}, each time on a fresh server{beside}."


def details(result: CheckResult) -> tuple[Line, ...]:
    """The details of a finding.

    They are the traceback in the learner's files, or else the last output; where the event loop was blocked; where
    tasks waited; and what kept the machine busy.
    """
    finding = result.finding
    if finding is None:
        return ()
    frames, output = trace(finding)
    lines = [
        Line(f"{printable(frame.file)}:{frame.line} in {printable(frame.function)}", frame.source)
        for frame in frames[-FRAMES_SHOWN:]
    ]
    if output:
        lines += [
            Line("Its last output:"),
            *(Line("", line) for line in output[-OUTPUT_SHOWN:]),
        ]
    around = result.circumstances
    lines += [Line(f"{stall(site)}.") for site in around.stalls]
    if is_about_waiting(finding):
        lines += [Line(f"{waiting(task)}.") for task in around.waiting[:FRAMES_SHOWN]]
    if result.outcome is Outcome.INCONCLUSIVE:
        lines += [Line(text) for text in busy_machine(around)]
    return tuple(lines)


def trace(finding: Finding) -> tuple[tuple[Frame, ...], tuple[str, ...]]:
    """The learner's frames in which a server failed, innermost last; if they are unknown, its last lines of output."""
    match finding:
        case Crashed(frames=frames, output=output):
            return frames, () if frames else output
        case HungAtStart(output=output):
            return (), output
        case LimitExceeded() | Hung() | NoAnswer() | WrongStatus() | WrongValue() | WrongCount():
            return (), ()
        case TooSlow() | TooFast() | GateNotOpened() | Mishap() | NothingAsserted():
            return (), ()
        case _:
            assert_never(finding)


def is_about_waiting(finding: Finding) -> bool:
    """Whether the places at which the solution's tasks waited explain a finding."""
    match finding:
        case Hung() | NoAnswer() | GateNotOpened():
            return True
        case Crashed() | HungAtStart() | LimitExceeded() | WrongStatus() | WrongValue():
            return False
        case WrongCount() | TooSlow() | TooFast() | Mishap() | NothingAsserted():
            return False
        case _:
            assert_never(finding)


def bars(finding: Finding) -> tuple[Bar, ...]:
    """The requests of a finding's burst, to be drawn; none if the finding is not about a burst."""
    match finding:
        case TooSlow() | TooFast():
            return finding.bars
        case Crashed() | HungAtStart() | LimitExceeded() | Hung() | NoAnswer() | WrongStatus():
            return ()
        case WrongValue() | WrongCount() | GateNotOpened() | Mishap() | NothingAsserted():
            return ()
        case _:
            assert_never(finding)


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count} times")


def _alike(exchanges: Iterable[Exchange]) -> list[list[Exchange]]:
    """Group requests with the same path, or three or more with the same answer whose paths differ only in numbers."""
    alike = _grouped(exchanges, lambda one: f"{_masked(one)} {one.status} {one.error}")
    return [
        group
        for some in alike
        for group in ([some] if len(some) >= ALIKE else _grouped(some, _pattern))
    ]


def _grouped(exchanges: Iterable[Exchange], key: Callable[[Exchange], str]) -> list[list[Exchange]]:
    groups: dict[str, list[Exchange]] = {}
    for exchange in exchanges:
        groups.setdefault(key(exchange), []).append(exchange)
    return list(groups.values())


def _pattern(exchange: Exchange) -> str:
    path = exchange.path if exchange.n is None else exchange.path.replace(str(exchange.n), "{n}")
    return f"{exchange.method} {path}"


def _masked(exchange: Exchange) -> str:
    return re.sub(r"\d+", "{n}", _pattern(exchange))


def _step(exchanges: Sequence[Exchange], burst: Burst | None) -> Step:
    first = exchanges[0]
    if len(exchanges) == 1:
        return Step(printable(f"{first.method} {first.path}", WHAT_CHARS), _answers(exchanges))
    patterns = {_pattern(exchange) for exchange in exchanges}
    what = printable(patterns.pop() if len(patterns) == 1 else _masked(first), WHAT_CHARS)
    begun = [exchange.planned_s for exchange in exchanges]
    how = ""
    if burst is not None:
        how = (
            f", spread over {amount(max(begun) - min(begun), 's')}"
            if burst.steady
            else ", all at once"
        )
    return Step(f"{len(exchanges)} × {what}{how}", _answers(exchanges))


def _answers(exchanges: Sequence[Exchange]) -> str:
    outcomes = Counter(error_word(one) or str(one.status) for one in exchanges)
    told = ", ".join(
        outcome if len(exchanges) == 1 else f"{count} × {outcome}"
        for outcome, count in outcomes.most_common(4)
    )
    shortest, longest = (
        min(one.elapsed_s for one in exchanges),
        max(one.elapsed_s for one in exchanges),
    )
    first, last = amount(shortest, "s"), amount(longest, "s")
    return f"{told}, after {last}" if first == last else f"{told}, after {first} to {last}"


def _connections(attempt: Attempt) -> list[str]:
    told = []
    for service in dict.fromkeys(connection.service for connection in attempt.connections):
        here = [connection for connection in attempt.connections if connection.service == service]
        most = peak([(one.opened_s, one.closed_s) for one in here])
        left = sum(one.closed_s is None for one in here)
        rest = f"; {left} still open at the end" if left else ""
        told.append(
            f"The app opened {counted(len(here), 'connection')} to the "
            f"{service_name(service)}, at most {most} at once{rest}."
        )
    return told


def _counts(attempt: Attempt) -> list[str]:
    told = []
    for claim in attempt.claims:
        if isinstance(claim, CountClaim):
            wanted = f"{RELATIONS[claim.relation]} {amount(claim.limit, claim.unit)}"
            told.append(
                capital(
                    f"{printable(claim.what, WHAT_CHARS)}: {amount(claim.measured, claim.unit)}{MUST_BE}{wanted})."
                )
            )
        elif isinstance(claim, GateClaim):
            told.append(
                capital(f"{printable(claim.what, WHAT_CHARS)}: {claim.seen} of {claim.wanted}.")
            )
    return told
