"""The cgroup of a grading, on a made-up tree: which one may be used, what is written, what is read."""

from pathlib import Path

import pytest

from grader.child.limits import MIB, Resources
from grader.process.cgroup import limited_group, usable_parent


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


def test_a_group_has_its_limits_and_is_removed_afterwards(root: Path) -> None:
    parent = root / "user.slice" / "app.slice"
    with limited_group(
        Resources(memory_bytes=100 * MIB, processes=10, threads=50), parent
    ) as group:
        assert group is not None
        (folder,) = parent.glob("fastapi-katas-*")
        assert (folder / "memory.max").read_text() == str(100 * MIB)
        assert (folder / "pids.max").read_text() == "60"
        assert group.take_in(4711)
        assert (folder / "cgroup.procs").read_text() == "4711"
        assert group.excess() is None
        (folder / "memory.events").write_text("low 0\noom 1\noom_kill 1\n")
        excess = group.excess()
        assert excess is not None
        assert (excess.what, excess.limit) == ("memory_bytes", 100 * MIB)


def test_a_tree_that_refuses_new_groups_is_not_an_error(root: Path) -> None:
    with limited_group(Resources(), root / "missing") as group:
        assert group is None
    with limited_group(Resources(), None) as group:
        assert group is None
