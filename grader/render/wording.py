"""Turns findings into plain sentences, for every renderer the same."""

from grader.evidence.machine import Machine
from grader.evidence.server import WaitingTask
from grader.render.text import printable
from grader.report import CheckResult, Finding, FindingKind, Outcome, Report, StallSite, Verdict

MESSAGE_CHARS = 1000
UNIT_CHARS = 20

HUGE = 1e12
"""Numbers from here on, and what is no number, are told by their size; no grading measures them."""

OTHERS_SHOWN = 5
"""How many of the other processes that were busy are named."""

SERIAL_SHARE = 0.7
"""Requests that together took this share of the sum of their times, or more, were served one after another."""

LAG_WORTH_TELLING_S = 0.05

RELATIONS = {"equals": "exactly", "at_most": "at most", "at_least": "at least"}


def amount(value: float, unit: str) -> str:
    """A number with its unit: "1.22 s", "30", "0.11 s"."""
    if not abs(value) < HUGE:
        return f"{value:.3g} {printable(unit, UNIT_CHARS)}".strip()
    if unit == "s":
        return f"{value:.2f} s" if value >= 0.0995 else f"{value * 1000:.0f} ms"
    number = f"{value:.0f}" if value == int(value) else f"{value:.2f}"
    return f"{number} {printable(unit, UNIT_CHARS)}".strip()


def counted(count: int, noun: str) -> str:
    """So many of something: "1 call", "3 queries"."""
    return f"{count} {noun if count == 1 else plural(noun)}"


def plural(noun: str) -> str:
    """Of a regular noun: "calls", "queries"."""
    return f"{noun[:-1]}ies" if noun.endswith("y") and noun[-2:-1] not in "aeiou" else f"{noun}s"


def figures(result: CheckResult) -> str:
    """What was measured and the limit, in short; empty when the check turned on no number."""
    if result.measured is None or result.limit is None:
        return ""
    finding = result.finding
    if finding is not None and finding.kind in (
        FindingKind.NO_ANSWER,
        FindingKind.HUNG,
        FindingKind.HUNG_AT_START,
    ):
        return f"nothing for {amount(result.measured, result.unit)}"
    if finding is not None and finding.kind is FindingKind.NEVER_CAME:
        return f"{finding.count} of {finding.total}"
    word = RELATIONS[result.relation] if result.relation is not None else "limit"
    return f"{amount(result.measured, result.unit)} ({word} {amount(result.limit, result.unit)})"


def message(result: CheckResult) -> str:
    """One sentence about why a check did not pass; empty when it did."""
    if result.finding is None:
        return (
            "Not run: the solution did not get that far."
            if result.outcome is Outcome.NOT_RUN
            else ""
        )
    sentence = printable(_SENTENCES[result.finding.kind](result.finding), MESSAGE_CHARS)
    sentence = sentence[:1].upper() + sentence[1:]
    if result.outcome is Outcome.INCONCLUSIVE:
        return f"{sentence} But this machine was too busy to tell whose fault that is."
    return sentence


def summary(report: Report) -> str:
    """One sentence about the whole."""
    passed = sum(check.outcome is Outcome.PASSED for check in report.checks)
    total = len(report.checks)
    duration = amount(report.duration_s, "s")
    if report.verdict is Verdict.PASSED:
        return f"Passed: all {total} checks hold ({duration})."
    if report.verdict is Verdict.FAILED:
        return f"Failed: {passed} of {total} checks hold ({duration})."
    if report.verdict is Verdict.INCONCLUSIVE:
        return (
            f"Inconclusive: this machine could not tell ({duration}). Nothing is held against you."
        )
    return f"Broken: the grader or its surroundings failed, not your solution ({duration})."


def stall(site: StallSite) -> str:
    """Where the event loop stood still."""
    times = "once" if site.count == 1 else f"{site.count} times"
    source = f" `{printable(site.frame.source, 60)}`" if site.frame.source else ""
    place = f"{printable(site.frame.file, 60)}:{site.frame.line}{source}"
    return f"The event loop stood still {times}, {amount(site.total_s, 's')} in all, at {place}"


def waiting(task: WaitingTask) -> str:
    """Where tasks of the solution were waiting."""
    who = "A task was" if task.count == 1 else f"{task.count} tasks were"
    place = f"{printable(task.frame.file, 60)}:{task.frame.line}"
    return f"{who} waiting at {place} `{printable(task.frame.source, 60)}`"


def busy_machine(finding: Finding) -> list[str]:
    """What kept the machine busy while something was timed, as far as it is known."""
    lines = []
    watch, machine = finding.watch, finding.machine
    if watch is not None and watch.server is not None and watch.grader is not None:
        lines.append(
            f"Of {amount(watch.elapsed_s, 's')} the server waited {amount(watch.server.waited_s, 's')} and the grader "
            f"{amount(watch.grader.waited_s, 's')} for a core; "
            f"{amount(max(0.0, watch.own_s or 0.0), 's')} were the code's own."
        )
    if watch is not None and watch.loop_lag_s > LAG_WORTH_TELLING_S:
        lines.append(f"The grader itself was up to {amount(watch.loop_lag_s, 's')} late.")
    if machine is not None:
        lines.append(_load_of(machine))
    return lines


def _load_of(machine: Machine) -> str:
    parts = [
        f"{amount(machine.busy_s, 's')} of CPU were used in {amount(machine.elapsed_s, 's')} on {machine.cores} cores"
    ]
    if machine.steal_s:
        parts.append(f"{amount(machine.steal_s, 's')} stolen by the hypervisor")
    if machine.throttled_s:
        parts.append(f"{amount(machine.throttled_s, 's')} throttled by a CPU limit")
    parts += [
        f"{amount(other.cpu_s, 's')} by {printable(other.name, 40)} ({other.pid})"
        for other in machine.others[:OTHERS_SHOWN]
    ]
    return f"{', '.join(parts)}."


