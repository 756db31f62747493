"""What a kata's checks can import."""

import subprocess
import sys
from importlib import import_module

import pytest

from grader.checks import api
from grader.registry import SERVICES

EXPORTS = [(service.module, name) for service in SERVICES.values() for name in service.exports]


@pytest.mark.parametrize("name", api.__all__)
def test_each_name_can_be_imported(name: str) -> None:
    assert getattr(api, name) is not None


@pytest.mark.parametrize(("module", "name"), EXPORTS)
def test_the_types_of_every_service_are_found_and_listed(module: str, name: str) -> None:
    assert getattr(api, name) is getattr(import_module(module), name)
    assert name in api.__all__


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(AttributeError, match="has no 'Downstream'"):
        _ = api.Downstream


def test_no_service_is_loaded_before_a_check_names_it() -> None:
    code = (
        "import sys, grader.checks.api as api\n"
        f"modules = {[service.module for service in SERVICES.values()]}\n"
        "print([name for name in modules if name in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
