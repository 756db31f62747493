"""Turns findings into plain sentences, the same for every renderer."""

from typing import assert_never

from grader.evidence.claims import Relation
from grader.evidence.server import Excess
from grader.evidence.traffic import ExchangeError
from grader.findings import (
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
    TooFast,
    TooSlow,
    WrongCount,
    WrongStatus,
    WrongValue,
)
from grader.render.text import printable
from grader.report import CheckResult, Outcome, Report, Verdict

MESSAGE_CHARS = 1000
UNIT_CHARS = 20

HUGE = 1e12
"""Larger numbers, infinities and NaN are shown in short form; real gradings do not have them."""

SERIAL_SHARE = 0.7
"""A burst that takes at least this share of the sum of its requests' times was served one request after another."""

RELATIONS = {
    Relation.EQUALS: "exactly",
    Relation.AT_MOST: "at most",
    Relation.AT_LEAST: "at least",
}

ERROR_WORDS = {
    ExchangeError.REFUSED: "connection refused",
    ExchangeError.CLOSED: "connection closed without an answer",
    ExchangeError.TIMED_OUT: "no answer",
    ExchangeError.MALFORMED: "not valid HTTP",
    ExchangeError.TOO_LARGE: "answer too large",
    ExchangeError.LEFT: "the visitor had left",
    ExchangeError.CUT_OFF: "cut off",
}
"""Why a request got no complete answer."""


def amount(value: float, unit: str) -> str:
    """A number with its unit: "1.22 s", "30", "0.11 s"."""
    if not abs(value) < HUGE:
        return f"{value:.3g} {printable(unit, UNIT_CHARS)}".strip()
    if unit == "s":
        return f"{value:.2f} s" if value >= 0.0995 else f"{value * 1000:.0f} ms"
    number = f"{value:.0f}" if value == int(value) else f"{value:.2f}"
    return f"{number} {printable(unit, UNIT_CHARS)}".strip()


def counted(count: int, noun: str) -> str:
    """A number with its noun: "1 call", "3 queries"."""
    return f"{count} {noun if count == 1 else plural(noun)}"


def plural(noun: str) -> str:
    """The plural of a regular noun: "calls", "queries"."""
    return f"{noun[:-1]}ies" if noun.endswith("y") and noun[-2:-1] not in "aeiou" else f"{noun}s"


def figures(result: CheckResult) -> str:
    """The measured number and its limit, abbreviated; empty if no number decided the check."""
    if result.measured is None or result.limit is None:
        return ""
    match result.finding:
        case NoAnswer() | Hung() | HungAtStart():
            return f"nothing for {amount(result.measured, result.unit)}"
        case GateNotOpened(seen=seen, wanted=wanted):
            return f"{seen} of {wanted}"
        case None | Crashed() | LimitExceeded() | WrongStatus() | WrongValue() | WrongCount():
            pass
        case TooSlow() | TooFast() | Mishap() | NothingAsserted():
            pass
        case _:
            assert_never(result.finding)
    word = RELATIONS[result.relation] if result.relation is not None else "limit"
    return f"{amount(result.measured, result.unit)} ({word} {amount(result.limit, result.unit)})"


def message(result: CheckResult) -> str:
    """One or two sentences that say why a check did not pass; empty if it passed."""
    if result.finding is None:
        return (
            "Not run: the solution did not get that far."
            if result.outcome is Outcome.NOT_RUN
            else ""
        )
    sentence = printable(_sentence(result.finding), MESSAGE_CHARS)
    sentence = sentence[:1].upper() + sentence[1:]
    if result.outcome is Outcome.INCONCLUSIVE:
        return f"{sentence} But this machine was too busy to tell whether your code caused it."
    return sentence


def summary(report: Report) -> str:
    """One or two sentences about the whole grading."""
    passed = sum(check.outcome is Outcome.PASSED for check in report.checks)
    total = len(report.checks)
    duration = amount(report.duration_s, "s")
    if report.verdict is Verdict.PASSED:
        return f"Passed: all {total} checks passed ({duration})."
    if report.verdict is Verdict.FAILED:
        return f"Failed: {passed} of {total} checks passed ({duration})."
    if report.verdict is Verdict.INCONCLUSIVE:
        return f"Inconclusive: this machine could not tell ({duration}). This does not count as a failure."
    return f"Broken: the grader or its surroundings failed, not your solution ({duration})."


