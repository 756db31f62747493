"""Reads py-spy's flame graph: which lines the event loop's thread ran, and how often. Pure.

The terminal's table is computed from the graph that the browser shows. In that graph, drawn by inferno, each box has a
frame and its samples (`<title>`), a depth (`y`), and a start and width in samples (`fg:x`, `fg:w`). See
docs/decisions/0012-run-and-profile.md.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from html import escape, unescape
from pathlib import PurePath

from grader.errors import BrokenError

LOOP_THREAD = "MainThread"
"""uvicorn runs its loop in this thread."""

WAITS_IN = "selectors.py"
"""An idle loop waits in `select`, in this module."""

PACKAGES = r"/(?:site|dist)-packages/"
"""Part of the path of every installed package."""

_PACKAGES = re.compile(rf"\([^()<>]*{PACKAGES}")
_BOX = re.compile(
    r'<g><title>(?P<title>[^<]*)</title><rect [^>]*?y="(?P<y>\d+)"[^>]*? fg:x="(?P<x>\d+)" fg:w="(?P<w>\d+)"/>'
)
_LABELLED = re.compile(
    r"<g><title>(?P<title>[^<]*)</title>(?P<between><rect [^>]*/><text [^>]*>)(?P<label>[^<]*)</text>"
)
_TITLE = re.compile(r"(?P<name>.*) \((?P<samples>[\d,]+) samples?, [\d.]+%\)$")
_FRAME = re.compile(r"(?P<function>.*) \((?P<file>.*):(?P<line>\d+)\)$")


@dataclass(frozen=True)
class Place:
    """A line of code in a stack."""

    function: str
    file: str
    line: int


@dataclass(frozen=True)
class Stack:
    """One call stack.

    Attributes:
        thread: name of its thread.
        places: outermost first.
        samples: the number of samples with this stack.
    """

    thread: str
    places: tuple[Place, ...]
    samples: int


@dataclass(frozen=True)
class Share:
    """A place and its share of the loop's time."""

    place: Place
    share: float


@dataclass(frozen=True)
class LoopProfile:
    """Where the event loop's thread spent its time.

    Attributes:
        samples: the number of samples.
        waited: the share of time in which it was idle.
        own: shares by the learner's innermost line, largest first. Their sum is the share of time in which the
            learner's code was on the stack.
        inner: shares by innermost function, largest first, each with its most frequent line.
    """

    samples: int
    waited: float
    own: tuple[Share, ...]
    inner: tuple[Share, ...]


def read_stacks(svg: str) -> list[Stack]:
    """The stacks in a flame graph of all threads.

    Raises:
        BrokenError: this is not a flame graph, or not in a known form.
    """
    boxes = sorted(
        (int(found["y"]), int(found["x"]), int(found["w"]), unescape(found["title"]))
        for found in _BOX.finditer(svg)
    )
    if not boxes:
        raise BrokenError(
            "py-spy's flame graph cannot be read.",
            "Look at the graph itself, and report the version: py-spy --version",
        )
    return list(_stacks(boxes))


def _stacks(boxes: Sequence[tuple[int, int, int, str]]) -> Iterator[Stack]:
    """The stacks, from boxes sorted by depth and position; the caller of a box is the box above that covers it."""
    rows: dict[int, list[tuple[int, int, tuple[str, ...]]]] = {}
    covered: Counter[tuple[int, int]] = Counter()
    depths = sorted({y for y, _, _, _ in boxes})
    above = dict(zip(depths[1:], depths, strict=False))
    for y, x, width, title in boxes:
        names: tuple[str, ...] = ()
        if y in above:
            parent_x, _, names = next(
                row for row in rows[above[y]] if row[0] <= x < row[0] + row[1]
            )
            covered[above[y], parent_x] += width
            names = (*names, _name_of(title))
        rows.setdefault(y, []).append((x, width, names))
    for y, row in rows.items():
        for x, width, names in row:
            alone = width - covered[y, x]
            if alone > 0 and names:
                yield Stack(
                    names[0].rpartition(": ")[2].strip('"'), tuple(map(_place_of, names[1:])), alone
                )


def _name_of(title: str) -> str:
    found = _TITLE.match(title)
    return found["name"] if found else title


def _place_of(name: str) -> Place:
    found = _FRAME.match(name)
    return (
        Place(found["function"], found["file"], int(found["line"])) if found else Place(name, "", 0)
    )


def profile_of_loop(stacks: Sequence[Stack], is_own: Callable[[str], bool]) -> LoopProfile:
    """Where the loop's thread spent its time.

    Args:
        stacks: of all threads.
        is_own: tells whether a file is the learner's.
    """
    of_loop = [stack for stack in stacks if stack.thread == LOOP_THREAD and stack.places]
    total = sum(stack.samples for stack in of_loop)
    own: Counter[Place] = Counter()
    inner: Counter[tuple[str, str]] = Counter()
    lines: Counter[Place] = Counter()
    waited = 0
    for stack in of_loop:
        last = stack.places[-1]
        if is_waiting(last):
            waited += stack.samples
            continue
        inner[last.function, last.file] += stack.samples
        lines[last] += stack.samples
        mine = [place for place in stack.places if is_own(place.file)]
        if mine:
            own[mine[-1]] += stack.samples
    usual = {(place.function, place.file): place for place, _ in reversed(lines.most_common())}
    return LoopProfile(
        samples=total,
        waited=waited / total if total else 0.0,
        own=tuple(Share(place, count / total) for place, count in own.most_common()),
        inner=tuple(Share(usual[key], count / total) for key, count in inner.most_common()),
    )


def is_waiting(innermost: Place) -> bool:
    """Whether a loop whose innermost place is this one is idle."""
    return PurePath(innermost.file).name == WAITS_IN and innermost.function.endswith("select")


def shortened(svg: str, prefixes: Sequence[str]) -> str:
    """The graph without these prefixes of file names and without paths of installed packages, ready to be shared."""

    def shorten(text: str) -> str:
        for prefix in sorted(prefixes, key=len, reverse=True):
            text = text.replace(f"({prefix}", "(")
        return _PACKAGES.sub("(", text)

    def shorten_box(box: re.Match[str]) -> str:
        title, room = shorten(box["title"]), len(unescape(box["label"]))
        name = _name_of(unescape(title))
        # The old label may be truncated; the shortened name may fit.
        label = name if len(name) <= room else name[: max(0, room - 2)] + ".."
        return f"<g><title>{title}</title>{box['between']}{escape(label, quote=False) if room else ''}</text>"

    return shorten(_LABELLED.sub(shorten_box, svg))


def titled(svg: str, title: str) -> str:
    """The graph with this title; py-spy's default is its command line."""
    return re.sub(
        r'(<text id="title"[^>]*>)[^<]*',
        lambda found: found[1] + escape(title, quote=False),
        svg,
        count=1,
    )


def without_packages(file: str) -> str:
    """A file's path from its package on, without the folder of installed packages."""
    return re.split(PACKAGES, file)[-1]
