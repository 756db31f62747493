"""Submissions other than plain folders of files are refused before their code runs: exit code 2 and one sentence."""

import gzip
import io
import os
import socket
import stat
import struct
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from grader.catalog.find import find_catalog
from tests.attacks.ground import Graded, grade, hidden_characters

pytestmark = pytest.mark.slow

KATA = "sleepy-handler"
APP = find_catalog().kata(KATA).reference
Make = Callable[[Path], Path]


def with_app(folder: Path) -> Path:
    folder.mkdir()
    (folder / "app.py").write_bytes(APP.read_bytes())
    return folder


# ---- 6: links and special files -------------------------------------------------------------------------------------


def link_to_a_file(folder: Path) -> Path:
    (with_app(folder) / "notes.txt").symlink_to("/etc/passwd")
    return folder


def link_to_a_folder(folder: Path) -> Path:
    (with_app(folder) / "home").symlink_to("/")
    return folder


def link_within(folder: Path) -> Path:
    (with_app(folder) / "again").symlink_to(".")
    return folder


def app_that_is_a_link(folder: Path) -> Path:
    folder.mkdir()
    (folder / "app.py").symlink_to(APP)
    return folder


def folder_that_is_a_link(folder: Path) -> Path:
    folder.symlink_to(APP.parent)
    return folder


def pipe(folder: Path) -> Path:
    os.mkfifo(with_app(folder) / "pipe.py")
    return folder


def unix_socket(folder: Path) -> Path:
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(str(with_app(folder) / "s"))
    return folder


def very_deep(folder: Path) -> Path:
    (with_app(folder) / "/".join("d" * 40)).mkdir(parents=True)
    return folder


def thousands_of_files(folder: Path) -> Path:
    with_app(folder)
    for number in range(3000):
        (folder / f"{number}.py").touch()
    return folder


def large(folder: Path) -> Path:
    with open(with_app(folder) / "large.bin", "wb") as file:
        file.truncate(4 * 1024**3)
    return folder


# ---- 18: names with control characters ------------------------------------------------------------------------------

EVIL_NAMES = (
    "\x1b[2J\x1b]0;owned\x07.py",
    "\u202eyp.ppa",
    "a\nPassed: all 4 checks passed.py",
    "[red]\x9b31m</script>.py",
)


def evil_names(folder: Path) -> Path:
    with_app(folder)
    for name in EVIL_NAMES:
        (folder / name.replace("/", "")).touch()
    return folder


def evil_folder(folder: Path) -> Path:
    return folder.with_name("no such\x1b[2J\u202e[red]")


# ---- 19: archives ---------------------------------------------------------------------------------------------------


def zipped(folder: Path, *entries: tuple[str, bytes, int]) -> Path:
    path = folder.with_suffix(".zip")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(APP, "app.py")
        for name, data, mode in entries:
            info = zipfile.ZipInfo(name)
            info.external_attr = mode << 16
            archive.writestr(info, data, zipfile.ZIP_DEFLATED)
    return path


def tarred(folder: Path, *entries: tuple[str, bytes, str]) -> Path:
    path = folder.with_suffix(".tar.gz")
    with tarfile.open(path, "w:gz") as archive:
        archive.add(APP, "app.py")
        for name, kind, target in entries:
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, target
            archive.addfile(info)
    return path


def bomb(folder: Path) -> Path:
    return zipped(
        folder,
        *((f"{number}.txt", bytes(64 * 1024 * 1024), stat.S_IFREG | 0o644) for number in range(8)),
    )


def tar_bomb(folder: Path) -> Path:
    path = folder.with_suffix(".tar.gz")
    path.write_bytes(gzip.compress(bytes(256 * 1024 * 1024)))
    return path


def lying_zip(folder: Path) -> Path:
    """An archive that declares a small size for its large file."""
    path = zipped(folder, ("large.txt", bytes(64 * 1024 * 1024), stat.S_IFREG | 0o644))
    return_data = path.read_bytes().replace(
        struct.pack("<L", 64 * 1024 * 1024), struct.pack("<L", 10)
    )
    path.write_bytes(return_data)
    return path


def crowded(folder: Path) -> Path:
    path = folder.with_suffix(".zip")
    with zipfile.ZipFile(path, "w") as archive:
        archive.write(APP, "app.py")
        for number in range(60_000):
            archive.writestr(f"{number:x}", b"")
    return path


