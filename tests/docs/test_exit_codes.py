"""The page of exit codes lists every exit code."""

import re

from docs.site.__main__ import DOCS
from grader.errors import ExitCode


def test_the_page_lists_every_exit_code_with_its_name() -> None:
    page = (DOCS / "reference" / "exit-codes.md").read_text()
    shown = {
        int(number): name for number, name in re.findall(r"^\| (\d+) \| (\w+)", page, re.MULTILINE)
    }
    assert {code.value: code.name.lower() for code in ExitCode}.items() <= shown.items()
    assert set(shown) - {code.value for code in ExitCode} == {143}
