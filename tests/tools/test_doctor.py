"""What `kata doctor` finds out about a machine, and what it advises."""

import resource
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from grader.errors import SandboxUnavailable
from grader.facts import Fact, FactState
from grader.tools import doctor


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """No service is started, no launcher either, and noise is measured for an instant."""

    def no_launcher(*arguments: object) -> AbstractContextManager[object]:
        raise SandboxUnavailable("This machine cannot make a sandbox.", "Install bubblewrap.")

    monkeypatch.setattr(doctor, "SERVICES", {})
    monkeypatch.setattr(doctor, "NOISE_S", 0.01)
    monkeypatch.setattr(doctor, "running_launcher", no_launcher)


def surveyed() -> dict[str, Fact]:
    return {fact.name: fact for fact in doctor.survey()}


def test_each_fact_has_a_name_of_its_own_and_what_was_seen() -> None:
    facts = list(doctor.survey())
    assert len({fact.name for fact in facts}) == len(facts)
    assert all(fact.seen for fact in facts)


def test_what_is_lacking_or_bad_comes_with_advice() -> None:
    sandbox = surveyed()["Sandbox"]
    assert (sandbox.state, sandbox.seen) == (FactState.BAD, "This machine cannot make a sandbox")
    assert sandbox.advice == "Install bubblewrap."


def test_one_core_is_lacking(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "usable_cores", lambda: 1)
    cores = surveyed()["Cores"]
    assert (cores.state, cores.seen.split(",")[0]) == (FactState.LACKING, "1")
    assert "inconclusive" in cores.advice


@pytest.mark.parametrize(
    ("soft", "state", "seen"),
    [
        (100, FactState.BAD, "100 at most"),
        (4096, FactState.GOOD, "4096 at most"),
        (resource.RLIM_INFINITY, FactState.GOOD, "unlimited"),
    ],
)
def test_few_open_files_are_bad(
    monkeypatch: pytest.MonkeyPatch, soft: int, state: FactState, seen: str
) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda which: (soft, soft))
    files = surveyed()["Open files"]
    assert (files.state, files.seen) == (state, seen)


def test_a_package_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "PACKAGES", ("fastapi", "no-such-package"))
    assert surveyed()["Packages"].seen.endswith(", no-such-package missing")


def test_without_bubblewrap_the_way_to_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "find_bwraps", lambda: ())
    monkeypatch.setattr("sys.platform", "linux")
    bubblewrap = surveyed()["bubblewrap"]
    assert (bubblewrap.state, bubblewrap.seen) == (FactState.LACKING, "not installed")
    assert "apt install bubblewrap" in bubblewrap.advice


def test_a_machine_that_is_kept_busy_is_noisy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "QUIET_SHARE", -1.0)
    noise = surveyed()["Noise"]
    assert noise.state is FactState.LACKING
    assert "others use" in noise.seen


def test_a_full_temporary_folder_is_bad(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(doctor, "MIB", 2**60)
    assert surveyed()["Temporary files"].state is FactState.BAD
