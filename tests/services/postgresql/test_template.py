"""What servers are copied from: made once, never half, and readable by the right people alone."""

import stat
from pathlib import Path

import pytest

from grader.services.postgresql import template
from grader.services.postgresql.template import PASSWORD, keep, package_folder, prepare_template


def test_the_template_is_made_once() -> None:
    one, two = prepare_template(), prepare_template()
    assert one == two
    assert (one.binaries / "postgres").is_file()
    assert (one.data / "PG_VERSION").is_file()


def test_the_superusers_password_is_for_the_grader_alone() -> None:
    template = prepare_template()
    assert template.password
    assert stat.S_IMODE((template.data / PASSWORD).stat().st_mode) == 0o600


def test_a_folder_of_the_cache_is_made_on_first_use(tmp_path: Path) -> None:
    made: list[Path] = []

    def make(target: Path) -> None:
        made.append(target)
        target.mkdir()
        (target / "file").write_text("x")

    for _ in range(2):
        assert (keep(tmp_path / "kept", make) / "file").read_text() == "x"
    assert len(made) == 1


def test_a_folder_that_could_not_be_made_leaves_nothing(tmp_path: Path) -> None:
    def fail(target: Path) -> None:
        target.mkdir()
        raise OSError("the disk is full")

    with pytest.raises(OSError, match="the disk is full"):
        keep(tmp_path / "kept", fail)
    assert list(tmp_path.iterdir()) == []


def test_a_package_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(template, "PACKAGE", "no-such-package")
    with pytest.raises(FileNotFoundError, match="not installed: 'no-such-package'"):
        package_folder()
