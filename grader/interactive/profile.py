"""`kata profile`: runs a solution as in a grading, under the kata's load, and samples it with py-spy."""

import contextlib
import os
import signal
import sysconfig
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import anyio

from grader.atomic import write_whole
from grader.catalog.manifest import Kata, require_load
from grader.checks.preparation import read_preparation
from grader.checks.server import Server
from grader.checks.stage import Fixtures, Stage, running_fixtures
from grader.errors import ExitCode, HarnessError, UsageError
from grader.evidence.run import Subject
from grader.grading.environment import Environment
from grader.interactive.signals import EndSignals
from grader.load.rounds import Load
from grader.measure.attempt import begin_attempt
from grader.measure.timing import Clock
from grader.process.sandbox import CODE_ROOT, SandboxMode
from grader.process.server import ServerNotReady
from grader.render.profile import Sources, dump_lines, profile_lines
from grader.render.running import end_sentence
from grader.render.terminal.screen import Screen
from grader.tasks import single_error
from grader.tools import profiler
from grader.tools.flames import profile_of_loop, read_stacks, shortened, titled
from grader.tools.profiler import ThreadDump, find_py_spy, is_loop_in, most_informative
from grader.workspace.target import target_of

WARM_UP_S = 0.3
"""Time for the load to get going before the first sample."""

DUMPS = 8
"""Maximum number of dumps. Stops early at a dump that finds the loop in the learner's code."""

DUMP_PAUSE_S = 0.07
"""Pause between two dumps. Not a round number, so as not to keep step with a periodic app."""

GRADER_ROOT = Path(__file__).resolve().parents[2]


