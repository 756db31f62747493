"""Chooses the mutants to grade. Pure."""

from collections import Counter
from collections.abc import Sequence

from grader.authoring.mutants.mutant import Mutant

MOST = 40
"""Mutants per kata. A grading takes seconds, and further mutants of the same lines find little."""


def chosen(mutants: Sequence[Mutant], most: int = MOST) -> list[Mutant]:
    """Some of these mutants, so that every operator and every line is represented before any is repeated.

    Args:
        mutants: in the order of the program.
        most: how many to choose.

    Returns:
        The same for the same mutants, in the order of the program.
    """
    left = list(mutants)
    operators = Counter(mutant.operator for mutant in mutants)
    lines = Counter(mutant.line for mutant in mutants)
    times: Counter[str | int] = Counter()

    def preference(mutant: Mutant) -> tuple[int, ...]:
        by_operator, by_line = times[mutant.operator], times[mutant.line]
        return (
            bool(by_operator) + bool(by_line),
            by_operator + by_line,
            # Rare ones first: common ones get their turn on another line.
            operators[mutant.operator],
            lines[mutant.line],
        )

    picked: set[str] = set()
    while left and len(picked) < most:
        best = min(left, key=preference)  # the first of several
        left.remove(best)
        picked.add(best.key)
        times.update((best.operator, best.line))
    return [mutant for mutant in mutants if mutant.key in picked]
