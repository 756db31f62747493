"""The table `[run]` of a manifest: what a kata's load asks."""

from collections.abc import Callable
from pathlib import Path

import pytest

from grader.catalog.find import find_catalog
from grader.catalog.load import LoadRequest, RunPlan
from grader.catalog.manifest import read_manifest
from grader.errors import KataPackageError
from tests.conftest import MANIFEST

MakeKata = Callable[..., Path]


def plan_of(make_kata: MakeKata, run: str) -> RunPlan:
    manifest = MANIFEST.replace("[starter]", f"[run]\n{run}\n[starter]", 1)
    return read_manifest(make_kata(manifest=manifest) / "tiny").run


def test_a_kata_need_not_have_a_load(make_kata: MakeKata) -> None:
    assert read_manifest(make_kata() / "tiny").run == RunPlan()


def test_a_load_is_read_with_its_defaults(make_kata: MakeKata) -> None:
    plan = plan_of(
        make_kata,
        'numbers = 5\nfirst = [{ method = "PUT", path = "/a" }]\nload = [{ path = "/b/{n}" }]',
    )
    assert plan == RunPlan(
        load=(LoadRequest("GET", "/b/{n}"),), first=(LoadRequest("PUT", "/a"),), numbers=5
    )


def test_the_placeholder_becomes_the_visitors_number_everywhere(make_kata: MakeKata) -> None:
    request = (
        'method = "POST", path = "/{n}?x={n}", headers = { x-key = "k{n}" }, '
        'json = { a = ["p-{n}", 1, 2.5, true], b = {} }'
    )
    (asked,) = plan_of(make_kata, f"load = [{{ {request}, leave_after_s = 2 }}]").load
    visitor = asked.of_visitor(7)
    assert (visitor.path, visitor.headers, visitor.leave_after_s) == (
        "/7?x=7",
        {"x-key": "k7"},
        2.0,
    )
    assert visitor.json == {"a": ["p-7", 1, 2.5, True], "b": {}}


@pytest.mark.parametrize(
    ("run", "message", "hint"),
    [
        ("load = [{}]", "`run.load[0].path` is missing", ""),
        (
            'load = [{ path = "/a" }, { pth = "/a" }]',
            "`run.load[1].path` is missing",
            "Is `pth` a misspelling of it?",
        ),
        (
            'load = [{ path = "/a", jsn = 1 }]',
            "`run.load[0].jsn` is unknown",
            "Did you mean `json`?",
        ),
        ('load = [{ path = "a" }]', "must be the path of a URL", ""),
        ('load = [{ path = "/a b" }]', "must be the path of a URL", ""),
        (
            'load = [{ path = "/{id}" }]',
            "`run.load[0].path` has the unknown placeholder {id}",
            "{n}",
        ),
        (
            'load = [{ path = "/a", method = "GETS" }]',
            "`run.load[0].method` has the unknown value 'GETS'",
            "Did you mean `GET`?",
        ),
        (
            'load = [{ path = "/a", json = 2020-01-01 }]',
            "`run.load[0].json` must be a JSON value",
            "",
        ),
        (
            'load = [{ path = "/a", json = { x = nan } }]',
            "`run.load[0].json` must be a JSON value",
            "",
        ),
        ('load = [{ path = "/a", headers = { "a:" = "b" } }]', "is not a valid header", ""),
        ('load = [{ path = "/a", headers = { a = " b" } }]', "is not a valid header", ""),
        (
            'load = [{ path = "/a", headers = { Content-Length = "1" } }]',
            "`run.load[0].headers.Content-Length` is a header that the grader sets itself",
            "Remove it.",
        ),
        (
            'load = [{ path = "/a", headers = { a = 1 } }]',
            "`run.load[0].headers.a` must be a non-empty string",
            "",
        ),
        ('load = { path = "/a" }', "`run.load` must be a list of tables", ""),
        ("numbers = 0", "`run.numbers` must be a positive integer", ""),
        ("lod = []", "`run.lod` is unknown", "Did you mean `load`?"),
    ],
)
def test_each_error_names_its_key(make_kata: MakeKata, run: str, message: str, hint: str) -> None:
    with pytest.raises(KataPackageError) as caught:
        plan_of(make_kata, run)
    assert message in caught.value.message
    assert hint in caught.value.hint


def test_every_built_in_kata_declares_a_load() -> None:
    assert [kata.slug for kata in find_catalog().katas() if not kata.run.load] == []
