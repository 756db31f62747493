"""Markdown tables and numbers with their units."""

from collections.abc import Iterable, Sequence


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A markdown table; all columns but the first are numbers."""
    lines = [heads, [":--", *["--:"] * (len(heads) - 1)], *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def ms(seconds: float) -> str:
    """Milliseconds."""
    return f"{seconds * 1000:.0f} ms"


def s(seconds: float) -> str:
    """Seconds."""
    return f"{seconds:.2f} s"
