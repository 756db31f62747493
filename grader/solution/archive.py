"""Reads untrusted archives of solutions: `.zip`, `.tar.gz` and `.tar`.

An archive is read into memory, within the limits of `Contents`, before anything is written, so it is accepted as a
whole or not at all. Sizes are counted while unpacking; a size in a header can only lead to an earlier refusal.

Tar files are parsed here, not by `tarfile`: solutions need little of the format, and in older Python versions a
malicious header can make `tarfile` loop forever (CVE-2025-8194).
"""

import io
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from grader.errors import SolutionError
from grader.solution.contents import (
    LIMIT_BYTES,
    LIMIT_ENTRIES,
    Contents,
    is_ignored,
    kind_of,
    normalized_name,
)

LIMIT_RATIO = 200
"""Largest ratio of unpacked to packed size: 3 to 10 for source text, 1000 and more for a decompression bomb."""
SMALL_BYTES = 1024 * 1024
"""Up to this size any ratio is allowed, because many empty files also pack very small."""
LISTED_PER_ENTRY = 10
"""An archive may list this many times `LIMIT_ENTRIES`, because files of tools are ignored."""

BLOCK = 512
LIMIT_FACTS_BYTES = 2 * 1024 * 1024
"""Limit on all extended headers of a tar file together; each takes several hundred bytes."""
LIMIT_TAR_BYTES = LIMIT_BYTES + LISTED_PER_ENTRY * LIMIT_ENTRIES * 2 * BLOCK

