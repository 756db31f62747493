"""What `kata profile` says: where the event loop's thread spent its time, or where all threads are at one moment."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from grader.render.text import printable
from grader.tools.flames import LoopProfile, Place, Share, without_packages
from grader.tools.profiler import ThreadDump

OWN_SHOWN = 8
INNER_SHOWN = 6
SHARE_SHOWN = 0.01
"""What takes less than this is not shown."""

FREE = 0.8
"""A loop that waited so much of the time held nobody up."""

GRADERS_OWN = "grader/child/stalls.py"
"""The one thread in the app that is not its own."""

THREADS_SHOWN = 20
FRAMES_SHOWN = 60
SOURCE_CHARS = 60
NAME_CHARS = 60


@dataclass(frozen=True)
class Sources:
    """Knows whose files are whose.

    Attributes:
        folder: with the learner's `app.py`.
        libraries: folders of Python and its packages.
    """

    folder: Path
    libraries: Sequence[Path]

    def is_own(self, file: str) -> bool:
        """Whether a file is the learner's."""
        # A name is whatever the code says that it is called: it may lead out again.
        return Path(file).is_relative_to(self.folder) and ".." not in Path(file).parts

    def name(self, file: str) -> str:
        """A file's name as people know it: "app.py", "asyncio/base_events.py"."""
        for folder in (self.folder, *sorted(self.libraries, key=lambda folder: -len(folder.parts))):
            if Path(file).is_relative_to(folder):
                return without_packages(
                    f"/{Path(file).relative_to(folder).as_posix()}"
                ).removeprefix("/")
        return without_packages(file)

    def line(self, place: Place) -> str:
        """A line of the learner's, without its indentation; empty when it cannot be read."""
        try:
            lines = Path(place.file).read_text(encoding="utf-8", errors="replace").splitlines()
            return lines[max(0, place.line - 1)].strip()
        except (OSError, ValueError, IndexError):  # names of files are whatever the code says
            return ""

    @property
    def prefixes(self) -> list[str]:
        """What all these files' names begin with."""
        return [f"{folder}/" for folder in (self.folder, *self.libraries)]


def profile_lines(profile: LoopProfile, sources: Sources) -> Iterator[str]:
    """The whole story of a recording: in a sentence, by the learner's lines, by what they came to in the end."""
    if not profile.samples:
        yield "The event loop was not seen at all: the app may have ended."
        return
    worked = 1 - profile.waited
    yield (
        f"The event loop was busy {_percent(worked)} of the time, and waited for "
        f"something to do {_percent(profile.waited)} of it."
    )
    if profile.waited >= FREE:
        yield "So nothing holds the loop itself up: what is slow here waits elsewhere."
    own = [share for share in profile.own if share.share >= SHARE_SHOWN]
    if own:
        yield from ("", "Your lines that the loop was in, or in what they call:")
        for share in own[:OWN_SHOWN]:
            yield _row(share, sources)
            if source := sources.line(share.place):
                yield f"         {printable(source, SOURCE_CHARS)}"
    elsewhere = worked - sum(share.share for share in profile.own)
    if elsewhere >= SHARE_SHOWN:
        yield f"  {_percent(elsewhere):>5}  in none of your lines: FastAPI, the server, other libraries"
    inner = [share for share in profile.inner if share.share >= SHARE_SHOWN]
    if inner:
        yield from ("", "What it came to in the end:")
        yield from (_row(share, sources) for share in inner[:INNER_SHOWN])


def _row(share: Share, sources: Sources) -> str:
    return f"  {_percent(share.share):>5}  {_where(share.place, sources.name)}"


def _where(place: Place, name: Callable[[str], str]) -> str:
    return f"{printable(name(place.file), NAME_CHARS)}:{place.line} in {printable(place.function, NAME_CHARS)}"


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def dump_lines(threads: Sequence[ThreadDump], sources: Sources) -> Iterator[str]:
    """All threads as they were at one moment, the loop's first; the learner's lines are marked."""
    others = [
        thread
        for thread in threads
        if not any(place.file.endswith(GRADERS_OWN) for place in thread.places)
    ]
    ordered = sorted(others, key=lambda thread: not thread.is_loop)
    for thread in ordered[:THREADS_SHOWN]:
        what = ""
        if thread.is_loop:
            what = (
                ", the event loop's: it waits for something to do"
                if thread.is_waiting
                else ", the event loop's: it is busy here"
            )
        yield from ("", f"{printable(thread.name, NAME_CHARS)}{what}")
        for place in thread.places[:FRAMES_SHOWN]:
            mark = ">" if sources.is_own(place.file) else " "
            yield f" {mark} {_where(place, sources.name)}"
            if sources.is_own(place.file) and (source := sources.line(place)):
                yield f"     {printable(source, SOURCE_CHARS)}"
        if len(thread.places) > FRAMES_SHOWN:
            yield f"   … {len(thread.places) - FRAMES_SHOWN} more"
    if len(ordered) > THREADS_SHOWN:
        yield from ("", f"… {len(ordered) - THREADS_SHOWN} more threads")
