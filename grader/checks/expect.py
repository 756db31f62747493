"""`expect`, with which checks state what must hold.

Each expectation records a claim with its evidence, and the judge examines it at once. The first false claim ends the
check. When a saved run is replayed, the same claims are judged again.
"""

from collections.abc import Sequence
from typing import Any, overload

from grader.checks.answers import AnswerExpectation, CrowdExpectation
from grader.checks.values import NumberExpectation, ValueExpectation
from grader.load.answers import Answer, Crowd


@overload
def expect(seen: Answer) -> AnswerExpectation: ...
@overload
def expect(seen: Crowd) -> CrowdExpectation: ...
@overload
def expect(seen: float, what: str, unit: str = "") -> NumberExpectation: ...
@overload
def expect(seen: str | Sequence[object] | dict[str, object], what: str) -> ValueExpectation: ...
def expect(seen: Any, what: str = "", unit: str = "") -> Any:
    """State what must hold for something that was observed.

    Args:
        seen: an answer, a crowd's answers, a number, or any other value.
        what: names a number or a value, as learners see it: "connections opened to the upstream".
        unit: of a number, if it has one.

    Raises:
        TypeError: `what` is missing for a number or a value.
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
