"""The files and folders of a solution in memory, within limits, before any of them is written."""

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
"""Maximum length of a file's path within the solution."""

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
"""Files and folders of tools, ignored at any depth."""
APPLE_DOUBLE = "._"
"""Prefix of the metadata files that macOS creates."""
GRADER_FILES = re.compile(r"app\.\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d(-\d+)?\.py|\.saving-.*", re.DOTALL)
"""Names of backups by `kata reset`, and of unfinished files."""
EDITOR_FILES = re.compile(
    r"""
    \.\#.* | \#.*\# | .*~                # Emacs: lock, autosave; backups of many
    | \..*\.sw[a-z]x? | 4913             # Vim: swap, and its test of write permission; nano
    | .*___jb_(tmp|old)___               # JetBrains
    | \.goutputstream-.* | \..*\.kate-swp | \.subl.*\.tmp | \.tmp\w{6} | flycheck_.*
    """,
    re.VERBOSE | re.DOTALL,
)
"""Names of temporary files that editors keep beside an open file. Some are links."""

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
    """The files and folders of one solution. Refuses excess, and names that are not portable between file systems.

    Args:
        source: the solution's path, for messages.
    """

    def __init__(self, source: Path) -> None:
        self.source = source
        self.files: dict[str, bytes] = {}
        self.folders: set[str] = set()
        self._room_bytes = LIMIT_BYTES
        self._exact_names: dict[str, str] = {}

    @property
    def room_bytes(self) -> int:
        """Number of bytes that may still be added."""
        return self._room_bytes

    @property
    def size_bytes(self) -> int:
        """Number of bytes so far."""
        return LIMIT_BYTES - self._room_bytes

    def add_folder(self, name: str) -> None:
        """Add a folder and its parents.

        Raises:
            SolutionError: a file has this name, or there are too many entries.
        """
        for folder in (name, *_parents(name)):
            self._take_name(folder)
            if folder in self.files:
                raise self.refusal(name, ", which is a file and a folder at once")
            self.folders.add(folder)

    def add_file(self, name: str, data: bytes) -> None:
        """Add a file and its parent folders.

        Raises:
            SolutionError: its name is taken, or a limit is exceeded.
        """
        self.require_room(len(data))
        if name in self.files:
            raise self.refusal(name, " twice")
        if name in self.folders:
            raise self.refusal(name, ", which is a file and a folder at once")
        for folder in _parents(name):
            self.add_folder(folder)
        self._take_name(name)
        self.files[name] = data
        self._room_bytes -= len(data)

    def require_room(self, size_bytes: int) -> None:
        """Make sure that this many bytes can still be added.

        Raises:
            SolutionError: they exceed the limit.
        """
        if size_bytes > self._room_bytes:
            raise SolutionError(
                f"{self.source} is too large: at most {LIMIT_BYTES // 2**20} MiB in total are graded.",
                "Name only the solution's files.",
            )

    def strip_folder(self, folder: str) -> None:
        """Make a folder that contains everything else the top, by removing it from all names."""
        within = f"{folder}/"
        self.files = {name.removeprefix(within): data for name, data in self.files.items()}
        self.folders = {name.removeprefix(within) for name in self.folders - {folder}}

    def write(self, target: Path) -> None:
        """Write everything to a new or empty folder.

        Raises:
            HarnessError: the folder is not writable, or the disk is full.
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
                "Free some disk space, or set TMPDIR to another folder.",
            ) from error

    def refusal(self, name: str, why: str) -> SolutionError:
        """An error about an entry; with why=", which is a link": "x.zip contains a/b, which is a link."."""
        return SolutionError(
            f"{self.source} contains {shown(name)}{why}.",
            "A solution consists of regular files and folders.",
        )

    def _take_name(self, name: str) -> None:
        known = self._exact_names.setdefault(unicodedata.normalize("NFC", name).casefold(), name)
        if known != name:
            raise self.refusal(
                name, f", which equals {shown(known)} on case-insensitive file systems"
            )
        if len(self._exact_names) > LIMIT_ENTRIES:
            raise SolutionError(
                f"{self.source} contains too many entries: at most {LIMIT_ENTRIES} files and folders are graded.",
                "Name only the solution's files.",
            )


def normalized_name(contents: Contents, raw: str) -> str:
    """The path of an entry within the solution, validated and normalized; empty for the top folder itself.

    Raises:
        SolutionError: the name leads outside the folder, is too long, or is not plain text.
    """
    parts = [part for part in raw.split("/") if part not in ("", ".")]
    if raw.startswith("/") or _DRIVE.match(raw) or ".." in parts:
        raise contents.refusal(raw, ", which leads outside of it")
    if "\\" in raw or not _is_plain(raw):
        raise contents.refusal(raw, ", whose name is not plain text")
    name = "/".join(parts)
    if len(name.encode()) > LIMIT_NAME_BYTES or len(parts) > LIMIT_DEPTH:
        raise contents.refusal(raw, ", whose name is too long")
    return name


def is_ignored(name: str) -> bool:
    """Whether an entry belongs to a tool, an editor or the grader rather than to the solution."""
    return any(
        part in IGNORED or part.startswith(APPLE_DOUBLE) or _is_temporary(part)
        for part in name.split("/")
    )


def _is_temporary(name: str) -> bool:
    return GRADER_FILES.fullmatch(name) is not None or EDITOR_FILES.fullmatch(name) is not None


def shown(name: str) -> str:
    """A name for a message: shortened, and without invisible characters."""
    visible = name if name.isprintable() else ascii(name)[1:-1]
    return visible if len(visible) <= SHOWN_CHARS else f"{visible[:SHOWN_CHARS]}…"


def kind_of(mode: int) -> str:
    """The kind of a special file, for a message such as "a link"."""
    return next((word for is_kind, word in KINDS if is_kind(mode)), "not a regular file")


def _is_plain(name: str) -> bool:
    categories = {unicodedata.category(character) for character in name}
    return not any(category[0] == "C" or category in ("Zl", "Zp") for category in categories)


def _parents(name: str) -> Iterator[str]:
    parts = name.split("/")[:-1]
    return ("/".join(parts[:count]) for count in range(1, len(parts) + 1))