ZIP_LISTED = b"PK\x01\x02"
ZIP_ENCRYPTED = 0x1 | 0x40 | 0x2000
ZIP_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""For other methods zipfile unpacks everything before it returns the first byte, so no limit works."""
ZIP_DAMAGE = (
    zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, ValueError, OverflowError, LookupError,
    struct.error,
)  # fmt: skip
"""Errors that zipfile raises for damaged files. It reads from memory, so none of them can come from the machine."""

FOLDER, PAX, LONG_NAME = b"5", b"x", b"L"
SKIPPED = (b"g", b"K")
PLAIN = (b"0", b"\0", b"7")
WITHOUT_DATA = (b"1", b"2", b"3", b"4", b"5", b"6")
TAR_KINDS = {
    b"1": "a hard link",
    b"2": "a link",
    b"3": "a device",
    b"4": "a device",
    b"6": "a pipe",
    b"S": "a sparse file",
}

OTHER_SUFFIXES = (".7z", ".rar", ".gz", ".bz2", ".xz", ".zst", ".tbz2", ".txz")


class _Damaged(Exception):
    """The data is not an archive of this kind, or is incomplete."""


def is_archive(name: str) -> bool:
    """Whether a file name has the suffix of an archive, supported or not."""
    return name.lower().endswith((*READERS, *OTHER_SUFFIXES))


def read_archive(data: bytes, contents: Contents) -> None:
    """Read an archive. If everything in it is in one folder, that folder becomes the top.

    Raises:
        SolutionError: it is damaged or encrypted, contains anything but regular files and folders, or exceeds a limit.
    """
    name = contents.source.name.lower()
    reader = next((reader for suffix, reader in READERS.items() if name.endswith(suffix)), None)
    hint = "Pack the solution as a .zip or a .tar.gz."
    if reader is None:
        raise SolutionError(f"{contents.source} is an archive of an unsupported kind.", hint)
    try:
        reader(data, contents)
    except _Damaged as error:
        raise SolutionError(
            f"{contents.source} is damaged, or is not the kind of archive that its name says.", hint
        ) from error
    tops = {entry.split("/")[0] for entry in (*contents.files, *contents.folders)}
    if len(tops) == 1 and tops <= contents.folders:
        contents.strip_folder(tops.pop())


def _read_zip(data: bytes, contents: Contents) -> None:
    # Every listed entry begins with this signature. Counted here, before zipfile creates an object for each.
    if data.count(ZIP_LISTED) > LISTED_PER_ENTRY * LIMIT_ENTRIES:
        raise _too_many(contents)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if sum(info.compress_size for info in archive.infolist()) > len(data):
                raise _Damaged  # overlapping entries unpack the same data many times
            for info in archive.infolist():
                _read_zip_entry(archive, info, contents)
                _require_ratio(contents, contents.size_bytes, len(data))
    except ZIP_DAMAGE as error:
        raise _Damaged from error


def _read_zip_entry(archive: zipfile.ZipFile, info: zipfile.ZipInfo, contents: Contents) -> None:
    name = normalized_name(contents, info.orig_filename)
    if not name or is_ignored(name):
        return
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind not in (0, stat.S_IFDIR, stat.S_IFREG):
        raise contents.refusal(name, f", which is {kind_of(kind)}")
    if kind == stat.S_IFDIR or info.is_dir():
        contents.add_folder(name)
        return
    if info.flag_bits & ZIP_ENCRYPTED:
        raise contents.refusal(name, ", which is encrypted")
    if info.compress_type not in ZIP_METHODS:
        raise contents.refusal(name, ", which uses an unsupported compression method")
    contents.require_room(info.file_size)
    with archive.open(info) as file:
        contents.add_file(name, file.read(contents.room_bytes + 1))


def _read_tar_gz(data: bytes, contents: Contents) -> None:
    stream = zlib.decompressobj(wbits=31)
    try:
        unpacked = stream.decompress(data, LIMIT_TAR_BYTES + 1)
    except zlib.error as error:
        raise _Damaged from error
    if len(unpacked) > LIMIT_TAR_BYTES:
        contents.require_room(len(unpacked))
    _require_ratio(contents, len(unpacked), len(data))
    if not stream.eof or stream.unused_data.strip(b"\0"):
        raise _Damaged
    _read_tar(unpacked, contents)


def _read_tar(data: bytes, contents: Contents) -> None:
    for listed, entry in enumerate(_tar_entries(data), 1):
        if listed > LISTED_PER_ENTRY * LIMIT_ENTRIES:
            raise _too_many(contents)
        name = normalized_name(contents, entry.name)
        if not name or is_ignored(name):
            continue
        if entry.kind == FOLDER or (entry.kind in PLAIN and entry.name.endswith("/")):
            contents.add_folder(name)
        elif entry.kind in PLAIN:
            contents.add_file(name, entry.data)
        else:
            raise contents.refusal(
                name, f", which is {TAR_KINDS.get(entry.kind, 'not a regular file')}"
            )


@dataclass(frozen=True)
class _TarEntry:
    """An entry of a tar file. Undecodable bytes in its name are surrogates."""

    name: str
    kind: bytes
    data: bytes


def _tar_entries(data: bytes) -> Iterator[_TarEntry]:
    """The entries up to the terminating block of zeros, with long names resolved."""
    at, facts_bytes, facts = 0, 0, dict[bytes, bytes]()
    while (header := data[at : at + BLOCK]).strip(b"\0"):
        if len(header) < BLOCK or _octal(header[148:156]) != sum(header[:148]) + sum(
            header[156:]
        ) + 8 * ord(" "):
            raise _Damaged
        kind = header[156:157]
        size_bytes = (
            0
            if kind in WITHOUT_DATA
            else _octal(facts.get(b"size", header[124:136]), 10 if b"size" in facts else 8)
        )
        start, at = at + BLOCK, at + BLOCK + -(-size_bytes // BLOCK) * BLOCK
        if at > len(data):
            raise _Damaged
        body = data[start : start + size_bytes]
        if kind == PAX:
            facts_bytes += len(body)
            if facts_bytes > LIMIT_FACTS_BYTES:
                raise _Damaged
            facts |= _pax_facts(body)
        elif kind == LONG_NAME:
            facts[b"path"] = _until_nul(body)
        elif kind not in SKIPPED:
            is_sparse = any(key.startswith(b"GNU.sparse") for key in facts)
            yield _TarEntry(_tar_name(header, facts), b"S" if is_sparse else kind, body)
            facts = {}
    if len(header) < BLOCK:
        raise _Damaged


def _tar_name(header: bytes, facts: dict[bytes, bytes]) -> str:
    name = _until_nul(header[:100])
    prefix = _until_nul(header[345:500]) if header[257:263] == b"ustar\0" else b""
    return facts.get(b"path", prefix + b"/" + name if prefix else name).decode(
        errors="surrogateescape"
    )


def _pax_facts(body: bytes) -> dict[bytes, bytes]:
    """The records of an extended header: `LENGTH KEY=VALUE` and a newline. LENGTH is that of the whole record."""
    facts, at = dict[bytes, bytes](), 0
    while at < len(body):
        number, space, _ = body[at : at + 20].partition(b" ")
        end = at + _octal(number, 10)
        key, equals, value = body[at + len(number) + 1 : end - 1].partition(b"=")
        if not space or not equals or body[end - 1 : end] != b"\n":
            raise _Damaged
        facts[key] = value
        at = end
    return facts


def _octal(field: bytes, base: int = 8) -> int:
    digits = field.strip(b" \0")
    if not digits.isdigit() or len(digits) > 20:
        raise _Damaged
    try:
        return int(digits, base)
    except ValueError as error:
        raise _Damaged from error


def _until_nul(field: bytes) -> bytes:
    return field.partition(b"\0")[0]


def _require_ratio(contents: Contents, unpacked_bytes: int, packed_bytes: int) -> None:
    if unpacked_bytes > SMALL_BYTES and unpacked_bytes > LIMIT_RATIO * packed_bytes:
        raise SolutionError(
            f"{contents.source} unpacks to more than {LIMIT_RATIO} times its size.",
            "Source code never does. Check what the archive contains.",
        )


def _too_many(contents: Contents) -> SolutionError:
    limit = LISTED_PER_ENTRY * LIMIT_ENTRIES
    return SolutionError(
        f"{contents.source} lists more than {limit} entries.",
        "Pack only the solution's files, without .venv and other folders of tools.",
    )


READERS: dict[str, Callable[[bytes, Contents], None]] = {
    ".zip": _read_zip,
    ".tar.gz": _read_tar_gz,
    ".tgz": _read_tar_gz,
    ".tar": _read_tar,
}
