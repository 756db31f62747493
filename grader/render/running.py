"""The output of `kata run`: addresses; a line for each request, service event and round of load; the end of the run."""

import json
import shlex
import time
from collections.abc import Callable, Mapping

from grader.catalog.load import LoadRequest
from grader.evidence.server import ServerLife
from grader.evidence.traffic import EventEnd, ServiceEvent
from grader.load.rounds import Round
from grader.render.text import printable
from grader.tools.foreground import App, Broken, Request

PATH_CHARS = 200
METHOD_CHARS = 20
NAME_CHARS = 20
ERROR_CHARS = 300

LINES_PER_S = 40
"""Further lines within the same second are counted but not shown."""

ERRORS_SHOWN = 4


class Throttle:
    """Admits `LINES_PER_S` lines per second, and counts the rest.

    Args:
        clock: returns the time in seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._second = 0
        self._shown = 0
        self._left_out = 0

    def admits(self) -> bool:
        """Count a line; returns whether to show it."""
        second = int(self._clock())
        if second != self._second:
            self._second, self._shown = second, 0
        self._shown += 1
        if self._shown <= LINES_PER_S:
            return True
        self._left_out += 1
        return False

    def take_left_out(self) -> str:
        """A message about lines left out since the previous call; empty if there were none."""
        count, self._left_out = self._left_out, 0
        return f"… {count} more lines, too many to show" if count else ""


def request_line(request: Request) -> str:
    """The line for a request: "app       200   101 ms  GET /labels/7"."""
    return _line(
        "app",
        str(request.status) if request.status is not None else "none",
        request.ms,
        f"{printable(request.method, METHOD_CHARS)} {printable(request.path, PATH_CHARS)}",
    )


def event_line(event: ServiceEvent) -> str:
    """The line for a finished event of a service: "upstream   200   101 ms  GET /labels/7"."""
    outcome = {EventEnd.CLIENT_LEFT: "left", EventEnd.CUT: "cut"}.get(
        event.end, printable(event.outcome, NAME_CHARS)
    )
    took_s = (event.ended_s or event.began_s) - event.began_s
    return _line(
        printable(event.service, NAME_CHARS),
        outcome,
        1000 * took_s,
        printable(event.what, METHOD_CHARS + PATH_CHARS),
    )


def _line(who: str, outcome: str, ms: float, what: str) -> str:
    return f"{who:<8}  {outcome:>4}  {min(ms, 999_999):>6.0f} ms  {what}"


def round_line(summary: Round, services: Mapping[str, str]) -> str:
    """The line for a round of load: requests, median, slowest, errors, and the services' summaries."""
    words = [f"{summary.number:>4}", f"{summary.asked} requests"]
    if summary.median_s is not None and summary.slowest_s is not None:
        words += [
            f"median {1000 * summary.median_s:.0f} ms",
            f"slowest {1000 * summary.slowest_s:.0f} ms",
        ]
    words.append(_errors(summary.errors))
    words += [f"{name} {seen}" for name, seen in services.items()]
    return "  ".join(words)


def _errors(errors: Mapping[str, int]) -> str:
    total = sum(errors.values())
    if not total:
        return "no errors"
    most = sorted(errors.items(), key=lambda item: -item[1])
    named = ", ".join(f"{count} × {error}" for error, count in most[:ERRORS_SHOWN])
    more = ", …" if len(most) > ERRORS_SHOWN else ""
    return f"{total} {'error' if total == 1 else 'errors'} ({named}{more})"


def broken_sentence(broken: Broken) -> str:
    """A sentence about why the app could not be imported."""
    place = (
        f"{printable(broken.file)}:{broken.line}"
        if broken.line is not None
        else printable(broken.file)
    )
    return f"{place} cannot be imported: {printable(broken.error, ERROR_CHARS)}."


def curl_command(request: LoadRequest, url: str) -> str:
    """The curl command for the request of the first visitor."""
    asked = request.of_visitor(1)
    words = ["curl"]
    if asked.leave_after_s is not None:
        words.append("-N")  # show a streamed answer as it arrives
    default = "GET" if asked.json is None else "POST"
    if asked.method != default:
        words += ["-X", asked.method]
    headers = dict(asked.headers)
    if asked.json is not None:
        headers = {"content-type": "application/json", **headers}
    for name, value in headers.items():
        words += ["-H", f"{name}: {value}"]
    if asked.json is not None:
        words += ["-d", json.dumps(asked.json)]
    return shlex.join([*words, url + asked.path])


def addresses(named: Mapping[str, str]) -> list[str]:
    """A line for each address, aligned."""
    width = max(map(len, named))
    return [f"  {name:<{width}}  {address}" for name, address in named.items()]


def ending(is_unexpected: bool, app: App | None, exit_code: int | None, stop_s: float) -> list[str]:
    """Lines about how a run ended.

    Args:
        is_unexpected: the app exited without being asked to.
        app: None if it was never started.
        exit_code: of an app that exited unexpectedly.
        stop_s: how many seconds the app had to stop.
    """
    if is_unexpected:
        if app is not None and app.broken is not None:
            return [broken_sentence(app.broken)]
        is_up = app is not None and app.is_ready.is_set()
        when = "unexpectedly" if is_up else "before it accepted connections"
        return [f"The app exited {when} ({_exit(exit_code)}). Its output is above."]
    if app is not None and app.was_killed and not app.in_debugger:
        return [
            "",
            f"The app did not stop within {stop_s:g} s and was killed. Nothing is left running.",
        ]
    return ["", "Stopped. Nothing is left running."]


def _exit(code: int | None) -> str:
    return f"killed by signal {-code}" if code is not None and code < 0 else f"exit code {code}"


def end_sentence(life: ServerLife, start_s: float) -> str:
    """A sentence that says why the app is not running.

    Args:
        life: of a server that was never ready or has exited.
        start_s: how many seconds it had to start.
    """
    when = "during startup" if life.ready_s is None else "under load"
    if life.exceeded is not None:
        return (
            f"The app was killed {when}: it exceeded its limit on {printable(life.exceeded.what)}."
        )
    if life.crash is not None:
        place = (
            f"{printable(life.crash.frames[-1].file)}:{life.crash.frames[-1].line}, "
            if life.crash.frames
            else ""
        )
        return (
            f"The app crashed {when}: {place}{printable(life.crash.type)}: "
            f"{printable(life.crash.message, ERROR_CHARS)}"
        )
    if life.exited_s is not None:
        return f"The app exited {when} ({_exit(life.exit_code)})."
    return f"The app accepted no connections within {start_s:g} s."
