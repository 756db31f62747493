"""The promises of a migrated kata, named from its checks or its sentences."""

import pytest

from grader.authoring.migrate.names import promises_for

README = """# Tiny

## What must hold

- It is answered within 0.3 s.
- The other is answered within 0.4 s.
- A visitor gets it within 0.6 s, and again within 300 ms.
- The printer gets its 0.1 s.
- All is done within 1 s.
"""


def test_each_duration_is_a_promise_once_beside_the_default() -> None:
    assert promises_for(README, {}) == {
        "default_s": 1.0,
        "answered_s": 0.3,
        "promise_2_s": 0.4,
        "promise_3_s": 0.6,
        "promise_4_s": 0.1,
    }


@pytest.mark.parametrize("duration", ["0 s", "0.0000001 s", f"{'9' * 400} s"])
def test_what_cannot_be_promised_is_left_out(duration: str) -> None:
    readme = f"## What must hold\n\n- It waits {duration}.\n- It is answered within 0.3 s.\n"
    assert promises_for(readme, {}) == {"default_s": 1.0, "answered_s": 0.3}


def test_a_constant_of_the_checks_gives_its_name() -> None:
    names = promises_for(README, {0.1: "print_s", 0.3: "health_s", 0.6: "3_s"})
    assert [*names] == ["default_s", "health_s", "answered_s", "promise_3_s", "print_s"]
