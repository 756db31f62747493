"""Promises: durations by name, and what is said of a name or a value that is wrong."""

import copy
import pickle
from pathlib import Path

import pytest

from grader.catalog.promises import Promises, read_promises
from grader.catalog.table import Table
from grader.errors import KataPackageError


def read(values: dict[str, object]) -> Promises:
    return read_promises(Table(Path("katas/tiny/kata.toml"), "promises", values))


def test_a_promise_is_an_attribute() -> None:
    promises = read({"default_s": 1, "search_s": 1.2})
    assert (promises.default_s, promises.search_s) == (1.0, 1.2)
    assert promises.names() == ("default_s", "search_s")
    assert promises.items() == (("default_s", 1.0), ("search_s", 1.2))


@pytest.mark.parametrize(
    ("name", "hint"),
    [("serch_s", "Did you mean `search_s`?"), ("xyz", "Known: default_s, search_s.")],
)
def test_an_unknown_promise_is_an_attribute_error_that_names_the_nearest(
    name: str, hint: str
) -> None:
    with pytest.raises(AttributeError) as caught:
        getattr(read({"default_s": 1.0, "search_s": 1.2}), name)
    assert str(caught.value) == f"kata.toml has no promise `{name}` under [promises]. {hint}"


def test_promises_can_be_copied_and_sent_to_another_process() -> None:
    promises = read({"default_s": 0.5})
    assert copy.deepcopy(promises) == promises
    assert pickle.loads(pickle.dumps(promises)) == promises
    assert hash(promises) == hash(copy.copy(promises))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({}, "`promises.default_s` is missing"),
        ({"default_s": 0}, "`promises.default_s` must be a positive number of seconds"),
        ({"default_s": float("inf")}, "`promises.default_s` must be a positive number of seconds"),
        ({"default_s": True}, "`promises.default_s` must be a positive number of seconds"),
        ({"default_s": 1.0, "search": 1.2}, "`promises.search` is no name for a promise"),
        ({"default_s": 1.0, "Search_s": 1.2}, "`promises.Search_s` is no name for a promise"),
        ({"default_s": 1.0, "search_s": "1"}, "`promises.search_s` must be a positive number"),
    ],
)
def test_a_wrong_name_or_value_is_refused_with_its_key(
    values: dict[str, object], message: str
) -> None:
    with pytest.raises(KataPackageError) as caught:
        read(values)
    assert message in caught.value.message
