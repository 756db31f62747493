"""What follows a verdict: a pass is noted, and what is to be said beside it is said."""

from pathlib import Path

import platformdirs

from grader.process.sandbox import SandboxMode
from grader.render.terminal.screen import Screen
from grader.report import Report
from grader.workspace.progress import State
from grader.workspace.target import Target


def note_pass(target: Target, report: Report) -> None:
    """Note a pass in the learner's progress.

    Raises:
        ProgressFileError: the file cannot be read or written.
    """
    if report.verdict == "passed" and target.workspace is not None:
        target.workspace.set_state(target.kata.slug, State.PASSED, target.catalog.renamed)


def say_unsaved(screen: Screen, unsaved: str) -> None:
    """Say why the evidence could not be saved, if it was to be."""
    if unsaved:
        screen.say("", f"{unsaved} It cannot be judged again, but the verdict holds.")


def say_once_without_sandbox(screen: Screen, report: Report, sandbox: SandboxMode) -> None:
    """Say that there was no sandbox, if that was not asked for and has not been said on this machine."""
    if report.without_sandbox and sandbox is SandboxMode.AUTO and _is_news("no-sandbox"):
        screen.say(
            "",
            f"There was no sandbox ({report.without_sandbox}): your code ran with your own rights.",
            "`kata doctor` says more. This is said once.",
        )


def _is_news(name: str) -> bool:
    """Whether this is to be said for the first time on this machine; it is not from now on."""
    mark = Path(platformdirs.user_cache_dir("fastapi-katas")) / f"said-{name}"
    try:
        if mark.exists():
            return False
        mark.parent.mkdir(parents=True, exist_ok=True)
        mark.touch()
    except OSError:  # said again next time
        pass
    return True
