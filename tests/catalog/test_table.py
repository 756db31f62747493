"""A TOML file and one table of it: types, defaults, and errors that name file, key and remedy."""

from collections.abc import Callable
from pathlib import Path

import pytest

from grader.catalog.table import DEEPEST, Table, parsed_toml
from grader.errors import KataPackageError


def table(**values: object) -> Table:
    """A table named `limits` of a file `kata.toml`."""
    return Table(Path("kata.toml"), "limits", values)


def refusal(read: Callable[[], object]) -> str:
    """The whole error of reading a key."""
    with pytest.raises(KataPackageError) as caught:
        read()
    return str(caught.value)


def test_values_are_read_and_missing_ones_have_their_defaults() -> None:
    given = table(text="a", number=2, share=0.5, flag=True, list=["x", "y"])
    assert given.text("text") == "a"
    assert given.integer("number") == 2
    assert given.number("share", 1.0) == 0.5
    assert given.flag("flag") is True
    assert given.texts("list") == ("x", "y")
    assert (given.integer("none", 3), given.number("none", 1.5), given.flag("none")) == (
        3,
        1.5,
        False,
    )
    assert (given.text("none", "b"), given.json("none"), given.tables("none")) == ("b", None, [])
    given.refuse_unknown_keys()


@pytest.mark.parametrize("value", [0, -1, True, 1.5, "2"])
def test_an_integer_is_positive_and_nothing_else(value: object) -> None:
    error = refusal(lambda: table(check=value).integer("check"))
    assert error == "kata.toml: `limits.check` must be a positive integer."


@pytest.mark.parametrize("value", ["", "  ", 1, ["a"]])
def test_a_text_is_not_empty(value: object) -> None:
    error = refusal(lambda: table(check=value).text("check"))
    assert error == "kata.toml: `limits.check` must be a non-empty string."


def test_a_missing_key_is_reported_with_the_nearest_that_is_there() -> None:
    assert refusal(lambda: table(titel="x").text("title")) == (
        "kata.toml: `limits.title` is missing. Is `titel` a misspelling of it?"
    )
    assert refusal(lambda: table().text("title")) == "kata.toml: `limits.title` is missing. Add it."


def test_a_word_outside_the_list_is_reported_with_the_nearest_word() -> None:
    assert refusal(lambda: table(method="PUST").word("method", ("POST", "GET"), "GET")).endswith(
        "Did you mean `POST`?"
    )
    assert refusal(lambda: table(tier=9).one_of("tier", range(1, 6))) == (
        "kata.toml: `limits.tier` must be from 1 to 5, not 9."
    )


def test_a_key_that_nobody_read_is_refused() -> None:
    given = table(check_s=1, chek_s=2)
    given.number("check_s", 1.0)
    assert refusal(given.refuse_unknown_keys) == (
        "kata.toml: `limits.chek_s` is unknown. Did you mean `check_s`?"
    )
    given.allow_keys("chek_s")
    given.refuse_unknown_keys()


def test_errors_within_tables_name_the_whole_path() -> None:
    inner = table(load=[{"path": ""}], retry={"count": 0})
    (first,) = inner.tables("load")
    assert "`limits.load[0].path`" in refusal(lambda: first.text("path"))
    assert "`limits.retry.count`" in refusal(lambda: inner.table("retry").integer("count"))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), object(), {"a": [object()]}])
def test_only_json_values_are_json(value: object) -> None:
    assert "must be a JSON value" in refusal(lambda: table(body=value).json("body"))


@pytest.mark.parametrize("value", [0, -0.5, True, "2", 10**400, float("inf"), float("nan")])
def test_a_number_is_positive_and_finite(value: object) -> None:
    given = table(check_s=value)
    assert "must be a positive number" in refusal(lambda: given.number("check_s", 1.0))
    assert "must be a positive number of seconds" in refusal(lambda: given.seconds("check_s"))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a = ", "Invalid value"),
        (f"[limits]\ncheck_s = {2**63}", "`limits.check_s` is an integer of more than 64 bits"),
        (f"[[a]]\nb = [{-(2**63) - 1}]", "`a.b` is an integer of more than 64 bits"),
        (f"a = {'9' * 5000}", "an integer has more than 64 bits"),
        (f"a = 0x{'f' * 5000}", "`a` is an integer of more than 64 bits"),
        (f"a = {'[' * 5000}{']' * 5000}", "more than 50 levels are nested"),
        (f"a{'.b' * 5000} = 1", "`a` has more than 50 levels"),
    ],
)
def test_toml_with_extreme_values_is_refused_like_wrong_toml(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        parsed_toml(text)


def test_toml_within_the_limits_is_read() -> None:
    assert parsed_toml(f"a = [{2**63 - 1}, {-(2**63)}]\n[b]\nc = 1.5\n") == {
        "a": [2**63 - 1, -(2**63)],
        "b": {"c": 1.5},
    }
    parsed_toml(f"a = {'[' * (DEEPEST - 1)}{']' * (DEEPEST - 1)}")
