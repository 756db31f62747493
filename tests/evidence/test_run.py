"""A whole run, as it is saved."""

import msgspec
import pytest

from grader.evidence.run import Attempt, CheckRecord, Run, Subject
from grader.formats import RUN_FORMAT
from tests.render.runs import blocking_run


def test_a_run_is_saved_without_loss() -> None:
    run = blocking_run()
    assert msgspec.json.decode(msgspec.json.encode(run), type=Run) == run


def test_a_new_run_has_the_current_format() -> None:
    assert msgspec.json.decode(msgspec.json.encode(blocking_run()))["format"] == RUN_FORMAT


def test_a_run_that_does_not_mention_a_sandbox_is_older_than_sandboxes() -> None:
    document = msgspec.to_builtins(blocking_run())
    del document["without_sandbox"]
    run = msgspec.convert(document, Run)
    assert run.without_sandbox == "it was graded before there were sandboxes"


def test_records_cannot_be_changed() -> None:
    attempt = Attempt(subject=Subject.SOLUTION, started_s=0.0, ended_s=1.0)
    with pytest.raises(AttributeError):
        attempt.mishap = "none"  # type: ignore[misc]


def test_a_check_that_was_not_tried_has_no_attempts() -> None:
    assert CheckRecord(name="test_a", title="A.").attempts == ()
