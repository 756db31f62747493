"""Shell completion of slugs."""

from pathlib import Path

import pytest

from tests.cli.commands import COMMANDS
from tests.conftest import RunKata


@pytest.mark.parametrize("command", [*COMMANDS, "check"])
def test_the_shell_completes_slugs(kata: RunKata, katas: Path, play: Path, command: str) -> None:
    environ = {
        "_KATA_COMPLETE": "complete_bash",
        "COMP_WORDS": f"kata {command} s",
        "COMP_CWORD": "2",
        "KATA_PATH": str(katas),
    }
    assert kata(cwd=play, environ=environ).out.split() == ["second"]


@pytest.mark.slow
def test_shell_completion_is_offered(kata: RunKata) -> None:
    ran = kata("--show-completion", "bash", environ={"SHELL": "/bin/bash"})
    assert ran.code == 0
    assert "_KATA_COMPLETE" in ran.out
