"""The output of `kata profile`: where the event loop spent its time, or the stacks of all threads."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from grader.render.text import printable
from grader.tools.flames import LoopProfile, Place, Share, without_packages
from grader.tools.profiler import ThreadDump

OWN_SHOWN = 8
INNER_SHOWN = 6
SHARE_SHOWN = 0.01
"""Smaller shares are not shown."""

FREE = 0.8
"""A loop that was idle for at least this share of the time does not make the app slow."""

GRADERS_OWN = "grader/child/stalls.py"
"""The grader's only thread inside the app; dumps leave it out."""

THREADS_SHOWN = 20
FRAMES_SHOWN = 60
SOURCE_CHARS = 60
NAME_CHARS = 60


@dataclass(frozen=True)
class Sources:
    """Tells the learner's files from those of libraries.

    Attributes:
        folder: has the learner's `app.py`.
        libraries: folders of Python and its packages.
    """

    folder: Path
    libraries: Sequence[Path]

    def is_own(self, file: str) -> bool:
        """Whether a file is the learner's own."""
        # The app chooses the name, which may contain "..".
        return Path(file).is_relative_to(self.folder) and ".." not in Path(file).parts

    def name(self, file: str) -> str:
        """A short name for a file: "app.py", "asyncio/base_events.py"."""
        for folder in (self.folder, *sorted(self.libraries, key=lambda folder: -len(folder.parts))):
            if Path(file).is_relative_to(folder):
                return without_packages(
                    f"/{Path(file).relative_to(folder).as_posix()}"
                ).removeprefix("/")
        return without_packages(file)

    def line(self, place: Place) -> str:
        """The source line without its indentation; empty if it cannot be read."""
        try:
            lines = Path(place.file).read_text(encoding="utf-8", errors="replace").split("\n")
            return lines[max(0, place.line - 1)].strip()
        except (OSError, ValueError, IndexError):  # the app chooses this name
            return ""

    @property
    def prefixes(self) -> list[str]:
        """The folders as prefixes of file names."""
        return [f"{folder}/" for folder in (self.folder, *self.libraries)]


def profile_lines(profile: LoopProfile, sources: Sources) -> Iterator[str]:
    """A summary of a recording: how busy the loop was, the learner's lines by share, and the innermost calls."""
    if not profile.samples:
        yield "No sample has the event loop. The app may have exited."
        return
    worked = 1 - profile.waited
    yield (
        f"The event loop was busy for {_percent(worked)} of the time and idle "
        f"for {_percent(profile.waited)}."
    )
    if profile.waited >= FREE:
        yield "Nothing blocks it: slow requests are waiting for something else."
    own = [share for share in profile.own if share.share >= SHARE_SHOWN]
    if own:
        yield from ("", "Your lines, each including what it calls:")
        for share in own[:OWN_SHOWN]:
            yield _row(share, sources)
            if source := sources.line(share.place):
                yield f"         {printable(source, SOURCE_CHARS)}"
    elsewhere = worked - sum(share.share for share in profile.own)
    if elsewhere >= SHARE_SHOWN:
        yield f"  {_percent(elsewhere):>5}  outside your code: FastAPI, the server, other libraries"
    inner = [share for share in profile.inner if share.share >= SHARE_SHOWN]
    if inner:
        yield from ("", "Innermost calls:")
        yield from (_row(share, sources) for share in inner[:INNER_SHOWN])


def _row(share: Share, sources: Sources) -> str:
    return f"  {_percent(share.share):>5}  {_where(share.place, sources.name)}"


def _where(place: Place, name: Callable[[str], str]) -> str:
    return f"{printable(name(place.file), NAME_CHARS)}:{place.line} in {printable(place.function, NAME_CHARS)}"


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def _state(thread: ThreadDump) -> str:
    if not thread.is_loop:
        return ""
    return f" (event loop, {'idle' if thread.is_waiting else 'busy'})"


def dump_lines(threads: Sequence[ThreadDump], sources: Sources) -> Iterator[str]:
    """The stacks of all threads at one moment, the event loop's first; the learner's lines are marked with `>`."""
    others = [
        thread
        for thread in threads
        if not any(place.file.endswith(GRADERS_OWN) for place in thread.places)
    ]
    ordered = sorted(others, key=lambda thread: not thread.is_loop)
    for thread in ordered[:THREADS_SHOWN]:
        yield from ("", f"{printable(thread.name, NAME_CHARS)}{_state(thread)}")
        for place in thread.places[:FRAMES_SHOWN]:
            mark = ">" if sources.is_own(place.file) else " "
            yield f" {mark} {_where(place, sources.name)}"
            if sources.is_own(place.file) and (source := sources.line(place)):
                yield f"     {printable(source, SOURCE_CHARS)}"
        if len(thread.places) > FRAMES_SHOWN:
            yield f"   … {len(thread.places) - FRAMES_SHOWN} more"
    if len(ordered) > THREADS_SHOWN:
        yield from ("", f"… {len(ordered) - THREADS_SHOWN} more threads")
