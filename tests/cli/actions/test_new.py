"""`kata new` in this process: what it writes, and what it says to do next."""

import shlex
from pathlib import Path

import pytest

from grader.catalog.manifest import read_manifest
from grader.cli.actions.new import write_kata
from grader.errors import UsageError


def test_the_commands_that_follow_can_be_pasted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "500")
    folder = tmp_path / "my katas"
    write_kata("two-at-once", 2, "", folder)
    lines = [line.strip() for line in capsys.readouterr().out.splitlines()]
    (check,) = [shlex.split(line) for line in lines if line.startswith("kata check")]
    (verify,) = [shlex.split(line) for line in lines if line.startswith("kata verify")]
    starter = str(folder / "two-at-once" / "starter" / "app.py")
    assert check == ["kata", "check", "two-at-once", "--katas", str(folder), "--solution", starter]
    assert verify == ["kata", "verify", "two-at-once", "--katas", str(folder)]
    assert {"kata.toml", "README.md", "checks.py", "starter/app.py"} <= set(lines)
    assert Path(starter).exists()


@pytest.mark.parametrize(
    ("services", "named"),
    [("", ()), ("upstream", ("upstream",)), (" postgres , upstream,", ("postgres", "upstream"))],
)
def test_services_are_separated_by_commas(
    tmp_path: Path, services: str, named: tuple[str, ...]
) -> None:
    write_kata("two-at-once", 1, services, tmp_path)
    assert sorted(read_manifest(tmp_path / "two-at-once").services) == sorted(named)


def test_a_service_that_does_not_exist_writes_nothing(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        write_kata("two-at-once", 1, "upstraem", tmp_path)
    assert list(tmp_path.iterdir()) == []
