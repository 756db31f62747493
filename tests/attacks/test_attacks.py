"""No attack passes, none reaches anything outside of its sandbox, none harms the next grading.

`.ci/run` runs these with `pytest -m proof`.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from grader.catalog.find import find_catalog
from tests.attacks.ground import (
    SUBMISSIONS,
    Graded,
    grade,
    hidden_characters,
    lay_out,
    why_no_sandbox,
)
from tests.attacks.table import ALL, ATTACKS, REFERENCE, Attack, Runs

pytestmark = [pytest.mark.proof, pytest.mark.slow]
CODES = {"failed": 1, "inconclusive": 3}
CAGED = {f"{attack.name.removesuffix('.py')}": attack for attack in ATTACKS}
FREE = {name: attack for name, attack in CAGED.items() if attack.runs is Runs.EVERYWHERE}
SHOWN = {name: attack for name, attack in CAGED.items() if attack.shown}


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Skips tests that need a sandbox where there is none; in continuous integration they fail."""
    reason = why_no_sandbox(tmp_path_factory.mktemp("sandbox"))
    if reason and os.environ.get("CI"):
        pytest.fail(f"no sandbox: {reason}")
    if reason:
        pytest.skip(f"no sandbox here: {reason}")


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that a sandbox under another user may pass through; pytest's folders are private."""
    folder = Path(tempfile.mkdtemp(prefix="katas-attacked-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def attacked(attack: Attack, folder: Path, *options: str) -> Graded:
    kata = find_catalog().kata(attack.kata)
    solution = lay_out(
        SUBMISSIONS / attack.name,
        kata.folder / attack.base,
        folder / "solution",
        padded=attack.padded,
    )
    return grade(folder, attack.kata, solution, *options, inside=attack.typed_inside)


def right(attack: Attack, folder: Path) -> Graded:
    """The result of the kata's reference, graded afterwards."""
    folder.mkdir()
    return grade(
        folder,
        attack.kata,
        find_catalog().kata(attack.kata).folder / REFERENCE,
        "--json",
        "--sandbox",
        "require",
    )


@pytest.mark.usefixtures("sandbox")
@pytest.mark.parametrize("name", CAGED)
def test_an_attack_fails_reaches_nothing_and_harms_no_later_grading(
    folder: Path, name: str
) -> None:
    attack = CAGED[name]
    graded = attacked(attack, folder, "--json", "--sandbox", "require")
    must_have_failed(attack, graded)
    assert graded.report["sandboxed"] is True
    must_have_reached_nothing(graded)
    afterwards = right(attack, folder / "afterwards")
    assert afterwards.report["verdict"] == "passed", afterwards.told
    must_have_reached_nothing(afterwards)


@pytest.mark.parametrize("name", FREE)
def test_without_a_sandbox_it_fails_all_the_same(folder: Path, name: str) -> None:
    graded = attacked(FREE[name], folder, "--json", "--sandbox", "off")
    must_have_failed(FREE[name], graded)
    assert graded.report["sandboxed"] is False
    must_have_reached_nothing(graded)


@pytest.mark.usefixtures("sandbox")
@pytest.mark.parametrize("name", SHOWN)
def test_nothing_that_it_says_acts_on_the_screen(folder: Path, name: str) -> None:
    graded = attacked(SHOWN[name], folder, "--sandbox", "require")
    assert graded.code in ((1, 3) if SHOWN[name].may_be_inconclusive else (1,)), (
        graded.out + graded.err
    )
    assert "Failed: " in graded.out or graded.code == 3
    assert not hidden_characters(graded.out)
    assert not hidden_characters(graded.err)
    must_have_reached_nothing(graded)


def test_every_submission_is_graded() -> None:
    assert {path.name for path in SUBMISSIONS.iterdir() if path.name != "__pycache__"} == {
        attack.name for attack in ATTACKS
    }


@pytest.mark.parametrize("name", CAGED)
def test_every_submission_says_what_it_tries(name: str) -> None:
    path = SUBMISSIONS / CAGED[name].name
    first = (path / "app.py" if path.is_dir() else path).read_text().splitlines()[0]
    assert first.startswith('"""')
    assert first.endswith('."""')


def must_have_failed(attack: Attack, graded: Graded) -> None:
    assert graded.code is not None, f"the grading took more than {graded.seconds:.0f} s"
    assert graded.out.isascii()
    assert "<" not in graded.out
    verdict, told = graded.report["verdict"], graded.out + graded.err
    assert verdict in (("failed", "inconclusive") if attack.may_be_inconclusive else ("failed",)), (
        told
    )
    assert graded.code == CODES[verdict]
    passed = {check["name"] for check in graded.report["checks"] if check["outcome"] == "passed"}
    assert not passed if attack.fails == ALL else not passed & set(attack.fails), told
    if not attack.typed_inside:
        # The saved run gives the same verdict when it is judged again.
        assert graded.replayed is not None
        assert graded.replayed.verdict == verdict
        cause = graded.replayed.cause
        assert cause is not None
        assert cause.finding is not None
        assert attack.is_found(cause.finding), told


def must_have_reached_nothing(graded: Graded) -> None:
    assert graded.secret not in graded.told
    assert graded.visitors == 0
    assert graded.touched == ()
    assert graded.left == ()
    assert graded.leftovers == ()
