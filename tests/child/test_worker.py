"""A worker: what becomes of a copy of the launcher before the solution's `app` is imported."""

import json
import subprocess
import sys
from pathlib import Path

CODE = """
import json, os, sys
from grader.child.worker import Confinement, Worker, enter
folder, log = sys.argv[1:]
log = os.open(log, os.O_WRONLY | os.O_CREAT)
environ = {"NAME": "a value", "PATH": os.defpath}
enter(Worker(folder, environ, 0, 0, log, 0, 0, Confinement(sandboxed=False)))
print(json.dumps([os.getcwd(), dict(os.environ), sys.argv, sys.path[0], os.getpgid(0) == os.getpid()]))
print("last words", flush=False)
os.write(2, b"an error\\n")
os._exit(0)
"""


def test_a_worker_has_the_solutions_folder_environment_and_output(tmp_path: Path) -> None:
    folder, log = tmp_path / "solution", tmp_path / "log"
    folder.mkdir()
    subprocess.run([sys.executable, "-c", CODE, str(folder), str(log)], check=True)
    first, *others = log.read_text().splitlines()
    cwd, environ, arguments, path, leads_its_group = json.loads(first)
    assert (cwd, path, leads_its_group) == (str(folder), str(folder), True)
    assert environ == {"NAME": "a value", "PATH": environ["PATH"]}
    assert arguments == ["uvicorn", "app:app"]
    assert others == ["last words", "an error"]  # each line was written at once
