"""The page of exit codes has them all."""

import re

from docs.site.__main__ import DOCS
from grader.errors import ExitCode


def test_the_page_of_exit_codes_has_them_all() -> None:
    page = (DOCS / "reference" / "exit-codes.md").read_text()
    shown = {
        int(number): name for number, name in re.findall(r"^\| (\d+) \| (\w+)", page, re.MULTILINE)
    }
    assert {code.value: code.name.lower() for code in ExitCode}.items() <= shown.items()
    assert set(shown) - {code.value for code in ExitCode} == {143}
