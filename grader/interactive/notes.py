"""After a verdict: recording a pass, and warnings about unsaved evidence and a missing sandbox."""

from pathlib import Path

import platformdirs

from grader.process.sandbox import SandboxMode
from grader.render.terminal.screen import Screen
from grader.report import Report
from grader.workspace.progress import State
from grader.workspace.target import Target


def record_pass(target: Target, report: Report) -> None:
    """Record a pass in the learner's progress. Does nothing for other verdicts, or without a workspace.

    Raises:
        ProgressFileError: the file cannot be read or written.
    """
    if report.verdict == "passed" and target.workspace is not None:
        target.workspace.set_state(target.kata.slug, State.PASSED, target.catalog.renamed)


def warn_unsaved(screen: Screen, unsaved: str) -> None:
    """Show why the evidence could not be saved; `unsaved` is empty if it was."""
    if unsaved:
        screen.say("", f"{unsaved} The run cannot be judged again, but the verdict is valid.")


def warn_once_without_sandbox(screen: Screen, report: Report, sandbox: SandboxMode) -> None:
    """Warn that there was no sandbox, once per machine, unless the learner turned it off."""
    if report.without_sandbox and sandbox is SandboxMode.AUTO and _is_first_time("no-sandbox"):
        screen.say(
            "",
            f"There was no sandbox ({report.without_sandbox}): your code ran with your own permissions.",
            "For details, type: kata doctor. This message appears only once.",
        )


def _is_first_time(name: str) -> bool:
    """Whether this is the first call with this name on this machine."""
    mark = Path(platformdirs.user_cache_dir("fastapi-katas")) / f"said-{name}"
    try:
        if mark.exists():
            return False
        mark.parent.mkdir(parents=True, exist_ok=True)
        mark.touch()
    except OSError:  # shown again next time
        pass
    return True
