"""The registry of services: complete, and cheap to read."""

import subprocess
import sys
from importlib import import_module

import pytest

from grader.checks import api
from grader.registry import SERVICES


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_where_the_registry_says_under_its_name(name: str) -> None:
    assert import_module(SERVICES[name].module).SERVICE.name == name


@pytest.mark.parametrize("name", SERVICES)
def test_checks_can_import_the_types_of_a_service(name: str) -> None:
    for exported in SERVICES[name].exports:
        assert getattr(api, exported) is getattr(import_module(SERVICES[name].module), exported)
        assert exported in api.__all__


def test_reading_the_registry_imports_no_service() -> None:
    code = (
        "import sys, grader.registry; print([n for n in sys.modules if n.startswith('grader.s')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("module", ["upstream", "files"])
def test_only_a_kata_with_postgresql_imports_its_driver(module: str) -> None:
    code = f"import sys, grader.services.{module}; print('asyncpg' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
