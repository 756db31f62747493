"""The gradings of a watch: runs them in the pool, interrupts them on a save, shows verdicts and records passes."""

from datetime import datetime
from functools import partial

from anyio import to_thread

from grader.errors import GraderError
from grader.evidence.files import keep_run
from grader.grading.messages import Job
from grader.interactive.notes import record_pass, warn_once_without_sandbox, warn_unsaved
from grader.interactive.watch.file_watcher import Gone, Saved, WorkspaceGone
from grader.interactive.watch.messages import Inbox, Message, Pressed, Signalled
from grader.interactive.watch.state import WatchContext, WatchState
from grader.report import Report, Verdict


class WatchGrading:
    """Grades the target of a watch and shows the verdict.

    Args:
        state: the watch's state.
        inbox: read during a grading, which a save, `r`, `q` or a signal interrupts.
        context: collaborators and settings.
    """

    def __init__(self, state: WatchState, inbox: Inbox, context: WatchContext) -> None:
        self._state = state
        self._inbox = inbox
        self._context = context

    async def grade(self) -> bool:
        """Grade once; returns False if a message interrupted the grading."""
        state, screen = self._state, self._context.screen
        why, state.wanted = state.wanted, ""
        state.has_passed = False
        screen.rule(datetime.now().astimezone(), why)
        screen.begin(state.target.kata)
        limit_s = state.target.kata.limits.grading_s
        result = await self._inbox.attend(
            partial(self._context.graders.grade, self._job, screen, limit_s), self._interrupts
        )
        screen.stop()
        if result is None:
            return False
        if isinstance(result, GraderError):
            screen.error(result)
        else:
            kept = await to_thread.run_sync(keep_run, result.run, state.workspace.runs_folder)
            self._show(result.report, kept.unsaved)
        return True

    def stand_by(self) -> None:
        """Prepare for the next grading of the same target."""
        self._context.graders.stand_by(self._job)

    @property
    def _job(self) -> Job:
        target = self._state.target
        return Job(
            str(target.catalog.folder), target.kata.slug, str(target.path), self._context.sandbox
        )

    def _interrupts(self, message: Message) -> bool:
        """Act on a message during a grading; returns whether it interrupts the grading."""
        if isinstance(message, Saved):
            self._start_over("saved again", "Saved again: starting over.")
        elif message == Pressed("r"):
            self._start_over("again", "Starting over.")
        elif isinstance(message, Gone):
            self._state.note_gone(self._context.screen)
        elif message == Pressed("q"):
            self._state.end = 0
        elif isinstance(message, WorkspaceGone | Signalled):
            self._state.end_with(message)
        else:
            self._inbox.postpone(message)
            return False
        return True

    def _start_over(self, why: str, sentence: str) -> None:
        self._state.wanted = why
        self._context.screen.note(sentence)
        self.stand_by()

    def _show(self, report: Report, unsaved: str) -> None:
        screen = self._context.screen
        self._state.has_passed = report.verdict is Verdict.PASSED
        # Recorded before the verdict is shown, because its reader may go on at once; errors are shown after it.
        error = self._record_pass(report)
        screen.finish(report, self._advice(report.verdict))
        warn_unsaved(screen, unsaved)
        warn_once_without_sandbox(screen, report, self._context.sandbox)
        if error is not None:
            screen.error(error)

    def _record_pass(self, report: Report) -> GraderError | None:
        try:
            record_pass(self._state.target, report)
        except GraderError as error:
            return error
        return None

    def _advice(self, verdict: Verdict) -> str:
        """The next step, in one sentence."""
        has_keys = self._context.keyboard is not None
        again = "press r" if has_keys else "save again"
        if verdict is Verdict.PASSED:
            return "Press n for the next kata." if has_keys else "Next: kata next"
        if verdict is Verdict.FAILED:
            return f"Fix {self._state.entry_name} and save it."
        if verdict is Verdict.INCONCLUSIVE:
            return f"Close whatever keeps this machine busy, then {again}."
        return f"Once that is fixed, {again}."
