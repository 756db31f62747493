"""A sheet to draw on: rows of bars over one time axis, as self-contained SVG that is legible in light and dark."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from xml.sax.saxutils import escape, quoteattr

WIDTH = 760
LEFT, RIGHT = 150, 690
"""Where the time axis begins and ends; labels are to the left, measurements to the right."""

GAP = 8
"""Between the end of a bar and its text; half a cross fits into it."""

STYLE = """
  svg { font: 13px system-ui, "Segoe UI", Helvetica, Arial, sans-serif; }
  text { fill: #1f2328; }
  .head { font-weight: 600; }
  .code { font-family: ui-monospace, Menlo, Consolas, monospace; }
  .paper { fill: #ffffff; stroke: #d0d7de; }
  .grid { stroke: #d0d7de; }
  .mark { stroke: #b35900; stroke-width: 1.5; stroke-dasharray: 4 3; }
  .ends { stroke: #b35900; stroke-width: 2; }
  .waits { fill: #c8d1da; }
  .works { fill: #0969da; }
  .calls { fill: #8250df; }
  .lost { fill: #b35900; }
  .stands { fill: #cf222e; opacity: 0.12; }
  text.quiet { fill: #59636e; }
  text.warn { fill: #953800; }
  text.bad { fill: #cf222e; }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc; }
    .paper { fill: #0d1117; stroke: #3d444d; }
    .grid { stroke: #3d444d; }
    .mark, .ends { stroke: #f0a35e; }
    .waits { fill: #4b545e; }
    .works { fill: #4493f8; }
    .calls { fill: #ab7df8; }
    .lost { fill: #db8b3f; }
    .stands { fill: #f85149; opacity: 0.2; }
    text.quiet { fill: #9198a1; }
    text.warn { fill: #f0a35e; }
    text.bad { fill: #ff7b72; }
  }
"""


@dataclass
class Sheet:
    """One picture.

    Attributes:
        title: what it is, read by screen readers, too.
        about: what is to be seen on it, for those who do not see it.
        seconds: how long the time axis is.
        y: how far down it has been drawn.
    """

    title: str
    about: str
    seconds: float
    y: float = 56
    _parts: list[str] = field(default_factory=list)
    _behind: list[str] = field(default_factory=list)

    def x(self, at_s: float) -> float:
        """The x coordinate of a moment."""
        return round(LEFT + (RIGHT - LEFT) * min(max(at_s, 0.0), self.seconds) / self.seconds, 1)

    def text(self, x: float, y: float, text: str, kind: str = "", anchor: str = "start") -> None:
        """Words."""
        self._parts.append(
            f'<text x="{x:g}" y="{y:g}" class={quoteattr(kind)} text-anchor="{anchor}">{escape(text)}</text>'
        )

    def heading(self, text: str, code: str = "") -> None:
        """A line above some rows; code in it looks like code."""
        self.y += 22
        said = escape(text) + (f' <tspan class="code">{escape(code)}</tspan>' if code else "")
        self._parts.append(f'<text x="20" y="{self.y:g}" class="head">{said}</text>')
        self.y += 10

    def bar(self, kind: str, from_s: float, to_s: float, height: float) -> None:
        """A period of time in the current row."""
        left, right = self.x(from_s), self.x(to_s)
        width = max(3, right - left)
        self._parts.append(
            f'<rect x="{left:g}" y="{self.y:g}" '
            f'width="{width:g}" '
            f'height="{height:g}" '
            f'rx="{min(2, height / 2):g}" class="{kind}"/>'
        )

    def row(
        self,
        label: str,
        bars: Sequence[tuple[str, float, float]],
        says: str = "",
        kind: str = "quiet",
        height: float = 14,
    ) -> None:
        """A label, periods of time, and a text after them."""
        self.text(LEFT - 8, self.y + height / 2 + 4.5, label, "", "end")
        for one in bars:
            self.bar(*one, height)
        if says:
            self.text(
                self.x(max(to_s for _, _, to_s in bars)) + GAP,
                self.y + height / 2 + 4.5,
                says,
                kind,
            )
        self.y += height + 5

    def cross(self, at_s: float, height: float = 14) -> None:
        """A cross at the end of the last row: it was cancelled."""
        x, middle = self.x(at_s), self.y - 5 - height / 2
        self._parts.append(
            f'<path d="M{x - 4:g} {middle - 4:g}l8 8m0-8l-8 8" class="ends" fill="none"/>'
        )

    def band(self, from_s: float, to_s: float, top: float) -> None:
        """A period of time behind all rows from `top` to here."""
        left, right = self.x(from_s), self.x(to_s)
        self._behind.append(
            f'<rect x="{left:g}" y="{top:g}" width="{right - left:g}" height="{self.y - top:g}" class="stands"/>'
        )

    def mark(self, at_s: float, top: float) -> None:
        """A moment, as a line from `top` to here."""
        self._parts.append(f'<path d="M{self.x(at_s):g} {top:g}V{self.y:g}" class="mark"/>')

    def axis(self, step_s: float, top: float) -> None:
        """The time axis below the rows that began at `top`, with lines behind them."""
        self.y += 4
        for number in range(round(self.seconds / step_s) + 1):
            x = self.x(number * step_s)
            self._behind.append(f'<path d="M{x:g} {top:g}V{self.y:g}" class="grid"/>')
            self.text(x, self.y + 15, f"{number * step_s:.1f} s", "quiet", "middle")
        self.y += 24

    def legend(self, *entries: tuple[str, str]) -> None:
        """What the colours mean."""
        x = float(LEFT)
        self.y += 6
        for kind, text in entries:
            self._parts.append(
                f'<rect x="{x:g}" y="{self.y:g}" width="14" height="12" rx="2" class="{kind}"/>'
            )
            self.text(x + 20, self.y + 10.5, text, "quiet")
            x += 44 + 6.6 * len(text)
        self.y += 20

    def svg(self) -> str:
        """The whole picture."""
        height = round(self.y + 12)
        lines = [
            (
                '<svg xmlns="http://www.w3.org/2000/svg" '
                f'viewBox="0 0 {WIDTH} {height}" '
                f'width="{WIDTH}" height="{height}" role="img">'
            ),
            f"<title>{escape(self.title)}</title>",
            f"<desc>{escape(self.about)}</desc>",
            f"<style>{STYLE}</style>",
            f'<rect x="0.5" y="0.5" width="{WIDTH - 1}" height="{height - 1}" rx="8" class="paper"/>',
            f'<text x="20" y="32" class="head" style="font-size: 16px">{escape(self.title)}</text>',
            *self._behind,
            *self._parts,
            "</svg>",
        ]
        return "\n".join(lines) + "\n"
