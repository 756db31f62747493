"""Manifests: what is read, and how each mistake is told."""

from collections.abc import Callable
from pathlib import Path

import pytest

from grader.catalog.find import find_catalog
from grader.catalog.index import shipped_folder
from grader.catalog.manifest import read_manifest
from grader.errors import KataPackageError
from tests.conftest import MANIFEST

MakeKata = Callable[..., Path]


def test_a_manifest_is_read_with_its_defaults(make_kata: MakeKata) -> None:
    kata = read_manifest(make_kata() / "tiny")
    assert (kata.slug, kata.title, kata.tier, kata.workers, kata.services) == (
        "tiny",
        "A test kata",
        1,
        1,
        (),
    )
    assert kata.limits.check_s == 20.0
    assert [(mistake.file, mistake.fails) for mistake in kata.mistakes] == [
        ("wrong.py", ("test_it_answers",))
    ]
    assert kata.reference in kata.accepted


@pytest.mark.parametrize(
    ("change", "message", "hint"),
    [
        (("title =", "titel ="), "`title` is missing", "Is `titel` a misspelling of it?"),
        (("tier = 1", "tier = 1\nworker = 2"), "`worker` is unknown", "Did you mean `workers`?"),
        (("tier = 1", "tier = 9"), "`tier` must be from 1 to 5, not 9", ""),
        (("tier = 1", 'tier = "1"'), "`tier` must be a positive integer", ""),
        (
            ("format = 2", "format = 3"),
            "`format` is 3; this version reads 2",
            "Upgrade fastapi-katas",
        ),
        (
            ("format = 2", "format = 1"),
            "`format` is 1; this version reads 2",
            "Run `kata migrate tiny`.",
        ),
        (
            ("tier = 1", 'tier = 1\nservices = ["upstrem"]'),
            "`services` has the unknown value 'upstrem'",
            "Did you mean `upstream`?",
        ),
        (
            ("because = ", 'may_fail = ["test_it_answers"]\nbecause = '),
            "`rejected.wrong.may_fail` names test_it_answers, which is in `fails`",
            "Remove one.",
        ),
        (('"three"]', "]"), "`hints` must be 3 sentences", ""),
        (
            ("because = ", "becuase = "),
            "`rejected.wrong.because` is missing",
            "Is `becuase` a misspelling of it?",
        ),
        (
            ("[starter]", "[limits]\ncheck_s = -1\n[starter]"),
            "`limits.check_s` must be a positive number",
            "",
        ),
        (
            ("[starter]", "[postgres]\nmax_connections = 1\n[starter]"),
            "`postgres` is for a service that this kata does not use",
            "to `services`",
        ),
        (
            ("[starter]", "[postgrs]\nmax_connections = 1\n[starter]"),
            "`postgrs` is unknown",
            "Did you mean `postgres`?",
        ),
        (
            ("[starter]", "[accepted.reference]\nleisurly = true\n[starter]"),
            "leisurly` is unknown",
            "Did you mean `leisurely`?",
        ),
        (
            ("[starter]", "[accepted.reference]\nleisurely = 1\n[starter]"),
            "`accepted.reference.leisurely` must be true or false",
            "",
        ),
        (
            ("[starter]", "[acepted.reference]\n[starter]"),
            "`acepted` is unknown",
            "Did you mean `accepted`?",
        ),
        (("title =", "title"), "is not valid TOML", "Fix that line."),
        (("[promises]\ndefault_s = 1.0", ""), "`promises` is missing", "Add it."),
        (("default_s", "defualt_s"), "`promises.default_s` is missing", "`defualt_s`"),
        (
            ("[requirements]", "[[run.load]]\npath = '/'\n[x]"),
            "`requirements` is missing",
            "Add it.",
        ),
        (("answers = [", "It_answers = ["), "`requirements.It_answers` is no id", "asked-anew"),
        (
            ('answers = ["test_it_answers"]', "answers = 1"),
            "`requirements.answers` must be a list of non-empty strings",
            "",
        ),
        (
            ("because =", 'names = ["lru cache"]\nbecause ='),
            "`rejected.wrong.names` has 'lru cache', which is not a Python name",
            "",
        ),
    ],
)
def test_each_error_names_file_key_and_the_nearest_right_name(
    make_kata: MakeKata, change: tuple[str, str], message: str, hint: str
) -> None:
    katas = make_kata(manifest=MANIFEST.replace(*change, 1))
    with pytest.raises(KataPackageError) as caught:
        read_manifest(katas / "tiny")
    assert str(katas / "tiny" / "kata.toml") in caught.value.message
    assert message in caught.value.message
    assert hint in caught.value.hint


def test_a_manifest_has_promises_and_the_checks_of_each_requirement(make_kata: MakeKata) -> None:
    more = "default_s = 1.0\nsearch_s = 1.2"
    kata = read_manifest(make_kata(manifest=MANIFEST.replace("default_s = 1.0", more)) / "tiny")
    assert (kata.promises.default_s, kata.promises.search_s) == (1.0, 1.2)
    assert kata.requirements == {
        "answers": ("test_it_answers",),
        "route-stays": ("test_it_answers",),
    }
    assert isinstance(hash(kata), int)


def test_an_accepted_example_is_leisurely_only_if_the_manifest_says_so(make_kata: MakeKata) -> None:
    tables = "[accepted.calm]\nleisurely = true\n[accepted.quick]\nleisurely = false\n[accepted.plain]\n[starter]"
    assert read_manifest(
        make_kata(manifest=MANIFEST.replace("[starter]", tables, 1)) / "tiny"
    ).leisurely == ("calm",)
    assert read_manifest(make_kata() / "tiny").leisurely == ()


def test_a_folder_without_a_manifest_is_not_a_kata(tmp_path: Path) -> None:
    with pytest.raises(KataPackageError, match=r"has no kata\.toml"):
        read_manifest(tmp_path)


def test_every_built_in_kata_can_be_read_and_is_in_the_order_file() -> None:
    catalog = find_catalog(shipped_folder())
    katas = catalog.katas()
    assert {kata.tier for kata in katas} <= set(catalog.tiers)
    assert [kata.tier for kata in katas] == sorted(kata.tier for kata in katas)
