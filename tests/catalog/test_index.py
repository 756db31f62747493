"""The order of katas: from `catalog.toml`, by name, or a single kata."""

from collections.abc import Callable
from pathlib import Path

import pytest

from grader.catalog.find import find_catalog
from grader.catalog.index import find_index
from grader.errors import KataPackageError, UnknownKata, UsageError

MakeKata = Callable[..., Path]


def test_an_unknown_slug_is_answered_with_the_nearest_names(make_kata: MakeKata) -> None:
    catalog = find_catalog(make_kata("sleepy-handler"))
    with pytest.raises(UnknownKata) as caught:
        catalog.kata("sleepy-handlr")
    assert caught.value.hint == "Did you mean sleepy-handler?"


def test_the_order_file_comes_first_and_new_katas_last(make_kata: MakeKata) -> None:
    make_kata("a")
    make_kata("b")
    folder = make_kata("c")
    (folder / "catalog.toml").write_text(
        '[[tier]]\nnumber = 1\ntitle = "First"\nkatas = ["c", "a"]\n[renamed]\nold = "b"\n'
    )
    catalog = find_catalog(folder)
    assert catalog.slugs == ("c", "a", "b")
    assert catalog.tiers == {1: "First"}
    assert catalog.kata("old").slug == "b"


def test_a_kata_itself_is_a_catalog_of_one(make_kata: MakeKata) -> None:
    assert find_catalog(make_kata() / "tiny").slugs == ("tiny",)


@pytest.mark.parametrize("exists", [True, False])
def test_a_folder_without_katas_is_refused(tmp_path: Path, exists: bool) -> None:
    folder = tmp_path if exists else tmp_path / "missing"
    with pytest.raises(UsageError):
        find_catalog(folder)


@pytest.mark.parametrize(
    "text",
    [
        "[[tier]]\nnumber = 1\n",
        "nonsense",
        f"x = {'[' * 3000}{']' * 3000}",
        '[[tier]]\nnumber = 1\ntitle = "x"\nkatas = ["missing"]\n',
    ],
)
def test_an_invalid_order_file_is_reported(make_kata: MakeKata, text: str) -> None:
    folder = make_kata()
    (folder / "catalog.toml").write_text(text)
    with pytest.raises(KataPackageError, match=r"catalog\.toml"):
        find_catalog(folder)


def test_the_tier_of_the_order_file_comes_before_that_of_the_kata(make_kata: MakeKata) -> None:
    make_kata("named")
    folder = make_kata("other")
    (folder / "catalog.toml").write_text('[[tier]]\nnumber = 3\ntitle = "T"\nkatas = ["named"]\n')
    index = find_index(folder)
    assert (index.tier_of("named"), index.tier_of("other")) == (3, 1)


def test_cards_come_in_the_order_of_the_index(make_kata: MakeKata) -> None:
    make_kata("a")
    assert [card.slug for card in find_index(make_kata("b")).cards()] == ["a", "b"]
