"""No attack passes, none reaches outside of its sandbox, none harms the next grading.

Four are graded at a time. After all of them right solutions are graded, which must pass.
"""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path

import pytest

from grader.catalog.find import find_catalog
from tests.attacks.ground import SUBMISSIONS, Graded, grade, hidden_characters, lay_out, why_no_sandbox
from tests.attacks.table import ALL, ATTACKS, REFERENCE, Attack, Runs

AT_A_TIME = 4
CODES = {"failed": 1, "inconclusive": 3}
KATAS = sorted({attack.kata for attack in ATTACKS})
CAGED = {f"{attack.name.removesuffix('.py')}": attack for attack in ATTACKS}
FREE = {name: attack for name, attack in CAGED.items() if attack.runs is Runs.EVERYWHERE}
SHOWN = {name: attack for name, attack in CAGED.items() if attack.shown}

Gradings = dict[tuple[str, str], Future[Graded]]


def attacked(attack: Attack, folder: Path, *options: str) -> Graded:
    kata = find_catalog().kata(attack.kata)
    solution = lay_out(SUBMISSIONS / attack.name, kata.folder / attack.base, folder / "solution", padded=attack.padded)
    return grade(folder, attack.kata, solution, *options, inside=attack.typed_inside, limit_s=attack.limit_s)


def job(kind: str, name: str, folder: Path) -> Callable[[], Graded]:
    """What grades this attack, or the reference of this kata."""
    if kind == "after":
        return lambda: grade(folder, name, find_catalog().kata(name).folder / REFERENCE, "--json", "--sandbox", "require")
    options = {
        "caged": ("--json", "--sandbox", "require"),
        "free": ("--json", "--sandbox", "off"),
        "shown": ("--sandbox", "require"),
    }[kind]
    return lambda: attacked(CAGED[name], folder, *options)


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Without a sandbox these tests say nothing."""
    reason = why_no_sandbox(tmp_path_factory.mktemp("sandbox"))
    if reason and os.environ.get("CI"):
        pytest.fail(f"no sandbox: {reason}")
    if reason:
        pytest.skip(f"no sandbox here: {reason}")


@pytest.fixture(scope="module")
def gradings(request: pytest.FixtureRequest) -> Iterator[Gradings]:
    """The gradings that this run asks for, four at a time; those of right solutions when all attacks are over."""
    here = [item for item in request.session.items if isinstance(item, pytest.Function) and item.path == request.path]
    asked = [item.callspec.params for item in here if "gradings" in item.fixturenames]
    wanted = dict.fromkeys((str(params["kind"]), str(params["name"])) for params in asked)
    folder = Path(tempfile.mkdtemp(prefix="katas-attacked-"))
    folder.chmod(0o711)  # the database of a grading may run as another user
    attacks: list[Future[Graded]] = []
    with ThreadPoolExecutor(AT_A_TIME) as threads:
        begun: Gradings = {}
        for number, (kind, name) in enumerate(sorted(wanted, key=lambda one: one[0] == "after")):
            work = job(kind, name, folder / str(number))
            (folder / str(number)).mkdir()
            if kind == "after":
                begun[kind, name] = threads.submit(after_all, list(attacks), work)
            else:
                attacks.append(threads.submit(work))
                begun[kind, name] = attacks[-1]
        yield begun
        threads.shutdown(cancel_futures=True)
    shutil.rmtree(folder, ignore_errors=True)


def after_all(attacks: list[Future[Graded]], work: Callable[[], Graded]) -> Graded:
    wait(attacks)
    return work()


@pytest.mark.usefixtures("sandbox")
@pytest.mark.parametrize("kind", ["caged"])
@pytest.mark.parametrize("name", CAGED)
def test_an_attack_fails_and_reaches_nothing(gradings: Gradings, kind: str, name: str) -> None:
    graded = gradings[kind, name].result()
    must_have_failed(CAGED[name], graded)
    assert graded.report["sandboxed"] is True
    must_have_reached_nothing(graded)


@pytest.mark.parametrize("kind", ["free"])
@pytest.mark.parametrize("name", FREE)
def test_without_a_sandbox_it_fails_all_the_same(gradings: Gradings, kind: str, name: str) -> None:
    graded = gradings[kind, name].result()
    must_have_failed(FREE[name], graded)
    assert graded.report["sandboxed"] is False
    must_have_reached_nothing(graded)


@pytest.mark.usefixtures("sandbox")
@pytest.mark.parametrize("kind", ["shown"])
@pytest.mark.parametrize("name", SHOWN)
def test_nothing_that_it_says_acts_on_the_screen(gradings: Gradings, kind: str, name: str) -> None:
    graded = gradings[kind, name].result()
    assert graded.code in ((1, 3) if SHOWN[name].may_be_inconclusive else (1,)), graded.out + graded.err
    assert "Failed: " in graded.out or SHOWN[name].may_be_inconclusive
    assert not hidden_characters(graded.out)
    assert not hidden_characters(graded.err)
    must_have_reached_nothing(graded)


@pytest.mark.usefixtures("sandbox")
@pytest.mark.parametrize("kind", ["after"])
@pytest.mark.parametrize("name", KATAS)
def test_afterwards_a_right_solution_passes(gradings: Gradings, kind: str, name: str) -> None:
    graded = gradings[kind, name].result()
    assert graded.report["verdict"] == "passed", graded.told
    must_have_reached_nothing(graded)


def test_every_submission_is_graded() -> None:
    assert {path.name for path in SUBMISSIONS.iterdir() if path.name != "__pycache__"} == {attack.name for attack in ATTACKS}


@pytest.mark.parametrize("name", CAGED)
def test_every_submission_says_what_it_tries(name: str) -> None:
    path = SUBMISSIONS / CAGED[name].name
    first = (path / "app.py" if path.is_dir() else path).read_text().splitlines()[0]
    assert first.startswith('"""')
    assert first.endswith('."""')


def must_have_failed(attack: Attack, graded: Graded) -> None:
    assert graded.code is not None, f"the grading was not over after {graded.seconds:.0f} s"
    assert graded.out.isascii()
    assert "<" not in graded.out
    verdict, told = graded.report["verdict"], graded.out + graded.err
    assert verdict in (("failed", "inconclusive") if attack.may_be_inconclusive else ("failed",)), told
    assert graded.code == CODES[verdict]
    passed = {check["name"] for check in graded.report["checks"] if check["outcome"] == "passed"}
    assert not passed if attack.fails == ALL else not passed & set(attack.fails), told
    if not attack.typed_inside:
        # The run that was saved tells the same, judged anew.
        assert graded.replayed is not None
        assert graded.replayed.verdict == verdict
        cause = graded.replayed.cause
        assert cause is not None
        assert cause.finding is not None
        assert attack.kind in (None, cause.finding.kind), told


def must_have_reached_nothing(graded: Graded) -> None:
    assert graded.secret not in graded.told
    assert graded.visitors == 0
    assert graded.touched == ()
    assert graded.left == ()
    assert graded.leftovers == ()
