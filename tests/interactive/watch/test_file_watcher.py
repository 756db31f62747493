"""A save is seen however an editor makes it; what editors have beside a file is not one."""

import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import pytest
import watchfiles
from watchfiles._rust_notify import WatchfilesRustInternalError

from grader.errors import HarnessError
from grader.interactive.watch import file_watcher
from grader.interactive.watch.file_watcher import (
    RESCAN_S,
    FileEvent,
    Gone,
    PollingStarted,
    Saved,
    WorkspaceGone,
    follow_saves,
)
from tests.waiting import until


class Told:
    """What was told of one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.app = folder / "app.py"
        self.news: list[FileEvent] = []
        self.has_ended = False

    async def until(self, *news: FileEvent) -> None:
        """Wait until something was told, which must begin like this; forget it then."""
        await until(lambda: len(self.news) >= len(news))
        assert tuple(self.news[: len(news)]) == news
        self.news.clear()

    async def nothing(self) -> None:
        """Wait for some looks; nothing must have been told."""
        await anyio.sleep(1.5 * RESCAN_S)
        assert self.news == []


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of a kata in a workspace."""
    folder = tmp_path / "play" / "first"
    folder.mkdir(parents=True)
    (tmp_path / "play" / ".kata").mkdir()
    (folder / "app.py").write_text("app = 1")
    return folder


@asynccontextmanager
async def following(folder: Path, *, polls: bool | None = None) -> AsyncIterator[Told]:
    """Follow the saves in this folder; the first one is made here, so that it is certain that all others are seen."""
    told = Told(folder)

    async def follow() -> None:
        await follow_saves(folder, folder.parent, told.news.append, polls=polls)
        told.has_ended = True

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(follow)
        await anyio.sleep(0.05)
        if told.app.exists():
            new = folder.parent / "new.py"  # in one step, so that it is told once
            new.write_text("app = 2")
            new.replace(told.app)
            await told.until(Saved())
        yield told
        tasks.cancel_scope.cancel()


def by_rename(app: Path) -> None:
    new = app.with_name("app.py.tmp")
    new.write_text("app = 3")
    new.replace(app)


def by_backup(app: Path) -> None:
    """As Vim does it."""
    app.rename(app.with_name("app.py~"))
    app.write_text("app = 3")
    app.with_name("app.py~").unlink()


def by_truncation(app: Path) -> None:
    with open(app, "w") as file:
        file.flush()
        file.write("app = 3")


def by_another_file(app: Path) -> None:
    (app.parent / "prices.py").write_text("prices = 3")


def by_deleting_another_file(app: Path) -> None:
    (app.parent / "shop").rmdir()


@pytest.mark.parametrize(
    "save", [by_rename, by_backup, by_truncation, by_another_file, by_deleting_another_file]
)
async def test_a_save_is_seen_however_it_is_made(
    folder: Path, save: Callable[[Path], None]
) -> None:
    (folder / "shop").mkdir()
    async with following(folder) as told:
        save(told.app)
        await told.until(Saved())


async def test_polling_sees_saves_too(folder: Path) -> None:
    async with following(folder, polls=True) as told:
        by_rename(told.app)
        await told.until(Saved())


async def test_a_burst_of_writes_is_one_save_or_few(folder: Path) -> None:
    async with following(folder) as told:
        for i in range(200):
            told.app.write_text(f"app = {i}")
        await told.until(Saved())
        await anyio.sleep(RESCAN_S)
        assert len(told.news) < 20


async def test_files_of_editors_and_tools_are_not_saves(folder: Path) -> None:
    async with following(folder) as told:
        for name in (
            ".app.py.swp",
            "4913",
            "app.py~",
            "#app.py#",
            "app.py___jb_tmp___",
            ".goutputstream-X1Y2Z3",
        ):
            (folder / name).write_text("x")
            (folder / name).unlink()
        (folder / ".#app.py").symlink_to("me@here.1")
        for name in ("__pycache__", ".git", ".ruff_cache"):
            (folder / name).mkdir()
            (folder / name / "x").write_text("x")
        await told.nothing()


async def test_a_temporary_file_is_not_a_save(folder: Path) -> None:
    async with following(folder) as told:
        for i in range(5):
            (folder / f"sed{i}").write_text("x")
            (folder / f"sed{i}").unlink()
        told.app.chmod(0o600)
        await told.nothing()


async def test_reading_is_not_a_save(folder: Path) -> None:
    async with following(folder) as told:
        shutil.copytree(folder, folder.parent / "copy")
        told.app.read_text()
        await told.nothing()


async def test_a_workspace_within_a_folder_that_tools_use_is_watched_as_well(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "node_modules" / ".git" / "first"
    folder.mkdir(parents=True)
    (folder.parent / ".kata").mkdir()
    (folder / "app.py").write_text("app = 1")
    async with following(folder) as told:
        by_rename(told.app)
        await told.until(Saved())


async def test_a_deleted_file_is_reported_once_and_its_return_too(folder: Path) -> None:
    async with following(folder) as told:
        told.app.unlink()
        await told.until(Gone())
        await told.nothing()
        told.app.write_text("app = 3")
        await told.until(Saved())


async def test_a_file_that_is_missing_from_the_beginning_is_waited_for(folder: Path) -> None:
    (folder / "app.py").unlink()
    async with following(folder) as told:
        await told.until(Gone())
        told.app.write_text("app = 3")
        await told.until(Saved())


async def test_a_folder_may_disappear_and_come_back(folder: Path) -> None:
    async with following(folder) as told:
        shutil.move(folder, folder.parent / "elsewhere")
        await told.until(Gone())
        shutil.copytree(folder.parent / "elsewhere", folder)
        await told.until(Saved())
        await anyio.sleep(2 * RESCAN_S)
        told.news.clear()
        by_another_file(told.app)
        await told.until(Saved())


async def test_when_the_workspace_goes_away_that_is_the_end(folder: Path) -> None:
    async with following(folder) as told:
        shutil.rmtree(folder.parent)
        await until(lambda: told.has_ended)
        assert told.news[-1] == WorkspaceGone()


REASONS = {
    'OS file watch limit reached. about ["/x"]': "its limit of watched files is reached",
    "Error creating recommended watcher: Too many open files (os error 24)": "its limit of watched files is reached",
    "something else": "something else",
}


@pytest.mark.parametrize("error", REASONS)
async def test_where_the_system_cannot_tell_files_are_compared_and_that_is_said(
    folder: Path, monkeypatch: pytest.MonkeyPatch, error: str
) -> None:
    def limited(*paths: Path, force_polling: bool | None, **options: Any) -> Any:
        if not force_polling:
            raise WatchfilesRustInternalError(error)
        return watchfiles.awatch(*paths, force_polling=force_polling, **options)

    monkeypatch.setattr(file_watcher, "awatch", limited)
    told: list[FileEvent] = []
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(partial(follow_saves, folder, folder.parent, told.append))
        await until(lambda: told)
        assert told == [PollingStarted(REASONS[error])]
        by_rename(folder / "app.py")
        await until(lambda: len(told) >= 2)
        assert told[1] == Saved()
        tasks.cancel_scope.cancel()


async def test_files_that_cannot_even_be_polled_are_an_error(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*paths: Path, **options: Any) -> Any:
        raise WatchfilesRustInternalError("no memory")

    monkeypatch.setattr(file_watcher, "awatch", broken)
    with pytest.raises(HarnessError, match="cannot be watched: no memory"):
        await follow_saves(folder, folder.parent, lambda news: None)
