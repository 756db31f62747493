"""A supervisor without a launcher around it; its workers run code of the tests instead of a server."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.child.spoken import Spoken, speaking_to

CODE = """\
import json, os, resource, signal, socket, subprocess, sys, time
from grader.child.control import Control
from grader.child.limits import Resources
from grader.child.process import PR_SET_CHILD_SUBREAPER, set_process_option
from grader.child.supervisor import Supervisor
from grader.child.worker import Confinement

set_process_option(PR_SET_CHILD_SUBREAPER, 1)
resource.setrlimit(resource.RLIMIT_NOFILE, (100, 100))
control = Control(socket.socket(fileno=int(sys.argv[1])), sends_handles=False)
resources = Resources(**json.loads(sys.argv[2]))
supervisor = Supervisor(control, resources, Confinement(sandboxed=False))
keeper = supervisor.run()
if keeper is None:
    supervisor.kill_all()
    os._exit(0)
worker = keeper.run()
if isinstance(worker, int):
    os._exit(worker)
exec(worker.environ["CODE"])
"""

WAIT = "time.sleep(600)"
SAY_READY = "os.write(worker.status, b'ready');"
STARTS_ANOTHER = f"""
other = subprocess.Popen(["sleep", "600"], start_new_session=True)
os.write(worker.status, str(other.pid).encode())
{WAIT}
"""
"""Starts a process that leaves the group and the session, and tells its pid."""


@contextmanager
def supervisor_of(**resources: float) -> Iterator[Spoken]:
    """A supervisor with these limits."""
    with speaking_to(CODE, resources) as spoken:
        yield spoken


@contextmanager
def server(
    supervisor: Spoken, folder: Path, code: str, workers: int = 1, number: int = 1
) -> Iterator[Any]:
    """The server of this number, whose workers run this code; gives the grader's end of their status socket."""
    with (
        socket.create_server(("127.0.0.1", 0)) as listening,
        supervisor.start(folder, listening, workers, number, CODE=code) as status,
    ):
        yield status
