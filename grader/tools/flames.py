"""Reads py-spy's flame graph: whose lines the event loop's thread was in, and how often. Pure.

One recording serves both, the graph for the browser and the table in the terminal: py-spy's graph is made by inferno,
which writes into each box of it what it stands for (`<title>`), how deep it lies (`y`) and where it begins and ends, in
samples (`fg:x`, `fg:w`). See docs/decisions/0012-run-and-profile.md.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from html import escape, unescape
from pathlib import PurePath

from grader.errors import BrokenError

LOOP_THREAD = "MainThread"
"""uvicorn runs its loop here."""

WAITS_IN = "selectors.py"
"""Whose `select` a loop is in when it has nothing to do."""

PACKAGES = r"/(?:site|dist)-packages/"
"""In the path of every package that was installed."""

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
    """A line of code that was seen in a stack."""

    function: str
    file: str
    line: int


@dataclass(frozen=True)
class Stack:
    """One way in which code was seen to be called.

    Attributes:
        thread: its name.
        places: outermost first.
        samples: how often it was seen.
    """

    thread: str
    places: tuple[Place, ...]
    samples: int


@dataclass(frozen=True)
class Share:
    """A place, and the share of the loop's time that goes to it."""

    place: Place
    share: float


@dataclass(frozen=True)
class LoopProfile:
    """Where the event loop's thread spent its time.

    Attributes:
        samples: how often it was looked.
        waited: share of the time in which it waited for something to do.
        own: by the innermost of the learner's lines, largest first; the sum is the share of the time in which one was
            on the stack.
        inner: by the function in which it was in the end, largest first; its line is the one that was seen most often.
    """

    samples: int
    waited: float
    own: tuple[Share, ...]
    inner: tuple[Share, ...]


def read_stacks(svg: str) -> list[Stack]:
    """The stacks of a flame graph of all threads.

    Raises:
        BrokenError: this is none, or not as py-spy wrote them when this was written.
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
    """From boxes by depth, then from left to right: a box lies on the one above it that covers it."""
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
    """Where the loop's thread was.

    Args:
        stacks: of all threads.
        is_own: whether a file is the learner's.
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
    """Whether a loop that is here waits for something to do."""
    return PurePath(innermost.file).name == WAITS_IN and innermost.function.endswith("select")


def shortened(svg: str, prefixes: Sequence[str]) -> str:
    """The graph with these beginnings of file names left out, and those of installed packages: it may
    be shown around.
    """

    def shorten(text: str) -> str:
        for prefix in sorted(prefixes, key=len, reverse=True):
            text = text.replace(f"({prefix}", "(")
        return _PACKAGES.sub("(", text)

    def shorten_box(box: re.Match[str]) -> str:
        title, room = shorten(box["title"]), len(unescape(box["label"]))
        name = _name_of(unescape(title))
        # The old label was cut where a longer name had to be.
        label = name if len(name) <= room else name[: max(0, room - 2)] + ".."
        return f"<g><title>{title}</title>{box['between']}{escape(label, quote=False) if room else ''}</text>"

    return shorten(_LABELLED.sub(shorten_box, svg))


def titled(svg: str, title: str) -> str:
    """The graph with this title instead of py-spy's, which is its command line."""
    return re.sub(
        r'(<text id="title"[^>]*>)[^<]*',
        lambda found: found[1] + escape(title, quote=False),
        svg,
        count=1,
    )


def without_packages(file: str) -> str:
    """A file's name from the package on, wherever packages are installed."""
    return re.split(PACKAGES, file)[-1]
