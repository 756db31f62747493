"""Solutions by people who knew only README and starter: those in `right` pass, those in `wrong` fail.

A wrong one says in its docstring which requirement it breaks. `pytest` grades one case of each kata, `.ci/run` all.
"""

import ast
import json

import pytest

from grader.catalog.find import find_catalog
from tests.cases.case import Case, all_cases, sampled
from tests.conftest import RunKata

CASES = all_cases()
SAMPLE = sampled(CASES)
REST = [case for case in CASES if case not in SAMPLE]


def judge(kata: RunKata, case: Case) -> None:
    """Grade a case in a process of its own, as a learner would."""
    ran = kata("check", case.kata, "--solution", case.path, "--json")
    report = json.loads(ran.out)
    checks = [
        (check["name"], check["message"])
        for check in report["checks"]
        if check["outcome"] != "passed"
    ]
    # Inconclusive is right as well: the machine was too busy to decide.
    assert report["verdict"] in (case.expected, "inconclusive"), checks


@pytest.mark.slow
@pytest.mark.parametrize("case", SAMPLE, ids=[case.name for case in SAMPLE])
def test_one_case_of_each_kata_is_judged_right(kata: RunKata, case: Case) -> None:
    judge(kata, case)


@pytest.mark.proof
@pytest.mark.slow
@pytest.mark.parametrize("case", REST, ids=[case.name for case in REST])
def test_the_other_cases_are_judged_right(kata: RunKata, case: Case) -> None:
    judge(kata, case)


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_a_wrong_case_says_which_requirement_it_breaks(case: Case) -> None:
    said = ast.get_docstring(ast.parse(case.path.read_text(encoding="utf-8"))) or ""
    requirements = find_catalog().kata(case.kata).requirements
    if case.expected == "failed":
        assert [name for name in requirements if said.startswith(f"Breaks {name}: ")], said
    else:
        assert said
