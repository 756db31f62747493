"""The progress of gradings in a pipe; tests/authoring/test_verify.py shows it with real gradings."""

import pytest

from grader.render.terminal.campaign import CampaignScreen
from tests.authoring.trials import ACCEPTED, RIGHT


def test_in_a_pipe_each_grading_is_a_line_with_its_number(
    capsys: pytest.CaptureFixture[str],
) -> None:
    screen = CampaignScreen()
    screen.all_begin(2)
    screen.kata_begins("tiny", 2)
    screen.trial_begins("tiny", ACCEPTED)
    screen.trial_ends("tiny", RIGHT[1])
    screen.gradings_added("tiny", 1)
    screen.trial_ends("tiny", RIGHT[0])
    screen.stop()
    assert capsys.readouterr().out.strip().splitlines() == [
        "1 of 2  tiny/accepted/reference  passed  0.0 s",
        "   2 of 3  tiny/starter/app  failed  0.0 s",
    ]
