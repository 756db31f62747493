"""The interpreters that continuous integration finds."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).resolve().parent.parent / ".ci" / "pythons.py"


@pytest.fixture(scope="session")
def pythons() -> ModuleType:
    """The script, as a module."""
    spec = importlib.util.spec_from_file_location("ci_pythons", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def make(folder: Path, name: str, version: str, code: int = 0) -> Path:
    """A fake interpreter that reports this version, or fails."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\necho '[{version}]'\nexit {code}\n")
    (folder / name).chmod(0o755)
    return folder / name


def found(pythons: ModuleType, prefix: Path = Path("/nowhere"), **environ: str) -> list[str]:
    """Versions of the interpreters found in this environment, without the one that runs this test."""
    paths = [path for path in pythons.candidates(environ, prefix) if path != sys.executable]
    probed = map(pythons.probe, paths)
    return [one.name for one in pythons.newest(one for one in probed if one is not None)]


def test_interpreters_on_the_path_and_of_pyenv_are_found(
    pythons: ModuleType, tmp_path: Path
) -> None:
    make(tmp_path / "bin", "python3.12", "3, 12, 1")
    make(tmp_path / ".pyenv" / "versions" / "3.13.0" / "bin", "python3", "3, 13, 0")
    assert found(pythons, PATH=str(tmp_path / "bin"), HOME=str(tmp_path)) == ["3.12.1", "3.13.0"]


def test_interpreters_beside_one_of_pyenv_are_found_wherever_pyenv_is(
    pythons: ModuleType, tmp_path: Path
) -> None:
    for version in ("3.12.1", "3.13.0"):
        make(tmp_path / "versions" / version / "bin", "python3", version.replace(".", ", "))
    assert found(pythons, tmp_path / "versions" / "3.12.1", PATH="", HOME="/nowhere") == [
        "3.12.1",
        "3.13.0",
    ]


def test_interpreters_that_are_too_old_or_fail_are_ignored(
    pythons: ModuleType, tmp_path: Path
) -> None:
    make(tmp_path, "python3.10", "3, 10, 9")
    make(tmp_path, "python3.13", "3, 13, 0", code=127)
    make(tmp_path, "python3.14-config", "3, 14, 0")
    (tmp_path / "python3.11").write_text("no program")
    assert found(pythons, PATH=str(tmp_path), HOME="/nowhere") == []


def test_only_the_newest_of_each_minor_version_is_used(pythons: ModuleType, tmp_path: Path) -> None:
    make(tmp_path / "a", "python3.12", "3, 12, 9")
    make(tmp_path / "b", "python3.12", "3, 12, 11")
    assert found(
        pythons, PATH=f"{tmp_path / 'a'}{os.pathsep}{tmp_path / 'b'}", HOME="/nowhere"
    ) == ["3.12.11"]


def test_interpreters_that_are_named_are_the_only_ones(pythons: ModuleType, tmp_path: Path) -> None:
    named = make(tmp_path / "mine", "python", "3, 11, 2")
    make(tmp_path / "bin", "python3.12", "3, 12, 1")
    assert found(
        pythons, KATA_PYTHONS=f"'{named}' python3.9", PATH=str(tmp_path / "bin"), HOME="/nowhere"
    ) == ["3.11.2"]


@pytest.mark.parametrize(("ci", "code"), [("true", 1), ("", 0)])
def test_a_single_version_is_a_failure_in_continuous_integration(
    tmp_path: Path, ci: str, code: int
) -> None:
    only = make(tmp_path, "python3.12", "3, 12, 1")
    environ = {"KATA_PYTHONS": str(only), "PATH": os.defpath, "CI": ci}
    done = subprocess.run(
        [sys.executable, str(SCRIPT), "--list"],
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, "Python 3.12.1" in done.stdout) == (code, True)
    assert ("name more in KATA_PYTHONS" in done.stderr) is (code == 1)
