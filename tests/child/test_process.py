"""What the launcher asks of the system about processes."""

import os
import signal
import subprocess
import sys

import pytest

from grader.child.process import descendants, parent_of, send_signal

NO_PROCESS = 2**22 + 1
"""Above the largest pid."""


@pytest.mark.skipif(sys.platform != "linux", reason="there is no /proc")
def test_descendants_are_found_at_any_depth() -> None:
    code = "import subprocess; subprocess.run(['sh', '-c', 'echo $$; read line'])"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        grandchild = int(child.stdout.readline())
        assert {child.pid, grandchild} <= descendants(os.getpid())
        assert descendants(child.pid) == {grandchild}
        assert parent_of(grandchild) == child.pid
        child.stdin.close()


def test_a_process_that_is_gone_has_no_parent_and_no_descendants() -> None:
    assert parent_of(NO_PROCESS) == 0
    assert descendants(NO_PROCESS) == set()


def test_a_signal_to_a_process_that_is_gone_is_dropped() -> None:
    send_signal(NO_PROCESS, signal.SIGTERM)
