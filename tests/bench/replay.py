"""Makes a plan for the bare script from a saved run."""

import json
from typing import Any

from grader.evidence.run import Attempt, Run, Subject
from grader.evidence.traffic import EventEnd, ExchangeError

LEFT = (ExchangeError.LEFT, ExchangeError.TIMED_OUT, ExchangeError.CUT_OFF)
"""Exchanges that the visitor ended, not the server."""


def plan_of(run: Run) -> dict[str, Any]:
    """What each check of a run sent, and when, and how long the upstream took for each call."""
    attempts = [
        [attempt for attempt in record.attempts if attempt.subject is Subject.SOLUTION]
        for record in run.checks
    ]
    return {
        "checks": [
            _check(of_check[-1]) for of_check in attempts if of_check and of_check[-1].exchanges
        ]
    }


def _check(attempt: Attempt) -> dict[str, Any]:
    began_s = min(exchange.planned_s for exchange in attempt.exchanges)
    delays: dict[str, list[float | None]] = {}
    for call in (event for event in attempt.events if event.service == "upstream"):
        answered = call.end is EventEnd.ANSWERED and call.answered_s is not None
        path = call.what.partition(" ")[2].partition("?")[0]
        delays.setdefault(path, []).append(
            (call.answered_s or 0.0) - call.began_s if answered else None
        )
    return {
        "requests": [
            {
                "at_s": exchange.planned_s - began_s,
                "method": exchange.method,
                "path": exchange.path,
                "status": exchange.status,
                "leave_s": exchange.elapsed_s if exchange.error in LEFT else None,
            }
            for exchange in attempt.exchanges
        ],
        "delays": delays,
        "body": _stub_body(attempt),
    }


def _stub_body(attempt: Attempt) -> dict[str, Any]:
    """An answer of the upstream that suits the app. The evidence only has the app's answers, which mostly have the same
    keys; `value` is what the grader's upstream answers by default.
    """
    body: dict[str, Any] = {"value": 1}
    for exchange in attempt.exchanges:
        try:
            answer = json.loads(exchange.body)
        except ValueError:
            continue
        if isinstance(answer, dict):
            body |= answer
    return body
