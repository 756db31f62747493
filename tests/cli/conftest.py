"""The command within this process: quick, where no server and no other process matters."""

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from grader.cli import main
from tests.cli.commands import KataHere
from tests.conftest import Ran


@pytest.fixture
def kata_here(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Callable[..., Ran]:
    """Runs `kata` in this process, in a folder, 80 columns wide unless told otherwise."""

    def run(*arguments: str | Path, cwd: Path, environ: Mapping[str, str] | None = None) -> Ran:
        with monkeypatch.context() as patch:
            for name in ("KATA_PATH", "VISUAL", "EDITOR", "FORCE_COLOR"):
                patch.delenv(name, raising=False)
            for name, value in {"COLUMNS": "80", **(environ or {})}.items():
                patch.setenv(name, value)
            patch.chdir(cwd)
            patch.setattr(sys, "argv", ["kata", *map(str, arguments)])
            capfd.readouterr()
            with pytest.raises(SystemExit) as end:
                main.run()
        assert isinstance(end.value.code, int)
        return Ran(end.value.code, *capfd.readouterr())

    return run


@pytest.fixture
def katas(make_kata: Callable[..., Path]) -> Path:
    """A folder of three small katas, one after another."""
    for slug in ("first", "second", "third"):
        folder = make_kata(slug)
    (folder / "catalog.toml").write_text(
        '[[tier]]\nnumber = 1\ntitle = "All"\nkatas = ["first", "second", "third"]\n'
    )
    return folder


@pytest.fixture
def play(tmp_path: Path) -> Path:
    """An empty folder to work in."""
    folder = tmp_path / "play"
    folder.mkdir()
    return folder


@pytest.fixture
def run(kata_here: KataHere, katas: Path) -> KataHere:
    """Runs a command with the three small katas."""

    def run_with_katas(*arguments: str, cwd: Path, environ: dict[str, str] | None = None) -> Ran:
        return kata_here(*arguments, cwd=cwd, environ={"KATA_PATH": str(katas), **(environ or {})})

    return run_with_katas


@pytest.fixture
def begun(kata_here: KataHere, katas: Path, play: Path) -> Path:
    """A workspace of the three small katas, in which the first was handed out."""
    assert kata_here("next", "--katas", katas, cwd=play).code == 0
    return play
