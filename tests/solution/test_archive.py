"""Taking in archives: as good as the folder that was packed, or refused whole, with one sentence."""

import contextlib
import gzip
import io
import stat
import struct
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.errors import SolutionError
from grader.solution.archive import LIMIT_TAR_BYTES, read_archive
from grader.solution.contents import LIMIT_BYTES, LIMIT_DEPTH, LIMIT_ENTRIES, Contents, is_ignored
from grader.solution.solution import take_in

FILES = {"app.py": b"app = 1", "shop/prices.py": b"prices = 2", "shop/größe.py": b""}
MIB = 1024 * 1024

Pack = Callable[[Mapping[str, bytes]], bytes]


def zip_of(files: Mapping[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return packed.getvalue()


def tar_of(files: Mapping[str, bytes], form: int = tarfile.PAX_FORMAT) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=form) as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            if name.endswith("/"):
                member.type = tarfile.DIRTYPE
            archive.addfile(member, io.BytesIO(data))
    return packed.getvalue()


def tar_with(name: str, kind: bytes, leads_to: str = "") -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        member = tarfile.TarInfo(name)
        member.type, member.linkname = kind, leads_to
        archive.addfile(tarfile.TarInfo("app.py"))
        archive.addfile(member)
    return packed.getvalue()


def zip_with(name: str, **facts: int) -> bytes:
    """A zip with an entry that has these attributes of `ZipInfo`."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("app.py", "app = 1")
        entry = zipfile.ZipInfo(name)
        for key, value in facts.items():
            setattr(entry, key, value)
        archive.writestr(entry, "/etc/passwd")
    return packed.getvalue()


def tgz_of(files: Mapping[str, bytes]) -> bytes:
    return gzip.compress(tar_of(files))


PACKERS = [
    pytest.param(zip_of, "s.zip", id="zip"),
    pytest.param(tgz_of, "s.tar.gz", id="tar.gz"),
    pytest.param(tar_of, "s.tar", id="tar"),
]
every_kind = pytest.mark.parametrize(("pack", "name"), PACKERS)


def read(data: bytes, name: str = "s.zip") -> Contents:
    contents = Contents(Path(name))
    read_archive(data, contents)
    return contents


def refusal(data: bytes, name: str) -> str:
    """The sentence with which an archive is refused."""
    with pytest.raises(SolutionError) as caught:
        read(data, name)
    assert caught.value.message.startswith(name)
    return caught.value.message


@every_kind
@pytest.mark.parametrize("top", ["", "./", "alice/", "./alice/"])
def test_an_archive_is_its_files_or_its_only_folder(
    tmp_path: Path, pack: Pack, name: str, top: str
) -> None:
    (tmp_path / name).write_bytes(pack({top + file: data for file, data in FILES.items()}))
    taken = take_in(tmp_path / name, tmp_path / "taken")
    assert {
        str(path.relative_to(taken)): path.read_bytes()
        for path in taken.rglob("*")
        if path.is_file()
    } == FILES


@pytest.mark.parametrize("name", ["s.tgz", "S.TGZ", "S.Tar.Gz"])
def test_suffixes_count_in_any_case(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(tgz_of(FILES))
    assert (take_in(tmp_path / name, tmp_path / "taken") / "app.py").read_bytes() == b"app = 1"


@every_kind
def test_files_of_tools_are_ignored(pack: Pack, name: str) -> None:
    packed = pack(
        {
            "alice/app.py": b"",
            "__MACOSX/alice/._app.py": b"x",
            "._alice": b"x",
            "alice/.venv/lib.py": b"x",
            "alice/.git/config": b"x",
        }
    )
    assert read(packed, name).files == {"app.py": b""}


@every_kind
def test_an_archive_without_app_py(tmp_path: Path, pack: Pack, name: str) -> None:
    for files in (
        {},
        {"main.py": b""},
        {"alice/app.py": b"", "bob/app.py": b""},
        {"a/b/app.py": b""},
    ):
        (tmp_path / name).write_bytes(pack(files))
        with pytest.raises(SolutionError, match=r"has no app\.py"):
            take_in(tmp_path / name, tmp_path / "taken")
    assert not (tmp_path / "taken").exists()


# ---- names

OUTWARD = [
    "../app.py",
    "a/../../b.py",
    "/etc/passwd",
    "//etc/passwd",
    "C:/windows.py",
    "c:app.py",
    "a/..",
    "..",
]


@every_kind
@pytest.mark.parametrize("hostile", OUTWARD)
def test_a_name_that_leads_outside_is_refused(pack: Pack, name: str, hostile: str) -> None:
    message = refusal(pack({"app.py": b"", hostile: b"x"}), name)
    assert message == f"{name} contains {hostile}, which leads outside of it."


@every_kind
@pytest.mark.parametrize(
    "hostile",
    ["..\\app.py", "a\\b.py", "a\x1b[2Jb", "\u202egpj.py", "a\nb", "a\u2028b", "\x7f", "\u200b"],
)
def test_a_name_that_is_not_plain_is_refused_and_shown_safely(
    pack: Pack, name: str, hostile: str
) -> None:
    message = refusal(pack({"app.py": b"", hostile: b"x"}), name)
    assert "whose name is not plain text" in message
    assert message.isprintable()


def test_a_name_with_a_nul_is_refused_and_not_cut_there() -> None:
    packed = zip_of({"app.py": b"", "evil.py_.txt": b"x"}).replace(
        b"evil.py_.txt", b"evil.py\0.txt"
    )
    assert "whose name is not plain text" in refusal(packed, "s.zip")
    packed = tar_of({"app.py": b"", "ä_b": b"x"}).replace("ä_b\n".encode(), "ä\0b\n".encode())
    assert "whose name is not plain text" in refusal(packed, "s.tar")


def test_a_name_that_is_not_utf_8_is_refused() -> None:
    assert "whose name is not plain text" in refusal(
        tar_of({"app.py": b"", "\udcff.py": b""}, tarfile.GNU_FORMAT), "s.tar"
    )
    packed = zip_of({"app.py": b"", "ä.py": b""}).replace("ä.py".encode(), b"\xff\xff.py")
    assert "is damaged" in refusal(packed, "s.zip")


@every_kind
def test_a_name_that_is_too_long_or_too_deep_is_refused(pack: Pack, name: str) -> None:
    for hostile in ("x" * 300, "/".join("d" * (LIMIT_DEPTH + 1)), "y/" * 200 + "x"):
        message = refusal(pack({"app.py": b"", hostile: b""}), name)
        assert "whose name is too long" in message
        assert len(message) < 200


@every_kind
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_that_occurs_twice_is_refused(pack: Pack, name: str) -> None:
    twice = (
        pack({"app.py": b"good", "app.pi": b"evil"}).replace(b"app.pi", b"app.py")
        if pack is zip_of
        else pack({"app.py": b"", "./app.py": b""})
    )
    assert refusal(twice, name) == f"{name} contains app.py twice."
    for one, other in (
        ("app.py", "App.PY"),
        ("Shop/a.py", "shop/b.py"),
        ("stra\u00dfe", "STRASSE"),
        ("\u00e9", "e\u0301"),
    ):
        assert "on case-insensitive file systems" in refusal(pack({one: b"", other: b""}), name)


@every_kind
@pytest.mark.parametrize("names", [("a", "a/b"), ("a/b", "a"), ("a/", "a")])
def test_a_name_is_a_file_or_a_folder(pack: Pack, name: str, names: tuple[str, str]) -> None:
    assert "a file and a folder at once" in refusal(pack(dict.fromkeys(names, b"")), name)


# ---- what is no file


@pytest.mark.parametrize(
    ("kind", "word"),
    [
        (tarfile.SYMTYPE, "a link"),
        (tarfile.LNKTYPE, "a hard link"),
        (tarfile.CHRTYPE, "a device"),
        (tarfile.BLKTYPE, "a device"),
        (tarfile.FIFOTYPE, "a pipe"),
        (tarfile.GNUTYPE_SPARSE, "a sparse file"),
        (b"V", "not a regular file"),
    ],
)
def test_only_files_and_folders_come_out_of_a_tar(kind: bytes, word: str) -> None:
    for leads_to in ("app.py", "/etc/passwd", "../x"):
        assert (
            refusal(tar_with("odd", kind, leads_to), "s.tar")
            == f"s.tar contains odd, which is {word}."
        )


def test_a_sparse_file_of_the_newer_kind_is_refused() -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive:
        member = tarfile.TarInfo("app.py")
        member.pax_headers = {"GNU.sparse.major": "1", "GNU.sparse.realsize": "99999999999"}
        archive.addfile(member)
    assert "a sparse file" in refusal(packed.getvalue(), "s.tar")


@pytest.mark.parametrize(
    ("mode", "word"),
    [
        (stat.S_IFLNK, "a link"),
        (stat.S_IFCHR, "a device"),
        (stat.S_IFBLK, "a device"),
        (stat.S_IFIFO, "a pipe"),
        (stat.S_IFSOCK, "a socket"),
    ],
)
def test_only_files_and_folders_come_out_of_a_zip(mode: int, word: str) -> None:
    for system in (0, 3):
        packed = zip_with("odd", external_attr=(mode | 0o777) << 16, create_system=system)
        assert refusal(packed, "s.zip") == f"s.zip contains odd, which is {word}."


def test_an_encrypted_zip_is_refused() -> None:
    packed = bytearray(zip_of({"app.py": b"app = 1"}))
    listed = packed.index(b"PK\x01\x02")
    packed[6] |= 1
    packed[listed + 8] |= 1
    assert refusal(bytes(packed), "s.zip") == "s.zip contains app.py, which is encrypted."


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_method_that_unpacks_without_bound_is_refused(method: int) -> None:
    assert "an unsupported compression method" in refusal(
        zip_with("app.txt", compress_type=method), "s.zip"
    )


# ---- too much


@every_kind
def test_the_limit_of_files_is_accepted_and_one_more_is_refused(pack: Pack, name: str) -> None:
    files = {f"{i}": b"" for i in range(LIMIT_ENTRIES)}
    assert len(read(pack(files), name).files) == LIMIT_ENTRIES
    assert f"at most {LIMIT_ENTRIES} files and folders" in refusal(
        pack({**files, "more": b""}), name
    )


def test_a_zip_that_lists_very_many_is_refused_before_it_is_looked_into() -> None:
    assert "lists more than 5000 entries" in refusal(b"PK\x01\x02" * 5001, "s.zip")


def test_a_tar_that_lists_very_many_that_are_left_out_is_refused() -> None:
    assert "lists more than 5000 entries" in refusal(
        tar_of({f".git/{i}": b"" for i in range(5001)}, tarfile.USTAR_FORMAT), "s.tar"
    )


@every_kind
def test_a_bomb_is_refused(pack: Pack, name: str) -> None:
    message = refusal(pack({"app.py": b"", "bomb": bytes(LIMIT_BYTES + 1)}), name)
    assert "is too large" in message or "200 times its size" in message


@pytest.mark.parametrize(("pack", "name"), PACKERS[:2])
def test_what_unpacks_to_very_much_more_than_its_size_is_refused(pack: Pack, name: str) -> None:
    assert "200 times its size" in refusal(pack({"app.py": b"", "zeros": bytes(2 * MIB)}), name)
    assert read(pack({"app.py": b"", "zeros": bytes(MIB // 2)}), name).size_bytes == MIB // 2


def test_a_zip_that_lies_about_its_sizes_gives_no_more_than_it_says() -> None:
    bomb = bytearray(zip_of({"app.py": bytes(LIMIT_BYTES * 2)}))
    listed = bomb.index(b"PK\x01\x02")
    bomb[listed + 24 : listed + 28] = struct.pack("<L", 10)
    assert "is damaged" in refusal(bytes(bomb), "s.zip")


def test_entries_that_share_their_data_are_refused() -> None:
    """A bomb of overlapping entries: each is small, and the same bytes are unpacked for all of them."""
    packed = zip_of({"app.py": bytes(range(256)) * 40, "b": b""})
    first = packed.index(b"PK\x01\x02")
    end = packed.index(b"PK\x05\x06")
    entry = packed[first : first + 46 + len("app.py")]
    entries = entry * 50
    tail = packed[end : end + 8] + struct.pack("<2H2LH", 50, 50, len(entries), first, 0)
    assert "is damaged" in refusal(packed[:first] + entries + tail, "s.zip")


def test_an_archive_in_an_archive_is_only_a_file() -> None:
    inner = zip_of({"../x": bytes(MIB)})
    assert read(zip_of({"app.py": b"", "inner.zip": inner})).files["inner.zip"] == inner


def test_an_endless_archive_is_read_only_up_to_a_limit(tmp_path: Path) -> None:
    bomb = gzip.compress(bytes(LIMIT_TAR_BYTES + MIB))
    assert "is too large" in refusal(bomb, "s.tar.gz")
    with open(tmp_path / "s.zip", "wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(SolutionError, match="is too large"):
        take_in(tmp_path / "s.zip", tmp_path / "taken")


# ---- damage


@pytest.mark.parametrize("name", ["s.zip", "s.tar.gz", "s.tgz", "s.tar"])
@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"app = 1\n",
        b"PK\x03\x04",
        b"\x1f\x8b",
        bytes(100),
        b"x" * 2000,
        gzip.compress(b"no tar", mtime=0),
    ],
)
def test_a_file_that_only_has_the_suffix_of_an_archive_is_refused(name: str, data: bytes) -> None:
    assert (
        refusal(data, name)
        == f"{name} is damaged, or is not the kind of archive that its name says."
    )


@pytest.mark.parametrize(
    "name", ["s.7z", "s.rar", "s.tar.bz2", "s.tar.xz", "s.tar.zst", "app.py.gz"]
)
def test_other_archives_are_named_as_such(name: str) -> None:
    assert "an archive of an unsupported kind" in refusal(b"", name)


@every_kind
def test_an_archive_that_ends_too_early_is_refused(pack: Pack, name: str) -> None:
    whole = pack({"app.py": bytes(range(256)) * 20, "b": b"b"})
    needed = len(whole.rstrip(b"\0")) if name == "s.tar" else len(whole)
    for length in range(0, needed, 7):
        assert "is damaged" in refusal(whole[:length], name)


def test_what_follows_a_packed_tar_is_refused_but_for_padding() -> None:
    assert read(tgz_of(FILES) + bytes(100), "s.tgz").files == FILES
    assert "is damaged" in refusal(tgz_of(FILES) + tgz_of({"app.py": b"other"}), "s.tgz")


@every_kind
@given(st.data())
def test_damage_anywhere_gives_the_files_or_a_sentence(
    pack: Pack, name: str, data: st.DataObject
) -> None:
    packed = bytearray(pack(FILES))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(packed) - 1))
        packed[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    with contextlib.suppress(SolutionError):
        assert read(bytes(packed), name).size_bytes < MIB


# ---- tar files of every writer

segments = st.text(st.characters(categories=("L", "N")), min_size=1, max_size=12)
paths = (
    st.lists(segments, min_size=1, max_size=12)
    .map("/".join)
    .filter(lambda path: len(path.encode()) < 249 and not is_ignored(path))
)


@pytest.mark.parametrize("form", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
@given(st.lists(st.tuples(paths, st.binary(max_size=1500)), max_size=5))
def test_a_tar_is_read_as_tarfile_writes_it(form: int, entries: list[tuple[str, bytes]]) -> None:
    files = {"app.py": b"", **{f"x{i}{path}": data for i, (path, data) in enumerate(entries)}}
    assert read(tar_of(files, form), "s.tar").files == files


def test_a_long_name_in_the_oldest_format_is_put_together() -> None:
    path = "folder/" * 13 + "a_file_whose_name_does_not_fit_beside_them.py"
    assert list(read(tar_of({path: b"x", "app.py": b""}, tarfile.USTAR_FORMAT), "s.tar").files) == [
        path,
        "app.py",
    ]


def test_extended_headers_are_read_only_up_to_a_limit() -> None:
    record = b"7 a=bc\n"
    header = tarfile.TarInfo("x")
    header.type, header.size = tarfile.XHDTYPE, len(record) * 512 * 1024
    assert "is damaged" in refusal(
        header.tobuf(tarfile.USTAR_FORMAT) + record * 512 * 1024 + tar_of(FILES), "s.tar"
    )


@pytest.mark.parametrize(
    "body",
    [
        b"0 path=x\n",
        b"999 path=x\n",
        b"path=x\n",
        b"10 path=x",
        b" path=x\n",
        b"9 nothing\n",
        b"-5 path=x\n",
    ],
)
def test_an_extended_header_that_is_wrong_is_damage(body: bytes) -> None:
    packed = bytearray(tar_of({"ä.py": b""}))
    packed[512:1024] = body.ljust(512, b"\0")
    assert "is damaged" in refusal(bytes(packed), "s.tar")
