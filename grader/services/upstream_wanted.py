"""The calls that a check wants: parsed, matched with the calls that arrived, and awaited."""

import json as json_module
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar
from urllib.parse import parse_qsl, unquote

from grader.measure.attempt import AttemptContext
from grader.measure.gates import Signal, pass_gate

WantedCalls = Mapping[str, int | Sequence[object]]
"""Calls by `[METHOD ]PATH[?QUERY]`: how many, or a list with the JSON body of each."""

NAMES_SHOWN = 3
NAME_CHARS = 60
"""Limits on the calls named in a message."""


@dataclass(frozen=True)
class Target:
    """What a call asks for. Paths are compared decoded, queries regardless of their order.

    Attributes:
        path: the decoded segments.
        query: the decoded names and values, sorted.
    """

    path: tuple[str, ...]
    query: tuple[tuple[str, str], ...]


def target_of(path: str, query: str) -> Target:
    """The target of a request line's path and query."""
    segments = tuple(unquote(segment) for segment in path.split("/"))
    return Target(segments, tuple(sorted(parse_qsl(query, keep_blank_values=True))))


def body_text(body: object) -> str:
    """A JSON body in the one form in which bodies are compared. JSON has one kind of number: `5.0` is `5`."""
    try:
        return json_module.dumps(_with_whole_numbers(body), sort_keys=True)
    except RecursionError:
        return "nested too deeply"


def _with_whole_numbers(body: object) -> object:
    if isinstance(body, dict):
        return {key: _with_whole_numbers(value) for key, value in body.items()}
    if isinstance(body, list | tuple):
        return [_with_whole_numbers(value) for value in body]
    return int(body) if isinstance(body, float) and body.is_integer() else body


class Arrived(Protocol):
    """A call that arrived, as it is matched here.

    Attributes:
        claimed: whether it was returned to a check as one of the calls that it wanted.
    """

    method: str
    path: str
    query: str
    claimed: bool

    @property
    def target(self) -> Target:
        """Path and query as they are compared."""

    @property
    def text(self) -> str:
        """The JSON body as `body_text` returns it; `null` if there is none."""

    @property
    def left(self) -> bool:
        """Whether the solution gave it up."""


Each = TypeVar("Each", bound=Arrived)


@dataclass(frozen=True)
class Slot:
    """One wanted call.

    Attributes:
        method: None for any.
        body: as `body_text` returns it; None for any.
        name: in messages.
    """

    target: Target
    method: str | None
    body: str | None
    name: str

    def fits(self, call: Arrived) -> bool:
        """Whether this call is wanted here. The target is compared elsewhere."""
        return self.method in (None, call.method) and self.body in (None, call.text)


def slots_of(wanted: WantedCalls) -> tuple[Slot, ...]:
    """The wanted calls one by one, in their order.

    Raises:
        ValueError: a key or a count is wrong, or two keys mean the same calls.
    """
    slots: list[Slot] = []
    methods: dict[Target, set[str | None]] = defaultdict(set)
    for key, calls in wanted.items():
        method, target = _parsed(key)
        if methods[target] and (method is None or methods[target] & {None, method}):
            raise ValueError(f"two keys of the wanted calls mean the same calls; one is {key!r}")
        methods[target].add(method)
        if isinstance(calls, str | bytes | Mapping):
            raise ValueError(f"{key!r} wants {calls!r}; give a count or a list of JSON bodies")
        bodies = [None] * calls if isinstance(calls, int) else [body_text(body) for body in calls]
        if isinstance(calls, int) and calls < 0:
            raise ValueError(f"{key!r} wants {calls} calls; give a count of 0 or more")
        slots += [
            Slot(target, method, body, key if body is None else f"{key} {body}") for body in bodies
        ]
    return tuple(slots)


def _parsed(key: str) -> tuple[str | None, Target]:
    method, _, rest = key.rpartition(" ")
    path, _, query = rest.partition("?")
    if not path.startswith("/") or "*" in path or (method and not method.isupper()):
        raise ValueError(
            f"{key!r} does not name calls; write `/path`, `GET /path` or `/path?query`, without `*`"
        )
    return method or None, target_of(path, query)


