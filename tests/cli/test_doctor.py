"""`kata doctor`."""

import json

import pytest

from tests.conftest import RunKata

pytestmark = pytest.mark.slow


def test_the_doctor_fits_on_one_screen_and_says_whether_katas_can_be_graded(
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


def test_the_doctor_reports_the_same_as_json(kata: RunKata) -> None:
    told = kata("doctor", "--json")
    facts = {fact["name"]: fact for fact in json.loads(told.out)["facts"]}
    assert facts["PostgreSQL"]["state"] == "good"
    assert set(facts["Noise"]) == {"name", "state", "seen", "advice"}


def test_the_doctor_says_what_to_do_about_a_failure(kata: RunKata) -> None:
    told = kata("doctor", environ={"KATA_POSTGRES_URL": "postgresql://nobody@127.0.0.1:1/"})
    assert told.code == 4
    assert "! PostgreSQL: " in told.out
    assert "Katas can be graded here once this is fixed: PostgreSQL." in told.out