class Probe:
    """Profiles one solution of one kata.

    Args:
        kata: names the services and the load.
        solution: a file, folder or archive.
        sandbox: whether the solution runs in a sandbox.
        count: number of concurrent visitors.
        screen: shows the result.
    """

    def __init__(
        self, kata: Kata, solution: Path, sandbox: SandboxMode, count: int, screen: Screen
    ) -> None:
        self._kata = kata
        self._solution = solution
        self._sandbox = sandbox
        self._count = count
        self._screen = screen
        self._py_spy = find_py_spy()
        self._preparation = read_preparation(kata)
        self._attempt = begin_attempt(Clock())
        self._end_signals = EndSignals()
        self._draft = Path()
        self._svg = ""
        self._dumps: list[list[ThreadDump]] = []

    def draw(self, seconds: int, graph: Path) -> bool:
        """Record for this many seconds, show where the loop's thread spent its time, and write the flame graph.

        Returns:
            Whether the app was still running at the end.

        Raises:
            UsageError: the graph cannot be written to this path.
            BrokenError: this machine does not allow profiling, or something other than the app failed.
        """
        if not graph.absolute().parent.is_dir() or graph.is_dir():
            raise UsageError(
                f"The flame graph cannot be written to {graph}.", "Name another one with --out."
            )
        self._screen.say(f"Recording for {seconds} s, {self._count} requests at once …")
        with self._stage(seconds) as (stage, sources):
            anyio.run(self._look, stage, sources, seconds)
            if self._svg:
                self._screen.say(
                    "",
                    *profile_lines(
                        profile_of_loop(read_stacks(self._svg), sources.is_own), sources
                    ),
                )
                _write(
                    graph,
                    titled(
                        shortened(self._svg, sources.prefixes),
                        f"{self._kata.title}: {self._kata.slug}",
                    ),
                )
                self._screen.say("")
                self._screen.say_whole(f"Flame graph: {graph} (open it in a browser)")
        return self._is_well()

    def show_threads(self) -> bool:
        """Show the stack of every thread at one moment; returns whether the app was running.

        Raises:
            BrokenError: this machine does not allow profiling, or something other than the app failed.
        """
        with self._stage(DUMPS) as (stage, sources):
            anyio.run(self._look, stage, sources, None)
            if self._dumps:
                self._screen.say(
                    *dump_lines(most_informative(self._dumps, sources.is_own), sources)
                )
        return self._is_well()

    @contextlib.contextmanager
    def _stage(self, seconds: int) -> Iterator[tuple[Stage, Sources]]:
        limits = self._kata.limits.resources
        # The app may compute for the whole recording, which takes more CPU time than a grading allows.
        resources = replace(limits, cpu_s=limits.cpu_s + seconds * (os.cpu_count() or 1))
        with (
            self._end_signals.restoring(),
            Environment(
                self._kata, self._sandbox, resources=resources, traceable=True
            ) as environment,
        ):
            environment.take_in(self._solution)
            environment.start()
            self._draft = environment.run_dir / "graph.svg"
            stage = Stage(self._kata, environment.launchers, environment.services)
            yield stage, Sources(environment.folders[Subject.SOLUTION], _libraries())
        if signal.SIGINT in self._end_signals.signals:
            raise KeyboardInterrupt

    async def _look(self, stage: Stage, sources: Sources, seconds: int | None) -> None:
        scope = anyio.CancelScope()
        self._attempt.abort.on_break_off(scope.cancel)
        async with single_error(), self._end_signals.handling(scope.cancel, scope.cancel):
            with scope, contextlib.suppress(ServerNotReady):
                async with running_fixtures(stage, sources.folder, self._attempt) as fixtures:
                    await self._look_at(fixtures, sources, seconds)
        if self._attempt.recorder.mishap and not self._end_signals.signals:
            raise HarnessError(
                self._attempt.recorder.mishap, "Try again; if it recurs, please report it."
            )

    async def _look_at(self, fixtures: Fixtures, sources: Sources, seconds: int | None) -> None:
        async with anyio.create_task_group() as tasks:
            if self._preparation is not None:
                await self._preparation.carry_out(fixtures.services, tasks)
            load = Load(fixtures.server, self._kata.run, self._count)
            await load.begin()
            tasks.start_soon(self._send, load, fixtures)
            await anyio.sleep(WARM_UP_S)
            if fixtures.server.pids:
                await self._take(fixtures.server, sources, seconds)
            tasks.cancel_scope.cancel()

    async def _send(self, load: Load, fixtures: Fixtures) -> None:
        while fixtures.server.pids:
            await load.send_round()
            self._attempt.recorder.forget_ended()
            for service in fixtures.services.values():
                service.take_stock()

    async def _take(self, server: Server, sources: Sources, seconds: int | None) -> None:
        pid = server.pids[0]
        if seconds is not None:
            self._svg = await profiler.record(self._py_spy, pid, seconds, self._draft)
            return
        for _ in range(DUMPS):
            self._dumps.append(await profiler.dump(self._py_spy, pid))
            if is_loop_in(self._dumps[-1], sources.is_own):
                return
            await anyio.sleep(DUMP_PAUSE_S)

    def _is_well(self) -> bool:
        life = self._attempt.recorder.life
        if life is None or (
            life.ready_s is not None and life.exited_s is None and life.exceeded is None
        ):
            return True
        self._screen.say("", end_sentence(life, self._kata.limits.start_s))
        return False


def _libraries() -> list[Path]:
    """Folders of code that is not the learner's: Python, its packages and the grader, inside and outside a sandbox."""
    named = (sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib"))
    return [*dict.fromkeys(Path(path) for path in named if path), CODE_ROOT, GRADER_ROOT]


def _write(graph: Path, svg: str) -> None:
    try:
        write_whole(graph, svg.encode())
    except OSError as error:
        raise HarnessError(
            f"The flame graph cannot be written to {graph}: {error.strerror}.",
            "Name another file with --out.",
        ) from error


def profile_app(
    slug: str | None,
    solution: Path | None,
    katas: Path | None,
    sandbox: SandboxMode,
    load: int,
    seconds: int,
    out: Path | None,
    *,
    dump: bool,
) -> ExitCode:
    """Profile an app under load; returns the exit code. Takes the arguments of `kata profile`.

    Raises:
        UsageError: there is nothing to profile, or both a dump and a file are requested.
    """
    if dump and out is not None:
        raise UsageError(
            "`--dump` draws no graph, so there is nothing to write.",
            "Leave out --dump or --out.",
        )
    target = target_of(slug, solution, katas, "profile")
    require_load(target.kata)
    screen = Screen()
    screen.say_whole(f"{target.kata.title}  {target.kata.slug}")
    probe = Probe(target.kata, target.path, sandbox, load, screen)
    is_well = (
        probe.show_threads()
        if dump
        else probe.draw(seconds, out or Path(f"profile-{target.kata.slug}.svg"))
    )
    return ExitCode.PASSED if is_well else ExitCode.FAILED
