"""Taking in a file or a folder: plain files only, within limits, and never waiting for anything."""

import contextlib
import os
import socket
import threading
from pathlib import Path

import pytest

from grader.errors import HarnessError, SolutionError
from grader.solution.contents import LIMIT_BYTES, LIMIT_DEPTH, LIMIT_ENTRIES, LIMIT_NAME_BYTES
from grader.solution.solution import folder_to_run, take_in


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A small solution in a folder."""
    solution = tmp_path / "solution"
    (solution / "shop").mkdir(parents=True)
    (solution / "app.py").write_text("app = 1")
    (solution / "shop" / "prices.py").write_text("prices = 2")
    return solution


def make(path: Path) -> None:
    """Make an empty file, if there can be one of this name here."""
    try:
        path.touch(exist_ok=False)
    except OSError as error:
        pytest.skip(f"no such name on this file system: {error.strerror}")


def names_in(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def refusal(solution: Path, target: Path) -> str:
    """The sentence with which a solution is refused; nothing of it was copied."""
    with pytest.raises(SolutionError) as caught:
        take_in(solution, target)
    assert not target.exists()
    return caught.value.message


def test_a_file_becomes_app_py(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("app = 1")
    taken = take_in(tmp_path / "mine.py", tmp_path / "taken")
    assert names_in(taken) == ["app.py"]
    assert (taken / "app.py").read_text() == "app = 1"


def test_a_folder_is_copied_whole_with_its_empty_folders(folder: Path, tmp_path: Path) -> None:
    (folder / "static").mkdir()
    assert names_in(take_in(folder, tmp_path / "taken")) == [
        "app.py",
        "shop",
        "shop/prices.py",
        "static",
    ]


def test_files_of_tools_are_ignored_whatever_their_kind(folder: Path, tmp_path: Path) -> None:
    (folder / ".venv").mkdir()
    (folder / ".venv" / "python").symlink_to("/usr/bin/env")
    for i in range(LIMIT_ENTRIES + 1):
        (folder / ".venv" / f"{i}.py").touch()
    (folder / "shop" / "__pycache__").mkdir()
    (folder / "node_modules").symlink_to("/")
    assert names_in(take_in(folder, tmp_path / "taken")) == ["app.py", "shop", "shop/prices.py"]


@pytest.mark.parametrize(
    "name",
    [
        ".app.py.swp", ".app.py.swo", ".app.py.swpx", "4913", "app.py~", ".#app.py", "#app.py#",
        "app.py___jb_tmp___", "app.py___jb_old___",
        ".goutputstream-8X2L1Z", ".app.py.kate-swp", ".subl1a2.tmp", ".tmpA1b2C3", "flycheck_app.py",
        "shop/.prices.py.swp",
    ],
)  # fmt: skip
def test_temporary_files_of_editors_are_ignored(folder: Path, tmp_path: Path, name: str) -> None:
    (folder / name).symlink_to(
        "me@here.1234"
    )  # as Emacs does it; a link of the solution's would be refused
    assert names_in(take_in(folder, tmp_path / "taken")) == ["app.py", "shop", "shop/prices.py"]


@pytest.mark.parametrize(
    "name", ["swap.py", "4913.py", "x.sw", "tmp.py", ".env", "a#b.py", "backup.tmp"]
)
def test_files_with_similar_names_belong_to_the_solution(
    folder: Path, tmp_path: Path, name: str
) -> None:
    (folder / name).write_text("x")
    assert name in names_in(take_in(folder, tmp_path / "taken"))


def test_a_solution_can_be_copied_to_an_existing_folder(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    assert names_in(take_in(folder, tmp_path / "taken")) == ["app.py", "shop", "shop/prices.py"]


def test_a_missing_solution_is_refused(tmp_path: Path) -> None:
    assert "There is no solution at" in refusal(tmp_path / "none.py", tmp_path / "taken")
    (tmp_path / "file").touch()
    assert "There is no solution at" in refusal(tmp_path / "file" / "app.py", tmp_path / "taken")


@pytest.mark.parametrize("as_folder", [False, True])
def test_a_folder_without_app_py(tmp_path: Path, as_folder: bool) -> None:
    (tmp_path / "empty").mkdir()
    if as_folder:
        (tmp_path / "empty" / "app.py").mkdir()
    assert refusal(tmp_path / "empty", tmp_path / "taken").endswith("empty has no app.py.")


# ---- links


def test_a_link_within_the_folder_is_refused_wherever_it_leads(
    folder: Path, tmp_path: Path
) -> None:
    for target in ("/etc/passwd", "../other", "app.py", "nowhere", "link.py", "/"):
        (folder / "link.py").symlink_to(target)
        assert refusal(folder, tmp_path / "taken").endswith("contains link.py, which is a link.")
        (folder / "link.py").unlink()


def test_a_link_instead_of_app_py_or_of_a_folder_is_refused(folder: Path, tmp_path: Path) -> None:
    (folder / "shop" / "all").symlink_to("/etc", target_is_directory=True)
    assert "contains shop/all, which is a link" in refusal(folder, tmp_path / "taken")
    (folder / "shop" / "all").unlink()
    (folder / "app.py").unlink()
    (folder / "app.py").symlink_to(tmp_path / "secret")
    assert "contains app.py, which is a link" in refusal(folder, tmp_path / "taken")


def test_a_solution_that_is_itself_a_link_is_refused(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "file.py").symlink_to(folder / "app.py")
    (tmp_path / "folder").symlink_to(folder)
    (tmp_path / "packed.zip").symlink_to(folder / "app.py")
    for name in ("file.py", "folder", "packed.zip"):
        assert refusal(tmp_path / name, tmp_path / "taken").endswith(f"{name} is a link.")


def test_a_hard_link_is_copied_by_content_and_shares_nothing(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "other").write_text("other")
    (folder / "other.py").hardlink_to(tmp_path / "other")
    taken = take_in(folder, tmp_path / "taken") / "other.py"
    assert taken.read_text() == "other"
    assert taken.stat().st_nlink == 1


# ---- what is no file


def test_a_pipe_is_refused_without_waiting_for_a_writer(folder: Path, tmp_path: Path) -> None:
    os.mkfifo(folder / "pipe.py")
    assert refusal(folder, tmp_path / "taken").endswith("contains pipe.py, which is a pipe.")
    assert refusal(folder / "pipe.py", tmp_path / "taken").endswith("pipe.py is a pipe.")


def test_a_socket_is_refused(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket")
        assert refusal(folder, tmp_path / "taken").endswith("contains socket, which is a socket.")


@pytest.mark.parametrize("device", ["/dev/zero", "/dev/tty"])
def test_a_device_is_refused(device: str, tmp_path: Path) -> None:
    assert refusal(Path(device), tmp_path / "taken") == f"{device} is a device."


def test_a_file_that_turns_into_something_else_meanwhile_is_never_waited_for(
    folder: Path, tmp_path: Path
) -> None:
    """However often it is exchanged, each attempt ends: with the file's content, or refused."""
    following, changing = tmp_path / "next", folder / "changing"
    changing.write_text("plain")
    done = threading.Event()

    def exchange() -> None:
        while not done.is_set():
            for make in (
                lambda: os.mkfifo(following),
                lambda: following.write_text("plain"),
                lambda: following.symlink_to("/etc/passwd"),
            ):
                make()
                following.replace(changing)

    exchanger = threading.Thread(target=exchange)
    exchanger.start()
    contents = set()
    try:
        for i in range(200):
            with contextlib.suppress(SolutionError):
                contents.add((take_in(folder, tmp_path / f"taken{i}") / "changing").read_text())
    finally:
        done.set()
        exchanger.join()
    assert contents <= {"plain"}


