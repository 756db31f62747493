"""Hostile text, and reports, proofs and katas made of it."""

import contextlib
import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import strategies as st

from grader.authoring.examples import Example, Kind
from grader.authoring.proof import Margin, Problem, Proof, Side, Timing, Trial
from grader.catalog.manifest import Kata
from grader.findings import Finding, WrongValue
from grader.report import CheckResult, GraderInfo, Outcome, Report, Verdict
from tests.findings import circumstances_of, finding_of

PIECES = (
    "\x1b[2J", "\x1b[8mhidden", "\x1b[31;5m", "\x1b]0;title\x07", "\x1b]8;;https://example.com\x1b\\link",
    "\x1bPq", "\x9b31m",
    "\x9d0;t\x9c", "\u202e", "\u202a", "\u2066", "\u2069", "\u200f", "\u061c", "\u200b", "\u200d", "\ufeff",
    "\u00ad", "\u2060",
    "\u180e", "\U000e0041", "\u2028", "\u2029", "\x85", "\r", "\n", "\t", "\x0b", "\x08\x08", "\x00", "\x7f",
    "\ud800", "\udcff",
    "\ufdd0", "\U0010ffff", "[red]", "[bold red]x[/bold red]", "[link=https://example.com]", "[/]",
    "[@click=a]", ":smile:", "\\[",
    "{task.description}", "%s", "{}", "</script>", "<b>", "&amp;", "<!--", '"', "'", "`", "=1+1", "+1", "-1",
    "@a", ",", ";",
    "e\u0301\u0301\u0301\u0301\u0301", "\u3164", "𝕏", "汉",
)  # fmt: skip

pieces = (
    st.sampled_from(PIECES)
    | st.text(max_size=8)
    | st.characters(categories=("Cc", "Cf", "Cs", "Co", "Zl", "Zp", "Mn"))
)
hostile_text = st.lists(pieces, max_size=12).map("".join) | st.sampled_from(
    (
        "x" * 5_000,
        "\x1b[8m" * 2_000,
        "\u0301" * 3_000,
        "a " * 3_000,
        "\n" * 5_000,
        "汉" * 5_000,
        "[b]" * 2_000,
        *PIECES,
    )
)
ALL = "".join(PIECES)

MANY = 50
"""More than is ever shown of anything."""

RICH_STYLES = re.compile(r"\x1b\[(?:0|1|2|(?:[12];)?3[1-6])m")
"""The sequences that rich writes for bold, dim or coloured text; the hostile text has none of them."""
RICH_LIVE = re.compile(r"\x1b\[\?25[lh]|\r|\x1b\[2K|\x1b\[1A|\x1b\[38;[\d;]+m")
"""Those of its live display, including a progress bar."""


@contextlib.contextmanager
def screen_output(*, terminal: bool = False, no_colour: bool = False) -> Iterator[io.StringIO]:
    """What is written to stdout and stderr within, as to a pipe or to a terminal of 80 columns."""
    written = io.StringIO()
    with (
        pytest.MonkeyPatch.context() as patch,
        contextlib.redirect_stdout(written),
        contextlib.redirect_stderr(written),
    ):
        patch.setenv("COLUMNS", "80")
        patch.setenv("TERM", "xterm-256color")
        for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
            patch.delenv(name, raising=False)
        if terminal:
            patch.setenv("FORCE_COLOR", "1")
        if no_colour:
            patch.setenv("NO_COLOR", "1")
        yield written


def assert_acts_on_nothing(shown: str) -> None:
    """Check that there are only visible characters, spaces and line ends."""
    odd = {character for character in shown if character != "\n" and not character.isprintable()}
    assert odd == set()


def result_of(
    text: str, kind: type[Finding] = WrongValue, outcome: Outcome = Outcome.INCONCLUSIVE
) -> CheckResult:
    return CheckResult(
        name=text,
        title=text,
        outcome=outcome,
        finding=finding_of(text, kind, many=MANY),
        circumstances=circumstances_of(text, many=MANY),
        measured=1.0,
        limit=2.0,
        unit=text,
    )


def report_of(
    text: str, kind: type[Finding] = WrongValue, verdict: Verdict = Verdict.FAILED
) -> Report:
    return Report(
        kata=text, title=text, solution=text, verdict=verdict, duration_s=1.0, because=text, without_sandbox=text,
        checks=(result_of(text, kind), CheckResult(name=text, title=text, outcome=Outcome.NOT_RUN)),
        grader=GraderInfo(version=text, python=text, cores=2),
    )  # fmt: skip


def proof_of(text: str) -> Proof:
    example = Example(Kind.REJECTED, text, Path("x"), frozenset({text}))
    side = Side(example, Timing(text, text, 1.0, 2.0, is_bound=True))
    return Proof(
        kata=text, title=text, checks=(text, "test_b"), examples=(example,), trials=(Trial(example,
        Verdict.FAILED, (result_of(text),)),),
        margins=(Margin(text, text, 1.0, 0.0, (side,), (side,), (side,)), Margin(f"{text}?", text, 1.0)),
        problems=(Problem(text, text, 1, result_of(text)), Problem("", text)), planned=2, duration_s=1.0,
    )  # fmt: skip


def kata_of(text: str) -> Kata:
    return Kata(
        slug=text, folder=Path("x"), title=text, tier=1, teaches=text, topics=(text,), services=(), workers=1,
        hints=(text,) * 3,
        starter_fails=(text,), mistakes=(),
    )  # fmt: skip
