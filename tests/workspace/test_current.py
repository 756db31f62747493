"""The kata that a command without a slug means."""

from pathlib import Path

import pytest

from grader.catalog.index import Index
from grader.workspace.current import DONE, current_slug, is_elsewhere, slug_of_folder
from grader.workspace.progress import State, Workspace

INDEX = Index(Path("katas"), ("a", "b", "c"), {}, {"old": "b"})
WORKSPACE = Workspace(Path("/play"))


@pytest.mark.parametrize("state", DONE)
def test_a_finished_kata_is_not_current(state: State) -> None:
    assert current_slug(INDEX, {"a": state}) == "b"


@pytest.mark.parametrize("state", [State.TODO, State.STARTED])
def test_the_first_unfinished_kata_is_current(state: State) -> None:
    assert current_slug(INDEX, {"a": State.PASSED, "b": state, "c": State.STARTED}) == "b"


def test_none_is_current_when_all_are_finished() -> None:
    assert current_slug(INDEX, dict.fromkeys(INDEX.slugs, State.SKIPPED)) is None


@pytest.mark.parametrize(
    ("folder", "slug"),
    [
        ("/play", None),
        ("/play/a", "a"),
        ("/play/a/shop/db", "a"),
        ("/play/old", "old"),
        ("/play/.kata", None),
        ("/play/notes/a", None),
    ],
)
def test_a_folder_belongs_to_the_kata_at_the_top_of_the_workspace(
    folder: str, slug: str | None
) -> None:
    assert slug_of_folder(INDEX, WORKSPACE, Path(folder)) == slug


def test_the_folder_under_a_former_slug_belongs_to_the_same_kata() -> None:
    assert not is_elsewhere(INDEX, WORKSPACE, "b", Path("/play/old"))
    assert is_elsewhere(INDEX, WORKSPACE, "a", Path("/play/old"))
    assert not is_elsewhere(INDEX, WORKSPACE, "a", Path("/play"))
