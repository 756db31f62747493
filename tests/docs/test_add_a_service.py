"""The page on new services shows code of the tests' service, and names things that exist."""

import re
from pathlib import Path

import pytest

from grader.registry import SERVICES
from grader.services.service import Service

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "how-to" / "add-a-service.md").read_text(encoding="utf-8")
ECHO = (ROOT / "tests" / "services" / "echo.py").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("block", [block for block in BLOCKS if "SERVICES = {" not in block])
def test_the_code_on_the_page_is_from_the_service_in_the_tests(block: str) -> None:
    assert block in ECHO


def test_the_registry_on_the_page_has_lines_of_the_real_one() -> None:
    (registry,) = [block for block in BLOCKS if "SERVICES = {" in block]
    lines = (ROOT / "grader" / "registry.py").read_text(encoding="utf-8").splitlines()
    shown = [line for line in registry.splitlines() if "Registered(" in line and "echo" not in line]
    assert shown
    assert [line for line in shown if line not in lines] == []


def test_every_member_of_a_service_is_on_the_page() -> None:
    members = {name for name in vars(Service) if not name.startswith("_")} | set(
        Service.__annotations__
    )
    assert [name for name in members if not re.search(rf"\b{name}\b", PAGE)] == []


def test_every_file_on_the_page_exists() -> None:
    named = re.findall(r"`((?:grader|tests)/[\w/]+\.py)`", PAGE)
    assert named
    assert [name for name in named if not (ROOT / name).is_file()] == []
    assert all(
        (ROOT / f"{service.module.replace('.', '/')}.py").is_file() for service in SERVICES.values()
    )
