"""The catalog reads whole katas where the index only names them."""

from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import pytest

from grader.catalog.find import find_catalog
from grader.catalog.index import Index, find_index
from grader.errors import KataPackageError, UnknownKata

MakeKata = Callable[..., Path]


def test_a_catalog_has_everything_that_its_index_has(make_kata: MakeKata) -> None:
    folder = make_kata("a")
    (folder / "catalog.toml").write_text(
        '[[tier]]\nnumber = 2\ntitle = "T"\nkatas = ["a"]\n[renamed]\nold = "a"\n'
    )
    catalog, index = find_catalog(folder), find_index(folder)
    names = [field.name for field in fields(Index)]
    assert [getattr(catalog, name) for name in names] == [getattr(index, name) for name in names]


def test_a_kata_is_found_by_its_present_and_its_former_slug(make_kata: MakeKata) -> None:
    folder = make_kata("new")
    (folder / "catalog.toml").write_text('[renamed]\nold = "new"\n')
    catalog = find_catalog(folder)
    assert catalog.kata("new") == catalog.kata("old")
    with pytest.raises(UnknownKata):
        catalog.kata("older")


def test_all_katas_come_in_the_order_of_the_catalog(make_kata: MakeKata) -> None:
    make_kata("a")
    folder = make_kata("b")
    (folder / "catalog.toml").write_text('[[tier]]\nnumber = 1\ntitle = "T"\nkatas = ["b", "a"]\n')
    assert [kata.slug for kata in find_catalog(folder).katas()] == ["b", "a"]


def test_an_invalid_manifest_is_reported_when_its_kata_is_read(make_kata: MakeKata) -> None:
    make_kata("right")
    folder = make_kata("wrong")
    (folder / "wrong" / "kata.toml").write_text("nonsense")
    catalog = find_catalog(folder)
    assert catalog.kata("right").slug == "right"
    with pytest.raises(KataPackageError, match="is not valid TOML"):
        catalog.kata("wrong")
