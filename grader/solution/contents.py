"""What a solution consists of, read whole before anything is written: files and folders by name, within limits."""

import re
import stat
import unicodedata
from collections.abc import Iterator
from pathlib import Path

from grader.errors import HarnessError, SolutionError

LIMIT_BYTES = 20 * 1024 * 1024
LIMIT_ENTRIES = 500
LIMIT_DEPTH = 16
LIMIT_NAME_BYTES = 255
"""Of one file's name with the folders that it lies in."""

IGNORED = (
    ".git",
    ".kata",
    "__pycache__",
    ".venv",
    "venv",
    ".mypy_cache",
    ".ruff_cache",
    ".pytest_cache",
    "node_modules",
    ".idea",
    ".vscode",
    "__MACOSX",
    ".DS_Store",
)
"""Left out wherever they lie; they belong to tools and not to a solution."""
APPLE_DOUBLE = "._"
"""So begin the names of files that macOS puts beside others."""
OURS = re.compile(r"app\.\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d(-\d+)?\.py|\.saving-.*", re.DOTALL)
"""Names of backups that `kata reset` keeps, and of files that are being written."""
EDITORS = re.compile(
    r"""
    \.\#.* | \#.*\# | .*~                # Emacs: lock, autosave; backups of many
    | \..*\.sw[a-z]x? | 4913             # Vim: swap, and the file with which it tries whether it may write; nano
    | .*___jb_(tmp|old)___               # JetBrains
    | \.goutputstream-.* | \..*\.kate-swp | \.subl.*\.tmp | \.tmp\w{6} | flycheck_.*
    """,
    re.VERBOSE | re.DOTALL,
)
"""Names of files that editors have beside a file while it is open or being saved. Some are links, and all come and go.
"""

KINDS = (
    (stat.S_ISLNK, "a link"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
)
SHOWN_CHARS = 100
_DRIVE = re.compile(r"[A-Za-z]:")


class Contents:
    """The files and folders of one solution; refuses what is too much, or could not be written everywhere as it is.

    Args:
        source: what is taken in, for messages.
    """

    def __init__(self, source: Path) -> None:
        self.source = source
        self.files: dict[str, bytes] = {}
        self.folders: set[str] = set()
        self._room_bytes = LIMIT_BYTES
        self._exact_names: dict[str, str] = {}

    @property
    def room_bytes(self) -> int:
        """How many bytes may still come; who reads one more than this knows enough."""
        return self._room_bytes

    @property
    def size_bytes(self) -> int:
        """How many bytes there are already."""
        return LIMIT_BYTES - self._room_bytes

    def add_folder(self, name: str) -> None:
        """Note a folder, and those that it lies in.

        Raises:
            SolutionError: a file has this name, or there are too many.
        """
        for folder in (name, *_parents(name)):
            self._take_name(folder)
            if folder in self.files:
                raise self.refusal(name, ", which is a file and a folder at once")
            self.folders.add(folder)

    def add_file(self, name: str, data: bytes) -> None:
        """Note a file.

        Raises:
            SolutionError: its name is taken, or this is too much.
        """
        self.need_room(len(data))
        if name in self.files:
            raise self.refusal(name, " twice")
        if name in self.folders:
            raise self.refusal(name, ", which is a file and a folder at once")
        for folder in _parents(name):
            self.add_folder(folder)
        self._take_name(name)
        self.files[name] = data
        self._room_bytes -= len(data)

    def need_room(self, size_bytes: int) -> None:
        """Make sure that so much more may come.

        Raises:
            SolutionError: it may not.
        """
        if size_bytes > self._room_bytes:
            raise SolutionError(
                f"{self.source} is too large: at most {LIMIT_BYTES // 2**20} MiB in all are graded.",
                "Name the solution's files alone.",
            )

    def enter(self, folder: str) -> None:
        """Make a folder that holds everything the top."""
        within = f"{folder}/"
        self.files = {name.removeprefix(within): data for name, data in self.files.items()}
        self.folders = {name.removeprefix(within) for name in self.folders - {folder}}

    def write(self, target: Path) -> None:
        """Write everything into a folder that is new or empty.

        Raises:
            HarnessError: the folder cannot be written.
        """
        try:
            target.mkdir(parents=True, exist_ok=True)
            for name in sorted(self.folders):
                (target / name).mkdir()
            for name, data in self.files.items():
                with open(target / name, "xb") as file:
                    file.write(data)
        except OSError as error:
            raise HarnessError(
                f"The solution cannot be copied to {target}: {error.strerror}.",
                "Free some space, or set TMPDIR to another folder.",
            ) from error

    def refusal(self, name: str, why: str) -> SolutionError:
        """The error that names this entry: "x.zip holds a/b, which is a link."."""
        return SolutionError(
            f"{self.source} holds {shown(name)}{why}.",
            "A solution consists of plain files and folders.",
        )

    def _take_name(self, name: str) -> None:
        known = self._exact_names.setdefault(unicodedata.normalize("NFC", name).casefold(), name)
        if known != name:
            raise self.refusal(
                name, f", which is the same as {shown(known)} where case does not count"
            )
        if len(self._exact_names) > LIMIT_ENTRIES:
            raise SolutionError(
                f"{self.source} holds too much: at most {LIMIT_ENTRIES} files and folders are graded.",
                "Name the solution's files alone.",
            )


def name_within(contents: Contents, raw: str) -> str:
    """The name of an entry as it is written: relative, plain, no longer than it may be; empty for the top itself.

    Raises:
        SolutionError: it leads out of the folder, or is not plain.
    """
    parts = [part for part in raw.split("/") if part not in ("", ".")]
    if raw.startswith("/") or _DRIVE.match(raw) or ".." in parts:
        raise contents.refusal(raw, ", which leads out of it")
    if "\\" in raw or not _is_plain(raw):
        raise contents.refusal(raw, ", whose name is not plain text")
    name = "/".join(parts)
    if len(name.encode()) > LIMIT_NAME_BYTES or len(parts) > LIMIT_DEPTH:
        raise contents.refusal(raw, ", whose name is too long")
    return name


def is_ignored(name: str) -> bool:
    """Whether an entry belongs to a tool and not to the solution."""
    return any(
        part in IGNORED or part.startswith(APPLE_DOUBLE) or _comes_and_goes(part)
        for part in name.split("/")
    )


def _comes_and_goes(name: str) -> bool:
    return OURS.fullmatch(name) is not None or EDITORS.fullmatch(name) is not None


def shown(name: str) -> str:
    """A name for a message: bounded, and with nothing invisible in it."""
    visible = name if name.isprintable() else ascii(name)[1:-1]
    return visible if len(visible) <= SHOWN_CHARS else f"{visible[:SHOWN_CHARS]}…"


def kind_of(mode: int) -> str:
    """What a file of this mode is, for a message, when it is neither a plain file nor a folder."""
    return next((word for is_kind, word in KINDS if is_kind(mode)), "no plain file")


def _is_plain(name: str) -> bool:
    categories = {unicodedata.category(character) for character in name}
    return not any(category[0] == "C" or category in ("Zl", "Zp") for category in categories)


def _parents(name: str) -> Iterator[str]:
    parts = name.split("/")[:-1]
    return ("/".join(parts[:count]) for count in range(1, len(parts) + 1))
