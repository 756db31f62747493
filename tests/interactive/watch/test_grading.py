"""One grading of a watch: its verdict is shown and recorded, unless a message interrupts it."""

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
from grader.interactive.watch.file_watcher import Gone, Saved
from grader.interactive.watch.grading import WatchGrading
from grader.interactive.watch.keyboard import Keyboard
from grader.interactive.watch.messages import Inbox, Message, Pressed, Signalled
from grader.interactive.watch.state import WatchContext, WatchState
from grader.process.sandbox import SandboxMode
from grader.render.terminal.watch import WatchScreen
from grader.report import Outcome, Verdict
from grader.workspace.handout import hand_out
from grader.workspace.progress import State, make_workspace
from grader.workspace.target import Target
from tests.cli.pretend import FAIL, PASS, graded
from tests.render.hostile import screen_output
from tests.waiting import HANG_S

UNCLEAR = graded(Verdict.INCONCLUSIVE, Outcome.INCONCLUSIVE)
BROKEN = graded(Verdict.BROKEN, Outcome.BROKEN)


@dataclass
class FakeGraders:
    """Puts a message into the inbox, then gives the result; with no result, it grades forever."""

    inbox: Inbox
    message: Message
    result: Graded | GraderError | None
    jobs: list[Job] = field(default_factory=list)
    ready: list[Job] = field(default_factory=list)

    def stand_by(self, job: Job) -> None:
        self.ready.append(job)

    async def grade(self, job: Job, observer: Observer, limit_s: float) -> Graded | GraderError:
        self.jobs.append(job)
        self.inbox.put(self.message)
        while self.result is None or not self.inbox.has_postponed:
            await anyio.lowlevel.checkpoint()
        return self.result


@pytest.fixture
def state(make_kata: Callable[..., Path], tmp_path: Path) -> WatchState:
    """A watch of a kata that was handed out and whose first grading is due."""
    catalog = find_catalog(make_kata("first"))
    workspace = make_workspace(tmp_path)
    handout = hand_out(catalog.kata("first"), workspace, {})
    target = Target(
        catalog, handout.kata, handout.folder, "kata watch", workspace, workspace.runs_folder
    )
    return WatchState(target, wanted="started")


@dataclass(frozen=True)
class Ended:
    """How a grading ended: whether it was finished, and what the learner saw."""

    is_finished: bool
    shown: str
    graders: FakeGraders
    postponed: bool


async def grade_once(
    state: WatchState,
    result: Graded | GraderError | None,
    message: Message | None = None,
    keyboard: Keyboard | None = None,
) -> Ended:
    """Grade while this message arrives; `h` interrupts nothing."""
    inbox = Inbox()
    graders = FakeGraders(inbox, message or Pressed("h"), result)
    with screen_output() as written, anyio.fail_after(HANG_S):
        context = WatchContext(
            graders,
            WatchScreen(),
            keyboard,
            lambda words, slug: None,
            lambda target: None,
            SandboxMode.OFF,
        )
        is_finished = await WatchGrading(state, inbox, context).grade()
    inbox.close()
    return Ended(is_finished, written.getvalue(), graders, inbox.has_postponed)


async def test_a_pass_is_recorded_and_its_run_saved(state: WatchState) -> None:
    ended = await grade_once(state, PASS)
    assert (ended.is_finished, state.has_passed, state.wanted) == (True, True, "")
    assert state.workspace.states({}) == {"first": State.PASSED}
    assert len(saved_runs(state.workspace.runs_folder, {"first"})) == 1
    job = Job(str(state.target.catalog.folder), "first", str(state.target.path), SandboxMode.OFF)
    assert ended.graders.jobs == [job]


@pytest.mark.parametrize(
    ("result", "without_keys", "with_keys"),
    [
        (PASS, "Next: kata next", "Press n for the next kata."),
        (FAIL, "Fix first/app.py and save it.", "Fix first/app.py and save it."),
        (UNCLEAR, "keeps this machine busy, then save again.", "busy, then press r."),
        (BROKEN, "Once that is fixed, save again.", "Once that is fixed, press r."),
    ],
)
async def test_each_verdict_says_what_to_do_next(
    state: WatchState, result: Graded, without_keys: str, with_keys: str
) -> None:
    assert without_keys in (await grade_once(state, result)).shown
    assert with_keys in (await grade_once(state, result, keyboard=Keyboard(0))).shown
    assert state.has_passed is (result is PASS)


async def test_an_error_is_shown_and_the_grading_is_finished(state: WatchState) -> None:
    ended = await grade_once(state, GraderError("It is broken.", "Fix it."))
    assert (ended.is_finished, state.has_passed) == (True, False)
    assert "Error: It is broken." in ended.shown


@pytest.mark.parametrize(
    ("message", "wanted", "shown"),
    [
        (Saved(), "saved again", "Saved again: starting over."),
        (Pressed("r"), "again", "Starting over."),
    ],
)
async def test_a_save_or_r_starts_over(
    state: WatchState, message: Message, wanted: str, shown: str
) -> None:
    state.has_passed = True
    ended = await grade_once(state, None, message)
    assert (ended.is_finished, state.has_passed, state.wanted) == (False, False, wanted)
    assert shown in ended.shown
    assert ended.graders.ready == ended.graders.jobs  # the next grading is prepared
    assert state.end is None


async def test_a_file_that_is_gone_interrupts_and_no_grading_is_due(state: WatchState) -> None:
    ended = await grade_once(state, None, Gone())
    assert (ended.is_finished, state.wanted, state.end) == (False, "", None)
    assert "first/app.py is gone." in ended.shown


@pytest.mark.parametrize(("message", "end"), [(Pressed("q"), 0), (Signalled(15), 15)])
async def test_q_or_a_signal_ends_the_watch(state: WatchState, message: Message, end: int) -> None:
    ended = await grade_once(state, None, message)
    assert (ended.is_finished, state.end) == (False, end)


async def test_another_key_is_kept_until_the_verdict(state: WatchState) -> None:
    ended = await grade_once(state, FAIL, Pressed("h"))
    assert (ended.is_finished, ended.postponed) == (True, True)
