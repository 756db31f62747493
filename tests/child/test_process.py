"""What the launcher asks of the system about processes."""

import os
import signal
import subprocess
import sys

import pytest

from grader.child import process
from grader.child.process import descendants, fork, parent_of, send_signal

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


CODE = """
import os, select, time
from grader.child.process import Wakeup, children, fork
wakeup = Wakeup()
assert not select.select([wakeup], [], [], 0)[0]
pid = fork()
if pid == 0:
    wakeup.close()
    time.sleep(600)
assert children() in ([pid], [])  # the system may not have the file
os.kill(pid, 9)
select.select([wakeup], [], [])
wakeup.clear()
wakeup.clear()
assert not select.select([wakeup], [], [], 0)[0]
os.waitpid(pid, 0)
assert children() == []
"""


def test_the_end_of_a_child_wakes_its_parent() -> None:
    subprocess.run([sys.executable, "-c", CODE], check=True)


def test_a_refused_fork_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    answers: list[int | BlockingIOError] = [BlockingIOError(), BlockingIOError(), 4711]

    def refusing() -> int:
        answer = answers.pop(0)
        if isinstance(answer, BlockingIOError):
            raise answer
        return answer

    monkeypatch.setattr(os, "fork", refusing)
    assert fork() == 4711
    answers.append(BlockingIOError())
    monkeypatch.setattr(process, "FORK_S", -1.0)
    with pytest.raises(BlockingIOError):
        fork()
