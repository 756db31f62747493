"""`expect`: states what must hold, in the words of a check.

Each expectation records a claim with its evidence, which the judge examines at once. A claim that fails ends the check.
The same claims are judged again when a saved run is replayed.
"""

from collections.abc import Sequence
from typing import Any, overload

from grader.checks.answers import AnswerExpectation, CrowdExpectation
from grader.checks.values import NumberExpectation, ValueExpectation
from grader.load.client import Answer, Crowd


@overload
def expect(seen: Answer) -> AnswerExpectation: ...
@overload
def expect(seen: Crowd) -> CrowdExpectation: ...
@overload
def expect(seen: float, what: str, unit: str = "") -> NumberExpectation: ...
@overload
def expect(seen: str | Sequence[object] | dict[str, object], what: str) -> ValueExpectation: ...
def expect(seen: Any, what: str = "", unit: str = "") -> Any:
    """State what must hold of something that was seen.

    Args:
        seen: an answer, a crowd's answers, a count, or any other value.
        what: of a count or a value: what it is, in the learner's words: "connections opened to the upstream".
        unit: of a count, if it has one.

    Raises:
        TypeError: `what` is missing.
    """
    if isinstance(seen, Answer):
        return AnswerExpectation(seen)
    if isinstance(seen, Crowd):
        return CrowdExpectation(seen)
    if not what:
        raise TypeError(
            "expect() needs a name for this value: expect(value, 'connections opened to the upstream')"
        )
    if isinstance(seen, int | float):
        return NumberExpectation(seen, what, unit)
    return ValueExpectation(seen, what)
