"""What a watch does with a verdict beyond showing it."""

import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import anyio
import anyio.lowlevel
import pytest

from grader.catalog.find import find_catalog
from grader.errors import GraderError
from grader.evidence.files import saved_runs
from grader.grading.graded import Graded
from grader.grading.messages import Job
from grader.grading.observer import Observer
from grader.interactive.watch.loop import WatchLoop
from grader.interactive.watch.messages import Pressed
from grader.interactive.watch.state import WatchContext
from grader.render.terminal.watch import WatchScreen
from grader.workspace.handout import hand_out
from grader.workspace.progress import State, make_workspace
from grader.workspace.target import Target
from tests.cli.pretend import FAIL, PASS
from tests.render.hostile import screen_output
from tests.waiting import HANG_S


@dataclass
class Fake:
    """Gives these results one after another, then presses q."""

    results: list[Graded | GraderError]
    jobs: list[Job] = field(default_factory=list)
    ready: list[Job] = field(default_factory=list)
    session: WatchLoop | None = None

    def stand_by(self, job: Job) -> None:
        self.ready.append(job)
        assert self.session is not None
        self.session.tell(Pressed("r" if self.results else "q"))

    async def grade(self, job: Job, observer: Observer, limit_s: float) -> Graded | GraderError:
        self.jobs.append(job)
        await anyio.lowlevel.checkpoint()
        return self.results.pop(0)


@pytest.fixture
def target(make_kata: Callable[..., Path], tmp_path: Path) -> Target:
    """A kata that was handed out."""
    catalog = find_catalog(make_kata("first"))
    workspace = make_workspace(tmp_path)
    handout = hand_out(catalog.kata("first"), workspace, {})
    return Target(
        catalog, handout.kata, handout.folder, "kata watch", workspace, workspace.runs_folder
    )


async def watched(target: Target, *results: Graded | GraderError) -> tuple[str, Fake]:
    """What is shown when gradings give these results."""
    fake = Fake(list(results))
    with screen_output() as written:
        session = fake.session = WatchLoop(
            target,
            WatchContext(fake, WatchScreen(), None, lambda words, slug: None, lambda target: None),
        )
        with anyio.fail_after(HANG_S):
            assert await session.run() == 0
    return written.getvalue(), fake


async def test_after_each_verdict_the_next_grading_is_prepared(target: Target) -> None:
    shown, fake = await watched(target, FAIL, PASS)
    assert fake.jobs == fake.ready
    assert [job.slug for job in fake.jobs] == ["first", "first"]
    assert shown.index("Failed: 1 of 2 checks passed") < shown.index("Passed: all 2 checks passed")


async def test_a_pass_is_recorded_and_survives_a_later_failure(target: Target) -> None:
    await watched(target, PASS, FAIL)
    assert target.workspace is not None
    assert target.workspace.states({}) == {"first": State.PASSED}


async def test_the_watch_goes_on_when_progress_cannot_be_written(
    target: Target,
) -> None:
    assert target.workspace is not None
    target.workspace.progress_file.write_text(json.dumps({"format": 99, "katas": {}}))
    shown, _ = await watched(target, PASS, FAIL)
    assert "Passed: all 2 checks passed" in shown
    assert "Error: The progress file" in shown
    assert "Failed: 1 of 2 checks passed" in shown


async def test_the_watch_goes_on_after_an_error(target: Target) -> None:
    shown, _ = await watched(target, GraderError("It is broken.", "Mend it."), PASS)
    assert f"Error: It is broken.{os.linesep}Mend it." in shown
    assert "Passed: all 2 checks passed" in shown


async def test_a_run_that_could_not_be_saved_is_reported_after_the_verdict(target: Target) -> None:
    assert target.workspace is not None
    target.workspace.runs_folder.write_text("This is no folder.")
    shown, _ = await watched(target, PASS)
    words = " ".join(shown.split())
    assert words.index("Passed: all 2 checks passed") < words.index(
        "The run cannot be judged again, but the verdict is valid."
    )
    assert "The run cannot be saved in" in words


async def test_the_evidence_of_each_grading_is_saved(target: Target) -> None:
    await watched(target, FAIL, PASS)
    assert target.workspace is not None
    assert len(saved_runs(target.workspace.runs_folder, {"first"})) == 2


async def test_without_a_terminal_no_keys_are_shown(target: Target) -> None:
    shown, _ = await watched(target, FAIL)
    assert "quit" not in shown
    assert "Ctrl-C ends the watch." in shown
