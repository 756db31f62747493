"""What a list reads of a kata."""

from collections.abc import Callable
from pathlib import Path

import pytest

from grader.catalog.card import read_card
from grader.catalog.find import find_catalog
from grader.catalog.manifest import Kata, read_manifest
from grader.errors import KataPackageError
from tests.conftest import MANIFEST

MakeKata = Callable[..., Path]
TOPICS = 'topics = ["tests"]'


@pytest.mark.parametrize("kata", find_catalog().katas(), ids=lambda kata: kata.slug)
def test_a_card_says_what_the_manifest_says(kata: Kata) -> None:
    card = vars(read_card(kata.folder))
    assert card == {name: getattr(kata, name) for name in card}


@pytest.mark.parametrize("value", ["9" * 400, f"{'[' * 3000}{']' * 3000}"])
def test_extreme_values_are_not_valid_toml(make_kata: MakeKata, value: str) -> None:
    for text in (f"tier = {value}\n{MANIFEST}", f"{MANIFEST}\n[limits]\ncheck_s = {value}\n"):
        with pytest.raises(KataPackageError, match=r"kata\.toml is not valid TOML"):
            read_manifest(make_kata(manifest=text) / "tiny")


def test_errors_in_the_tables_do_not_matter(make_kata: MakeKata) -> None:
    folder = make_kata(manifest=f"{MANIFEST}\n[nonsense]\nthis is no TOML\n") / "tiny"
    assert read_card(folder).title == "A test kata"
    with pytest.raises(KataPackageError, match="is not valid TOML"):
        read_manifest(folder)


@pytest.mark.parametrize(
    "topics",
    [
        pytest.param('["a", # [\n"b",\n]', id="comment"),
        pytest.param('["a", """\n[b]\n"""]', id="text of several lines"),
        pytest.param("['''\n  [b''', \"a\"]", id="literal text of several lines"),
    ],
)
def test_a_line_inside_a_value_does_not_begin_a_table(make_kata: MakeKata, topics: str) -> None:
    folder = make_kata(manifest=MANIFEST.replace(TOPICS, f"topics = {topics}")) / "tiny"
    assert read_card(folder).topics == read_manifest(folder).topics
    assert len(read_card(folder).topics) == 2


@pytest.mark.parametrize("manifest", ["", "title = 3\n[run]\n", "title = \n[run]\n"])
def test_errors_above_the_tables_are_reported(make_kata: MakeKata, manifest: str) -> None:
    with pytest.raises(KataPackageError, match=r"kata\.toml"):
        read_card(make_kata(manifest=manifest) / "tiny")


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ("tier = 9", "`tier` must be from 1 to 5"),
        ("title = 1", "`title` must be a non-empty string"),
        ("format = 99", "`format` is 99"),
    ],
)
def test_each_key_above_the_tables_is_checked(make_kata: MakeKata, line: str, wrong: str) -> None:
    key = line.partition(" ")[0]
    manifest = "\n".join(
        line if old.startswith(f"{key} ") else old for old in MANIFEST.splitlines()
    )
    with pytest.raises(KataPackageError, match=wrong):
        read_card(make_kata(manifest=manifest) / "tiny")


def test_a_card_knows_every_key_that_a_manifest_may_have(make_kata: MakeKata) -> None:
    folder = make_kata(manifest=f"zzzzzzzz = 1\n{MANIFEST}") / "tiny"
    known = []
    for read in (read_card, read_manifest):
        with pytest.raises(KataPackageError, match="`zzzzzzzz` is unknown") as caught:
            read(folder)
        known.append(set(caught.value.hint.removeprefix("Known: ").removesuffix(".").split(", ")))
    assert known[0] == known[1]


def test_a_folder_without_a_manifest_has_no_card(tmp_path: Path) -> None:
    with pytest.raises(KataPackageError, match=r"has no kata\.toml"):
        read_card(tmp_path)