def match(slots: Sequence[Slot], calls: Iterable[Each]) -> list[Each | None]:
    """The call for each slot, None where there is none; each call at most once.

    Earlier calls go first, but calls that the solution has given up go last: of a call that left and came again, the
    one that came is meant.

    Args:
        slots: the wanted calls.
        calls: in the order of their arrival.
    """
    free: dict[Target, list[Each]] = defaultdict(list)
    for call in sorted(calls, key=lambda call: call.left):
        free[call.target].append(call)
    matched: list[Each | None] = []
    for slot in slots:
        candidates = free.get(slot.target, [])
        position = next((n for n, call in enumerate(candidates) if slot.fits(call)), None)
        matched.append(None if position is None else candidates.pop(position))
    return matched


class Visitor(Protocol):
    """A visitor, as returned by `server.start`."""

    @property
    def served(self) -> bool:
        """Whether a complete answer has arrived."""


def all_served(visitors: Collection[Visitor]) -> bool:
    """Whether there are visitors and all of them have been answered."""
    return bool(visitors) and all(visitor.served for visitor in visitors)


def call_name(call: Arrived, with_body: bool = False) -> str:
    """A call in messages: `GET /prices/7?x=1`."""
    target = f"{call.path}?{call.query}" if call.query else call.path
    body = f" {call.text}" if with_body and call.text != "null" else ""
    return f"{call.method} {target}{body}"


def listed(names: Iterable[str]) -> str:
    """Some names, shortened: "/a (2 ×), /b and 3 more"."""
    counts = Counter(name if len(name) <= NAME_CHARS else f"{name[:NAME_CHARS]}…" for name in names)
    shown = [f"{name} ({n} ×)" if n > 1 else name for name, n in counts.items()]
    more = len(shown) - NAMES_SHOWN
    return ", ".join(shown[:NAMES_SHOWN]) + (f" and {more} more" if more > 0 else "")


def shortfall(slots: Sequence[Slot], calls: Sequence[Each]) -> str:
    """Which calls are missing and which came instead, for a gate; all that are wanted if none is missing."""
    matched = match(slots, calls)
    missing = [slot.name for slot, call in zip(slots, matched, strict=True) if call is None]
    taken = {id(call) for call in matched}
    with_body = any(slot.body is not None for slot in slots)
    instead = [call_name(call, with_body) for call in calls if id(call) not in taken]
    what = f"calls to {listed(missing or [slot.name for slot in slots])}"
    return f"{what} (instead: {listed(reversed(instead))})" if missing and instead else what


async def claim_arrivals(
    attempt: AttemptContext,
    changed: Signal,
    slots: Sequence[Slot],
    calls: Callable[[], list[Each]],
    *,
    is_enough: Callable[[], bool] = lambda: False,
    within_s: float | None = None,
) -> list[Each]:
    """Wait until all wanted calls are there or `is_enough()`, claim them and return them in the order of the slots.

    Args:
        attempt: measures own time and records the gate.
        changed: set whenever a call arrives or changes.
        slots: the wanted calls.
        calls: returns the calls to choose from; those already claimed are left out.

    Raises:
        GateMissed: calls are missing.
    """

    def unclaimed() -> list[Each]:
        return [call for call in calls() if not call.claimed]

    def seen() -> int:
        return len(slots) if is_enough() else len(found(slots, unclaimed()))

    await pass_gate(
        attempt, lambda: shortfall(slots, unclaimed()), len(slots), seen, changed, within_s=within_s
    )
    claimed = found(slots, unclaimed())
    for call in claimed:
        call.claimed = True
    return claimed


def found(slots: Sequence[Slot], calls: Iterable[Each]) -> list[Each]:
    """The calls that match slots, in the order of the slots."""
    return [call for call in match(slots, calls) if call is not None]
