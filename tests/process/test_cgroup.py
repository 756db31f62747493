"""The cgroups of servers, on a made-up tree: which one may be used, what is written, what is read."""

import contextlib
import os
from pathlib import Path

import pytest

from grader.child.keeper import join_group
from grader.child.limits import MIB, Resources
from grader.process.cgroup import Groups, usable_parent


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A tree in which `app.slice` was handed to us, and the grader runs in a scope of it."""
    parent = tmp_path / "user.slice" / "app.slice"
    (parent / "terminal.scope").mkdir(parents=True)
    (parent / "cgroup.subtree_control").write_text("cpu memory pids\n")
    (parent / "cgroup.procs").write_text("")
    (tmp_path / "membership").write_text(
        "1:name=systemd:/\n0::/user.slice/app.slice/terminal.scope\n"
    )
    return tmp_path


def test_a_group_can_be_made_beside_our_own_where_the_controllers_are_enabled(root: Path) -> None:
    assert usable_parent(root, root / "membership") == root / "user.slice" / "app.slice"


@pytest.mark.parametrize("given", ["", "cpu", "memory", "cpu pids"])
def test_without_both_controllers_no_group_can_be_made(root: Path, given: str) -> None:
    (root / "user.slice" / "app.slice" / "cgroup.subtree_control").write_text(given)
    assert usable_parent(root, root / "membership") is None


def test_no_group_can_be_made_beside_the_root_of_a_container(root: Path) -> None:
    (root / "membership").write_text("0::/\n")
    assert usable_parent(root, root / "membership") is None
    assert usable_parent(root, root / "missing") is None


def test_each_server_has_a_group_with_limits_of_its_own(root: Path) -> None:
    parent = root / "user.slice" / "app.slice"
    groups = Groups(Resources(memory_bytes=100 * MIB, processes=10, threads=50), parent)
    one, other = groups.make(), groups.make()
    assert one is not None
    assert other is not None
    assert set(parent.glob("fastapi-katas-*")) == {one.folder, other.folder}
    assert (one.folder / "memory.max").read_text() == str(100 * MIB)
    assert (one.folder / "pids.max").read_text() == "60"
    one.holds_server = other.holds_server = True
    assert one.excess() is None
    (one.folder / "memory.events").write_text("low 0\noom 1\noom_kill 1\n")
    excess = one.excess()
    assert excess is not None
    assert (excess.what, excess.limit) == ("memory_bytes", 100 * MIB)
    assert other.excess() is None


def test_a_group_that_the_server_could_not_join_enforces_nothing(root: Path) -> None:
    group = Groups(Resources(), root / "user.slice" / "app.slice").make()
    assert group is not None
    (group.folder / "pids.events").write_text("max 1\n")
    assert group.excess() is None


def test_a_keeper_joins_through_the_descriptor_that_the_grader_has_opened(root: Path) -> None:
    group = Groups(Resources(), root / "user.slice" / "app.slice").make()
    assert group is not None
    (group.folder / "cgroup.procs").write_text("")
    with group.joining() as (descriptor,):
        assert join_group(os.dup(descriptor))
    assert (group.folder / "cgroup.procs").read_text() == "0"


def test_a_keeper_that_may_not_join_says_so() -> None:
    read, write = os.pipe()
    os.close(write)
    assert not join_group(read)
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.close(read)


def test_a_group_ends_with_its_server_and_is_removed_once_it_is_empty(root: Path) -> None:
    parent = root / "user.slice" / "app.slice"
    groups = Groups(Resources(), parent)
    with contextlib.closing(groups):
        group = groups.make()
        assert group is not None
        groups.end(group)
        assert (group.folder / "cgroup.kill").read_text() == "1"
        for file in group.folder.iterdir():  # the kernel's files do not keep a folder
            file.unlink()
    assert not list(parent.glob("fastapi-katas-*"))


def test_a_tree_that_refuses_new_groups_is_not_an_error(root: Path) -> None:
    assert Groups(Resources(), root / "missing").make() is None
    assert Groups(Resources(), None).make() is None