def _sentence(finding: Finding) -> str:
    match finding:
        case Crashed():
            sentence = _crashed(finding)
        case HungAtStart():
            sentence = (
                f"The app was not ready after {amount(finding.waited_s, 's')}: its "
                "import or its lifespan start-up did not finish."
            )
        case LimitExceeded():
            sentence = _limit_exceeded(finding.excess)
        case Hung():
            sentence = f"The check did not finish within {amount(finding.deadline_s, 's')}."
        case NoAnswer():
            sentence = _no_answer(finding)
        case WrongStatus():
            sentence = _wrong_status(finding)
        case WrongValue():
            sentence = (
                f"{printable(finding.what)} should be {printable(finding.expected)}, "
                f"but was {printable(finding.observed)}."
            )
        case WrongCount():
            measured, limit = (
                amount(number, finding.unit) for number in (finding.measured, finding.limit)
            )
            relation = RELATIONS[finding.relation]
            sentence = f"{printable(finding.what)}: {measured}; there should be {relation} {limit}."
        case _:
            sentence = _sentence_on_time(finding)
    return sentence


def _sentence_on_time(
    finding: TooSlow | TooFast | GateNotOpened | Mishap | NothingAsserted,
) -> str:
    match finding:
        case TooSlow():
            return _too_slow(finding)
        case TooFast():
            return (
                f"{printable(finding.what)} finished after {amount(finding.measured_s, 's')}; the work alone "
                f"takes {amount(finding.limit_s, 's')}."
            )
        case GateNotOpened():
            seen = f"only {finding.seen} of {finding.wanted}"
            return f"{printable(finding.what)}: {seen} after {amount(finding.waited_s, 's')}."
        case Mishap():
            return printable(finding.text)
        case NothingAsserted():
            return "The check made no assertions. This is a bug in the kata."
        case _:
            assert_never(finding)


def _crashed(finding: Crashed) -> str:
    when = {
        Phase.START: "The app exited before it was ready",
        Phase.LOAD: "The app's process exited while it was serving requests",
    }[finding.phase]
    code = "unknown" if finding.exit_code is None else finding.exit_code
    ended = f"{when} (exit code {code})"
    if "has no attribute 'app'" in finding.error and "AttributeError" in finding.error:
        return f"{ended}: app.py defines no `app`; name the FastAPI application `app`."
    return f"{ended}: {printable(finding.error)}" if finding.error else f"{ended}."


OWN_EXCESSES = {
    "memory_bytes": ("Memory", "for all its processes together"),
    "processes": ("Processes", "at once"),
    "threads": ("Threads", "in all its processes together"),
    "cpu_s": ("CPU time", "for all its processes together"),
    "output_bytes": ("Output", "on stdout and stderr"),
}
"""Noun and scope of each limit on the server's processes. Services supply their own words for theirs."""

MIB = 1024 * 1024


def _limit_exceeded(excess: Excess) -> str:
    what, of = OWN_EXCESSES.get(excess.what, (excess.what, "in all"))
    if excess.noun:
        what, of = excess.noun, excess.of
    limit = (
        f"{excess.limit / MIB:.0f} MiB"
        if excess.what.endswith("_bytes")
        else amount(excess.limit, "s" if excess.what.endswith("_s") else "")
    )
    return f"{what}: the limit of {limit} {of} was exceeded, so the app was stopped."


def _no_answer(finding: NoAnswer) -> str:
    who = _requests(finding.request, finding.count, finding.total)
    if finding.reason is ExchangeError.TIMED_OUT:
        return f"{who} got no answer within {amount(finding.waited_s, 's')}."
    return f"{who} got no answer: {ERROR_WORDS[finding.reason]}."


def _wrong_status(finding: WrongStatus) -> str:
    expected = " or ".join(str(status) for status in finding.allowed)
    seen = ", ".join(
        f"{kind.status}" if finding.total == 1 else f"{kind.count} × {kind.status}"
        for kind in finding.seen
    )
    got = printable(f"{seen} {finding.body}" if finding.body else seen)
    which = _requests(finding.request, finding.count, finding.total)
    return f"{which} should answer {expected}, but got {got}."


def _requests(request: str, count: int, total: int) -> str:
    like = printable(request)
    return f"{count} of {total} requests like {like}" if total > 1 else like


def _too_slow(finding: TooSlow) -> str:
    measured, limit = amount(finding.measured_s, "s"), amount(finding.limit_s, "s")
    took = f"{printable(finding.what)} took {measured}"
    if finding.is_cut:
        took = f"{printable(finding.what)} took more than {measured}"
        if finding.total > 1:
            took = f"{printable(finding.what)}: only {finding.answered} were answered within {measured}"
    if finding.alone_s is None or finding.total < 2:
        return f"{took}; the limit is {limit}."
    served = finding.answered + finding.is_cut
    in_turn = finding.measured_s > SERIAL_SHARE * served * finding.alone_s
    together = " They were served one after another." if in_turn else ""
    alone = amount(finding.alone_s, "s")
    return f"{took}; a single one takes {alone}, and the limit is {limit}.{together}"
