"""The calls of a solution since some moment, and the claim that there were exactly these."""

import fnmatch
from collections import Counter

from grader.evidence.claims import ValueClaim
from grader.measure.claims import canonical, state_claim
from grader.services.upstream_calls import Call, CallBook
from grader.services.upstream_wanted import WantedCalls, call_name, claim_arrivals, match, slots_of

WHOLE_CHARS = 150
"""Longer lists of calls are claimed without what is right in both, because a message shows little more than this."""


class Asked:
    """The calls since it was made; returned by `Upstream.since`.

    Args:
        book: the calls of the check.
    """

    def __init__(self, book: CallBook) -> None:
        self._book = book
        self._began = book.attempt.recorder.new_id()

    @property
    def calls(self) -> list[Call]:
        """The calls since then, in the order of their arrival."""
        return [call for call in self._book.calls if call.record.id > self._began]

    def matching(self, pattern: str) -> list[Call]:
        """Those of the calls that go to matching paths."""
        return [call for call in self.calls if fnmatch.fnmatchcase(call.path, pattern)]

    async def arrivals(self, wanted: WantedCalls, within_s: float | None = None) -> list[Call]:
        """Wait until these calls have arrived, and return them; see `Upstream.arrivals`. Earlier calls do not count.

        Raises:
            GateMissed: calls were missing.
            ValueError: `wanted` is wrong.
        """
        book = self._book
        return await claim_arrivals(
            book.attempt, book.changed, slots_of(wanted), lambda: self.calls, within_s=within_s
        )

    def exactly(self, wanted: WantedCalls) -> list[Call]:
        """State that these calls and no others have arrived; returns them in the order of `wanted`.

        It waits for nothing: call it once the calls must have arrived, and after `server.quiet()` if there must be no
        further ones.

        Raises:
            ClaimMissed: calls are missing, or there were others.
            ValueError: `wanted` is wrong.
        """
        slots, calls = slots_of(wanted), self.calls
        found = match(slots, calls)
        names = {id(call): slot.name for slot, call in zip(slots, found, strict=True)}
        with_body = any(slot.body is not None for slot in slots)
        seen = Counter(names.get(id(call)) or call_name(call, with_body) for call in calls)
        state_claim(self._book.attempt.recorder, exact_claim(Counter(s.name for s in slots), seen))
        kept = [call for call in found if call is not None]
        for call in kept:
            call.claimed = True
        return kept


def exact_claim(wanted: Counter[str], seen: Counter[str]) -> ValueClaim:
    """The claim that two lists of calls are alike. If they are long and differ, only the difference is kept."""
    what = "the list of calls"
    if wanted != seen and max(len(_text(wanted)), len(_text(seen))) > WHOLE_CHARS:
        wanted, seen, what = (
            wanted - seen,
            seen - wanted,
            "the list of calls, without the right ones,",
        )
    return ValueClaim(what=what, wanted=_text(wanted), seen=_text(seen))


def _text(names: Counter[str]) -> str:
    return canonical(sorted(names.elements()))
