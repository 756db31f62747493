"""PostgreSQL as a service: what a kata says to it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from grader.catalog.manifest import Kata, read_manifest
from grader.errors import KataPackageError
from grader.services.postgres import SERVICE, Options, read_options
from tests.conftest import MANIFEST

MakeKata = Callable[..., Path]


def kata_with(make_kata: MakeKata, table: str, **files: str) -> Kata:
    """A kata with this table for the service."""
    manifest = MANIFEST.replace("[starter]", f"[postgres]\n{table}\n[starter]").replace(
        "tier = 1", 'tier = 1\nservices = ["postgres"]'
    )
    return read_manifest(make_kata(manifest=manifest, files=files) / "tiny")


def test_a_kata_says_how_many_connections_there_are_and_what_is_in_the_database(
    make_kata: MakeKata,
) -> None:
    kata = kata_with(
        make_kata,
        'max_connections = 7\nschema = "tables.sql"',
        **{"tables.sql": "CREATE TABLE t ()"},
    )
    assert read_options(kata) == (Options(7, "tables.sql"), "CREATE TABLE t ()")
    assert SERVICE.files_of(kata) == ("tables.sql",)


def test_a_kata_need_not_say_anything(make_kata: MakeKata) -> None:
    kata = kata_with(make_kata, "")
    assert read_options(kata) == (Options(), "")
    assert SERVICE.files_of(kata) == ()


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ('schema = "none.sql"', "`postgres.schema` names none.sql, which cannot be read"),
        ('schema = "a\\u0000b"', "cannot be read: embedded null byte"),
        ("max_connections = 0", "`postgres.max_connections` must be a positive integer"),
        ("max_conections = 5", "`postgres.max_conections` is unknown"),
    ],
)
def test_a_mistake_in_its_table_of_the_manifest_is_told(
    make_kata: MakeKata, table: str, message: str
) -> None:
    kata = kata_with(make_kata, table)
    with pytest.raises(KataPackageError) as caught:
        SERVICE.check_options(kata)
    assert message in caught.value.message
    assert str(kata.folder / "kata.toml") in caught.value.message
