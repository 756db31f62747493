"""The keys of a watch."""

import re
from pathlib import Path

from grader.interactive.watch.keys import KEYS
from tests.conftest import run_command

ROOT = Path(__file__).resolve().parents[3]


def test_each_key_leads_to_a_command_of_the_application() -> None:
    known = run_command("--help", cwd=ROOT).out
    for key in KEYS:
        if key.command:
            assert re.search(rf"^\s*{key.command[0]}\s", known, re.MULTILINE), key