def crowded_tar(folder: Path) -> Path:
    path = folder.with_suffix(".tar.gz")
    header = tarfile.TarInfo("x").tobuf()
    with gzip.open(path, "wb", compresslevel=1) as file:
        for _ in range(100):
            file.write(header * 10_000)
    return path


def damaged(folder: Path) -> Path:
    path = zipped(folder)
    path.write_bytes(path.read_bytes()[:-30])
    return path


def nested(folder: Path) -> Path:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("app.py", APP.read_bytes())
    path = folder.with_suffix(".zip")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("inner.zip", held.getvalue())
    return path


FILE = stat.S_IFREG | 0o644

REFUSED: dict[str, Make] = {
    "06_link_to_a_file": link_to_a_file,
    "06_link_to_a_folder": link_to_a_folder,
    "06_link_within": link_within,
    "06_app_that_is_a_link": app_that_is_a_link,
    "06_folder_that_is_a_link": folder_that_is_a_link,
    "06_pipe": pipe,
    "06_unix_socket": unix_socket,
    "15_very_deep": very_deep,
    "15_thousands_of_files": thousands_of_files,
    "15_large": large,
    "18_evil_names": evil_names,
    "18_evil_folder": evil_folder,
    "19_zip_upward": lambda folder: zipped(folder, ("../../outside.py", b"x", FILE)),
    "19_zip_absolute": lambda folder: zipped(folder, ("/tmp/katas-outside.py", b"x", FILE)),
    "19_zip_backslashes": lambda folder: zipped(folder, ("..\\..\\outside.py", b"x", FILE)),
    "19_zip_drive": lambda folder: zipped(folder, ("C:/outside.py", b"x", FILE)),
    "19_zip_link": lambda folder: zipped(folder, ("link.py", b"/etc/passwd", stat.S_IFLNK | 0o777)),
    "19_zip_link_then_through_it": lambda folder: zipped(
        folder, ("out", b"/tmp", stat.S_IFLNK | 0o777), ("out/katas-outside.py", b"x", FILE)
    ),
    "19_zip_device": lambda folder: zipped(folder, ("null", b"", stat.S_IFCHR | 0o666)),
    "19_zip_evil_name": lambda folder: zipped(folder, ("\x1b[2J[red].py", b"x", FILE)),
    "19_zip_same_name_twice": lambda folder: zipped(folder, ("App.py", b"x", FILE)),
    "19_zip_bomb": bomb,
    "19_zip_that_lies": lying_zip,
    "19_zip_of_60000_entries": crowded,
    "19_zip_damaged": damaged,
    "19_zip_in_a_zip": nested,
    "19_tar_upward": lambda folder: tarred(folder, ("../../outside.py", tarfile.REGTYPE, "")),
    "19_tar_absolute": lambda folder: tarred(
        folder, ("/tmp/katas-outside.py", tarfile.REGTYPE, "")
    ),
    "19_tar_link": lambda folder: tarred(folder, ("link.py", tarfile.SYMTYPE, "/etc/passwd")),
    "19_tar_hard_link": lambda folder: tarred(folder, ("link.py", tarfile.LNKTYPE, "/etc/passwd")),
    "19_tar_device": lambda folder: tarred(folder, ("null", tarfile.CHRTYPE, "")),
    "19_tar_pipe": lambda folder: tarred(folder, ("pipe", tarfile.FIFOTYPE, "")),
    "19_tar_bomb": tar_bomb,
    "19_tar_of_a_million_entries": crowded_tar,
}


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with a short name, since sockets are bound below it."""
    with tempfile.TemporaryDirectory(prefix="katas-attacked-") as name:
        yield Path(name)


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused_with_one_sentence(name: str, folder: Path) -> None:
    outside = Path("/tmp/katas-outside.py")
    outside.unlink(missing_ok=True)
    graded = grade(folder, KATA, REFUSED[name](folder / "x"), "--json", limit_s=20.0)
    assert graded.code == 2, graded.out + graded.err
    assert graded.out == ""
    must_be_a_sentence(graded)
    assert not outside.exists()
    assert not any(folder.rglob("outside.py"))
    assert graded.left == graded.touched == graded.leftovers == ()


def must_be_a_sentence(graded: Graded) -> None:
    assert not hidden_characters(graded.err)
    assert "Traceback" not in graded.err
    assert 1 <= len(graded.err.strip().splitlines()) <= 8, graded.err
    assert len(graded.err) < 600
