"""The launchers of a grading: one for each subject, started when it is first needed."""

from pathlib import Path

import psutil

from grader.evidence.run import Subject
from grader.process.launch import LauncherPlan
from grader.process.launchers import Launchers

PLANS = {subject: LauncherPlan() for subject in Subject}


def test_each_subject_has_a_launcher_of_its_own_that_is_started_once(tmp_path: Path) -> None:
    with Launchers(tmp_path, PLANS) as launchers:
        assert launchers.pids == set()
        solution = launchers.of(Subject.SOLUTION)
        assert launchers.pids == {solution.pid}
        reference = launchers.of(Subject.REFERENCE)
        assert launchers.of(Subject.SOLUTION) is solution
        assert launchers.pids == {solution.pid, reference.pid}
        assert len(launchers.pids) == 2


def test_all_end_with_the_grading(tmp_path: Path) -> None:
    with Launchers(tmp_path, PLANS) as launchers:
        pids = {launchers.of(subject).pid for subject in Subject}
    assert not any(psutil.pid_exists(pid) for pid in pids)