# ---- too much


def test_the_limit_of_files_is_accepted_and_one_more_is_refused(
    folder: Path, tmp_path: Path
) -> None:
    for i in range(LIMIT_ENTRIES - 3):
        (folder / f"{i}.txt").touch()
    take_in(folder, tmp_path / "taken")
    (folder / "more").mkdir()
    assert f"at most {LIMIT_ENTRIES} files and folders" in refusal(folder, tmp_path / "refused")


def test_a_sparse_file_counts_with_the_size_that_it_claims(folder: Path, tmp_path: Path) -> None:
    os.truncate(folder / "app.py", 1 << 40)
    assert "is too large: at most 20 MiB" in refusal(folder, tmp_path / "taken")
    assert "is too large: at most 20 MiB" in refusal(folder / "app.py", tmp_path / "taken")


def test_sizes_are_added_up(folder: Path, tmp_path: Path) -> None:
    for name in ("a", "b"):
        with open(folder / name, "wb") as file:
            file.truncate(LIMIT_BYTES // 2)
    assert "is too large" in refusal(folder, tmp_path / "taken")


def test_folders_that_are_too_deep_are_refused(folder: Path, tmp_path: Path) -> None:
    deep = folder.joinpath(*["d"] * LIMIT_DEPTH)
    deep.mkdir(parents=True)
    take_in(folder, tmp_path / "taken")
    (deep / "d").mkdir()
    assert "whose name is too long" in refusal(folder, tmp_path / "refused")


def test_a_name_counts_with_its_folders(folder: Path, tmp_path: Path) -> None:
    (folder / ("f" * 200)).mkdir()
    (folder / ("f" * 200) / ("x" * (LIMIT_NAME_BYTES - 200))).touch()
    message = refusal(folder, tmp_path / "taken")
    assert "whose name is too long" in message
    assert len(message) < 400


# ---- odd names


@pytest.mark.parametrize(
    "name", ["a\nb.py", "\x1b[31m.py", "\u202eyp.exe", "back\\slash.py", "\udcff.py", "\u2028"]
)
def test_a_name_that_is_not_plain_is_refused_and_shown_safely(
    folder: Path, tmp_path: Path, name: str
) -> None:
    make(folder / name)
    message = refusal(folder, tmp_path / "taken")
    assert "whose name is not plain text" in message
    assert message.isprintable()


def test_names_that_differ_only_in_case_are_refused(folder: Path, tmp_path: Path) -> None:
    make(folder / "APP.py")
    assert "on case-insensitive file systems" in refusal(folder, tmp_path / "taken")


def test_names_in_any_script_are_welcome(folder: Path, tmp_path: Path) -> None:
    for name in ("größe.py", "价格.py", "with blank.py", "🐍.txt"):
        (folder / name).touch()
    assert "价格.py" in names_in(take_in(folder, tmp_path / "taken"))


def test_a_path_that_no_report_could_name_is_refused(tmp_path: Path) -> None:
    solution = tmp_path / "\udcff.py"
    make(solution)
    assert "is not UTF-8" in refusal(solution, tmp_path / "taken")


# ---- what cannot be read or written


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
@pytest.mark.parametrize("name", ["app.py", "shop"])
def test_what_may_not_be_read_is_named(folder: Path, tmp_path: Path, name: str) -> None:
    (folder / name).chmod(0)
    try:
        assert f"{folder / name} cannot be read: Permission denied." in refusal(
            folder, tmp_path / "taken"
        )
    finally:
        (folder / name).chmod(0o700)


@pytest.mark.skipif(
    not Path("/proc/self/mem").exists(), reason="no file here that fails while it is read"
)
def test_a_file_that_fails_while_it_is_read_is_named(tmp_path: Path) -> None:
    assert (
        refusal(Path("/proc/self/mem"), tmp_path / "taken")
        == "The solution /proc/self/mem cannot be read: Input/output error."
    )


def test_a_target_that_cannot_be_written_is_not_the_solutions_fault(
    folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(HarnessError, match="cannot be copied"):
        take_in(folder, tmp_path / "file" / "taken")


# ---- running it in its place


def test_a_folder_runs_in_place_and_so_does_its_app_py(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(folder)
    for solution in (folder, folder / "app.py", tmp_path / "link"):
        assert folder_to_run(solution, tmp_path / "copy") == folder.resolve()
    assert not (tmp_path / "copy").exists()


def test_a_file_with_another_name_runs_as_a_copy(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("app = 1")
    where = folder_to_run(tmp_path / "mine.py", tmp_path / "copy")
    assert names_in(where) == ["app.py"]
    assert where == (tmp_path / "copy").resolve()


@pytest.mark.parametrize("name", ["none", "none.py", "none/app.py", "empty", "empty/app.py"])
def test_what_has_no_app_py_cannot_be_run(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(SolutionError):
        folder_to_run(tmp_path / name, tmp_path / "copy")
