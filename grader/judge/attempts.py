"""Finds the first thing wrong in an attempt, and the circumstances that explain it. Pure."""

from collections.abc import Sequence
from dataclasses import replace

from grader.evidence.machine import Machine
from grader.evidence.run import Attempt
from grader.evidence.server import ServerLife, Stall
from grader.evidence.traffic import ExchangeError
from grader.findings import (
    Crashed,
    Finding,
    Hung,
    HungAtStart,
    LimitExceeded,
    Mishap,
    NothingAsserted,
    Phase,
)
from grader.judge.claims import Exchanges, examine_claim
from grader.judge.lateness import doubt_lateness
from grader.judge.rule import DEADLINE_SHARE
from grader.judge.witnesses import Doubt, Miss, is_own_doing
from grader.report import Circumstances, StallSite

OUTPUT_LINES = 12
"""Maximum number of output lines in a finding, from the end; the report page shows all of the output."""

SITES = 3
"""Maximum number of blocking lines that are reported; the worst one nearly always explains the miss."""

SIGKILL_CODE = -9
"""Exit code of a process that was killed by SIGKILL. A SIGKILL that the grader did not send may come from the kernel's
out-of-memory killer or from another user, so the crash must recur on a fresh server. An app that kills itself does so
again."""


def exchanges_by_id(attempt: Attempt) -> Exchanges:
    """The exchanges of an attempt by their ids."""
    return {exchange.id: exchange for exchange in attempt.exchanges}


def examine_attempt(attempt: Attempt, exchanges: Exchanges | None = None) -> Miss | None:
    """The first thing wrong in an attempt, or None if it passes.

    Args:
        attempt: the attempt to examine.
        exchanges: the attempt's exchanges by id, if the caller has already indexed them.
    """
    exchanges = exchanges_by_id(attempt) if exchanges is None else exchanges
    miss = _first_miss(attempt, exchanges)
    if miss is not None and miss.is_late:
        miss = doubt_lateness(miss, attempt, exchanges)
    if miss is not None and miss.is_certain and attempt.life is not None:
        return replace(miss, doubt=_doubt_of_stop(miss.finding, attempt.life))
    return miss


def circumstances_of(attempt: Attempt, miss: Miss, machine: Machine | None) -> Circumstances:
    """The circumstances of a miss: they explain it and decide nothing.

    Args:
        attempt: the attempt with the miss.
        miss: what is wrong.
        machine: what kept the machine busy during all attempts at the check; None if it was not measured.
    """
    return Circumstances(
        stalls=stall_sites(attempt.stalls),
        waiting=attempt.waiting,
        watch=miss.doubt.watch if miss.doubt is not None else None,
        machine=machine,
    )


def stall_sites(stalls: Sequence[Stall]) -> tuple[StallSite, ...]:
    """The lines that blocked the event loop longest, at most `SITES`, worst first."""
    frames = {(stall.frame.file, stall.frame.line): stall.frame for stall in stalls}
    sites = []
    for place, frame in frames.items():
        here = [
            stall.duration_s for stall in stalls if (stall.frame.file, stall.frame.line) == place
        ]
        sites.append(StallSite(frame=frame, count=len(here), total_s=sum(here)))
    return tuple(sorted(sites, key=lambda site: -site.total_s)[:SITES])


def _first_miss(attempt: Attempt, exchanges: Exchanges) -> Miss | None:
    if attempt.mishap:
        return Miss(Mishap(text=attempt.mishap))
    if attempt.life is not None and (miss := _examine_life(attempt.life)) is not None:
        return miss
    for index, claim in enumerate(attempt.claims):
        if (miss := examine_claim(claim, exchanges)) is not None:
            return replace(miss, claim=index)
    if attempt.hung_in_s is not None:
        deadline_s = attempt.hung_in_s
        doubt = Doubt(attempt.watch, deadline_s * DEADLINE_SHARE)
        return Miss(Hung(deadline_s=deadline_s), doubt)
    cut_off = any(exchange.error is ExchangeError.CUT_OFF for exchange in attempt.exchanges)
    if not attempt.claims or cut_off or not _has_evidence(attempt):
        return Miss(NothingAsserted())
    return None


def _has_evidence(attempt: Attempt) -> bool:
    """Whether the grader saw the solution do anything; otherwise a pass would mean nothing."""
    answered = any(exchange.status is not None for exchange in attempt.exchanges)
    return answered or bool(attempt.events)


def _examine_life(life: ServerLife) -> Miss | None:
    if life.exceeded is not None:
        return Miss(LimitExceeded(excess=life.exceeded))
    if _exited_unasked(life):
        must_recur = life.exit_code == SIGKILL_CODE
        return Miss(_crash_of(life), Doubt() if must_recur else None)
    if life.killed and life.shutdown_s is not None and life.stop_watch is not None:
        # It shut down so late that the grader killed it before the check could look.
        waited_s = life.stop_watch.elapsed_s
        return Miss(Hung(deadline_s=waited_s), Doubt(life.stop_watch, waited_s * DEADLINE_SHARE))
    if life.ready_s is None and life.start_watch is not None:
        waited_s = life.start_watch.elapsed_s
        doubt = Doubt(life.start_watch, waited_s * DEADLINE_SHARE)
        return Miss(HungAtStart(waited_s=waited_s, output=_last_output(life)), doubt)
    return None


def _doubt_of_stop(finding: Finding, life: ServerLife) -> Doubt | None:
    """Why a miss may be noise although no clock limits it: the grader killed the server while it stopped, and nothing
    shows that the app itself took the time. None if it is certain.
    """
    watch = life.stop_watch
    if not life.killed or watch is None or isinstance(finding, Mishap | NothingAsserted):
        return None
    if life.exceeded is not None or is_own_doing(watch, watch.elapsed_s * DEADLINE_SHARE):
        return None
    return Doubt(watch)


def _exited_unasked(life: ServerLife) -> bool:
    """Whether the server exited before it was asked to stop, or before the grader could see what it had left open."""
    exited_first = life.exited_s is not None and (
        life.stop_asked_s is None or life.exited_s < life.stop_asked_s
    )
    return exited_first or life.left_early


def _crash_of(life: ServerLife) -> Crashed:
    crash = life.crash
    return Crashed(
        phase=Phase.START if life.ready_s is None else Phase.LOAD,
        exit_code=life.exit_code,
        error=f"{crash.type}: {crash.message}" if crash else "",
        frames=crash.frames if crash else (),
        output=_last_output(life),
    )


def _last_output(life: ServerLife) -> tuple[str, ...]:
    return tuple(life.log.strip().splitlines()[-OUTPUT_LINES:])