def _crashed_at_start(finding: Finding) -> str:
    return f"The app ended before it was ready ({finding.observed}){_because(finding)}"


def _crashed_under_load(finding: Finding) -> str:
    return f"The app's process ended while it was serving ({finding.observed}){_because(finding)}"


def _because(finding: Finding) -> str:
    if "has no attribute 'app'" in finding.error and "AttributeError" in finding.error:
        return ": app.py defines no `app`; name the FastAPI application `app`."
    return f": {printable(finding.error)}" if finding.error else "."


def _hung_at_start(finding: Finding) -> str:
    return (
        f"The app was not ready after {amount(finding.measured or 0, 's')}: its "
        "import or its lifespan does not come to an end."
    )


OWN_EXCESSES = {
    "memory_bytes": ("Memory", "of all its processes together"),
    "processes": ("Processes:", "at once"),
    "threads": ("Threads:", "of all its processes together"),
    "cpu_s": ("CPU time", "of all its processes together"),
    "output_bytes": ("Output", "on stdout and stderr"),
}
"""Limits of the server's own processes; a service says itself what its limits are of."""

MIB = 1024 * 1024


def _limit_exceeded(finding: Finding) -> str:
    what, of = OWN_EXCESSES.get(finding.subject, (finding.subject, "together"))
    if finding.excess is not None and finding.excess.noun:
        what, of = finding.excess.noun, finding.excess.of
    limit = finding.limit or 0
    told = (
        f"{limit / MIB:.0f} MiB"
        if finding.subject.endswith("_bytes")
        else amount(limit, "s" if finding.subject.endswith("_s") else "")
    )
    return f"{what} {told} exceeded, {of}; the app was ended."


def _hung(finding: Finding) -> str:
    return f"The check had not come to an end after {amount(finding.measured or 0, 's')}."


def _no_answer(finding: Finding) -> str:
    who = (
        f"{finding.count} of {finding.total} requests like {printable(finding.subject)}"
        if finding.total > 1
        else printable(finding.subject)
    )
    if finding.measured is not None:
        return f"{who} got no answer within {amount(finding.measured, 's')}."
    return f"{who} got no answer: {finding.observed}."


def _wrong_status(finding: Finding) -> str:
    which = printable(finding.subject)
    if finding.total > 1:
        which = f"{finding.count} of {finding.total} requests like {which}"
    return f"{which} should answer {finding.expected}, but got {printable(finding.observed)}."


def _wrong_value(finding: Finding) -> str:
    return (
        f"{printable(finding.subject)} should be {printable(finding.expected)}, "
        f"but was {printable(finding.observed)}."
    )


def _wrong_count(finding: Finding) -> str:
    relation = RELATIONS.get(finding.expected, finding.expected)
    measured, limit = (
        amount(finding.measured or 0, finding.unit),
        amount(finding.limit or 0, finding.unit),
    )
    return f"{printable(finding.subject)}: {measured}; there should be {relation} {limit}."


def _too_slow(finding: Finding) -> str:
    measured = amount(finding.measured or 0, "s")
    took = f"{printable(finding.subject)} took {measured}"
    if finding.observed:
        took = f"{printable(finding.subject)} took more than {measured}"
        if finding.total > 1:
            took = f"{printable(finding.subject)}: only {finding.count} were answered within {measured}"
    limit = f"the limit is {amount(finding.limit or 0, 's')}"
    if finding.alone_s is None or finding.measured is None or finding.total < 2:
        return f"{took}; {limit}."
    in_turn = (
        finding.measured > SERIAL_SHARE * (finding.count + bool(finding.observed)) * finding.alone_s
    )
    together = " They were served one after another." if in_turn else ""
    return f"{took}; one alone takes {amount(finding.alone_s, 's')} and {limit}.{together}"


def _too_fast(finding: Finding) -> str:
    took = amount(finding.measured or 0, "s")
    return (
        f"{printable(finding.subject)} was over after {took}; the work alone "
        f"takes {amount(finding.limit or 0, 's')}."
    )


def _never_came(finding: Finding) -> str:
    waited = amount(finding.watch.elapsed_s, "s") if finding.watch is not None else "a long time"
    return f"{printable(finding.subject)}: only {finding.count} of {finding.total} after {waited}."


def _mishap(finding: Finding) -> str:
    return printable(finding.observed)


def _nothing_asserted(finding: Finding) -> str:
    return "The check ended without having stated anything, which is a fault of the kata."


_SENTENCES = {
    FindingKind.CRASHED_AT_START: _crashed_at_start,
    FindingKind.CRASHED_UNDER_LOAD: _crashed_under_load,
    FindingKind.HUNG_AT_START: _hung_at_start,
    FindingKind.LIMIT_EXCEEDED: _limit_exceeded,
    FindingKind.HUNG: _hung,
    FindingKind.NO_ANSWER: _no_answer,
    FindingKind.WRONG_STATUS: _wrong_status,
    FindingKind.WRONG_VALUE: _wrong_value,
    FindingKind.WRONG_COUNT: _wrong_count,
    FindingKind.TOO_SLOW: _too_slow,
    FindingKind.TOO_FAST: _too_fast,
    FindingKind.NEVER_CAME: _never_came,
    FindingKind.MISHAP: _mishap,
    FindingKind.NOTHING_ASSERTED: _nothing_asserted,
}
