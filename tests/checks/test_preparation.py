"""A kata's run.py: what its `prepare` gets, and how its mistakes are reported."""

from collections.abc import Callable
from pathlib import Path

import anyio
import pytest

from grader.catalog.find import find_catalog
from grader.catalog.manifest import Kata
from grader.checks.preparation import Preparation, read_preparation
from grader.errors import KataPackageError
from grader.measure.attempt import AttemptContext
from grader.services.service import Running
from grader.services.upstream import Upstream
from grader.services.upstream_calls import CallBook
from tests.conftest import MANIFEST

MakeKata = Callable[..., Path]
RUN = '''
async def prepare(upstream, tasks) -> None:
    """Answers at once.

    More.
    """
    upstream.on("/a", json=7)
    tasks.start_soon(once, upstream)


async def once(upstream) -> None:
    upstream.url = "was here"
'''


@pytest.fixture
def kata_with(make_kata: MakeKata) -> Callable[[str | None], Kata]:
    """A kata with an upstream and this run.py."""

    def make(run: str | None) -> Kata:
        manifest = MANIFEST.replace("tier = 1", 'tier = 1\nservices = ["upstream"]')
        return find_catalog(make_kata(manifest=manifest, files={"run.py": run})).kata("tiny")

    return make


KataWith = Callable[[str | None], Kata]


def preparation_of(kata: Kata) -> Preparation:
    preparation = read_preparation(kata)
    assert preparation is not None
    return preparation


async def test_prepare_gets_what_its_parameters_name(
    kata_with: KataWith, attempt: AttemptContext
) -> None:
    preparation, book = preparation_of(kata_with(RUN)), CallBook(attempt)
    upstream = Upstream(book)
    assert preparation.says == "Answers at once."
    async with anyio.create_task_group() as tasks:
        await preparation.carry_out({"upstream": Running(upstream, "")}, tasks)
    assert book.next_behaviour("/a").json == 7
    assert upstream.url == "was here"


def test_a_kata_without_run_py_has_no_preparation(kata_with: KataWith) -> None:
    assert read_preparation(kata_with(None)) is None


@pytest.mark.parametrize(
    ("run", "message"),
    [
        ("import nothing_of_this_name\n", "run.py:1 cannot be imported: ModuleNotFoundError"),
        ("def broken(:\n", "cannot be imported: SyntaxError"),
        ("X = 1\n", "has no `async def prepare`"),
        ("def prepare() -> None: ...\n", "has no `async def prepare`"),
        (
            "async def prepare(postgres) -> None: ...\n",
            "has a parameter `postgres`, which is no service of this kata",
        ),
    ],
)
def test_a_mistake_in_run_py_is_a_fault_of_the_kata(
    kata_with: KataWith, run: str, message: str
) -> None:
    with pytest.raises(KataPackageError) as caught:
        read_preparation(kata_with(run))
    assert message in caught.value.message


async def test_an_exception_in_prepare_is_quoted_with_its_line(
    kata_with: KataWith, attempt: AttemptContext
) -> None:
    preparation = preparation_of(
        kata_with('async def prepare(upstream) -> None:\n    """X."""\n    upstream.nothing()\n')
    )
    async with anyio.create_task_group() as tasks:
        with pytest.raises(KataPackageError, match=r"run\.py:3 raised AttributeError"):
            await preparation.carry_out(
                {"upstream": Running(Upstream(CallBook(attempt)), "")}, tasks
            )
