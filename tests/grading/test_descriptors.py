"""The limit on open files and connections, in processes of their own."""

import subprocess
import sys

import pytest

LIMITS = """
import resource, sys
from grader.grading.descriptors import raise_descriptor_limit
resource.setrlimit(resource.RLIMIT_NOFILE, tuple(map(int, sys.argv[1:])))
raise_descriptor_limit()
print(*resource.getrlimit(resource.RLIMIT_NOFILE))
"""


@pytest.mark.parametrize(("soft", "hard"), [(256, 512), (512, 512)])
def test_the_soft_limit_is_raised_as_far_as_the_hard_limit_allows(soft: int, hard: int) -> None:
    command = [sys.executable, "-c", LIMITS, str(soft), str(hard)]
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert tuple(map(int, out.split())) == (hard, hard)
