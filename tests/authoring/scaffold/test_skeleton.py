"""`kata new`: what it writes is a whole kata, and what it must not write it refuses."""

import ast
import itertools
import json
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

from grader import registry
from grader.authoring.examples import Kind, own_examples
from grader.authoring.lint.lint import lint_package
from grader.authoring.lint.package import check_names, read_package
from grader.authoring.prover import Plan
from grader.authoring.scaffold.compose import compose
from grader.authoring.scaffold.skeleton import chosen_fragments, write_skeleton
from grader.catalog.find import find_catalog
from grader.catalog.manifest import Kata, read_manifest
from grader.cli.instructor import SERVICES_HELP
from grader.errors import UsageError
from grader.services.fragment import AppPart, ChecksPart, Fragment, Resource, RunPart
from tests.conftest import RunKata
from tests.proofs import mistakes_in, proof_of

ROOT = Path(__file__).parents[3]

SERVICES = tuple(registry.SERVICES)
CHOICES = [
    ",".join(chosen)
    for count in range(len(SERVICES) + 1)
    for chosen in itertools.combinations(SERVICES, count)
]

BROKEN_ON_PURPOSE = ("starter/", "rejected/")

ECHO = Fragment(
    who="the echo server",
    what="its echo",
    field="echo",
    example=7,
    source="what the server at `ECHO_HOST` sends back.",
    app=AppPart(
        imports=(
            "import os",
            "import asyncio",
            "from collections.abc import AsyncIterator",
            "from echoes.client import echoing",
        ),
        constants='ECHO_HOST = os.environ["ECHO_HOST"]',
        resource=Resource(name="echoes", type="AsyncIterator[int]", opened="echoing(ECHO_HOST)"),
        question="""
async def echo_of(item: int, echoes: AsyncIterator[int]) -> int:
    await asyncio.sleep(0)
    return await anext(echoes, item)
""",
    ),
    checks=ChecksPart(
        fixture="echoes.fixture.Echo",
        value="item",
        hold="echo.held() as calls",
        gate="await calls.arrivals(AT_ONCE)",
    ),
)
"""A service that the grader does not have, with as little as a fragment may say."""


def write(folder: Path, services: str, tier: int = 1) -> Kata:
    skeleton = write_skeleton("two-at-once", folder, tier, services_of(services))
    return read_manifest(skeleton.folder)


def services_of(words: str) -> list[str]:
    return [word for word in words.split(",") if word]


def composed(services: str, **others: Fragment) -> dict[str, str]:
    return compose(
        "two-at-once", "Two at once", 1, chosen_fragments(services_of(services)) | others
    )


def complaints(folder: Path, files: Mapping[str, str]) -> str:
    """What ruff says of the sources of a kata, with our settings; those that are broken on purpose are only looked at
    for their layout.
    """
    sources = [name for name in files if name.endswith(".py")]
    for name in sources:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(files[name])
    good = [name for name in sources if not name.startswith(BROKEN_ON_PURPOSE)]
    said = ruff(folder, "format", "--diff", *sources) + ruff(folder, "check", "--ignore=D1", *good)
    return said.replace(str(folder), "")


def ruff(folder: Path, command: str, *arguments: str) -> str:
    """What a command of ruff prints of files in this folder; nothing if all is well."""
    settings = (
        "--config",
        str(ROOT / "katas" / "ruff.toml"),
        "--config",
        "lint.isort.known-first-party=['grader']",
        "--no-cache",
        "--quiet",
    )
    line = [sys.executable, "-m", "ruff", command, *settings, *arguments]
    ran = subprocess.run(line, cwd=folder, capture_output=True, text=True, check=False)
    return "" if ran.returncode == 0 else ran.stdout + ran.stderr


def arguments_of(source: str) -> dict[str, list[str]]:
    """The names of the arguments of each function of a module."""
    functions = [
        node
        for node in ast.parse(source).body
        if isinstance(node, ast.AsyncFunctionDef | ast.FunctionDef)
    ]
    return {
        function.name: [argument.arg for argument in function.args.args] for function in functions
    }


def twice(names: Iterable[str]) -> set[str]:
    every = list(names)
    return {name for name in every if every.count(name) > 1}


@pytest.mark.slow
@pytest.mark.parametrize("services", CHOICES)
async def test_a_new_kata_can_be_proved_as_it_is(
    kata: RunKata, tmp_path: Path, services: str
) -> None:
    made = kata("new", "two-at-once", "--dir", "my", *(["--with", services] if services else []))
    assert (made.code, made.err) == (0, "")
    assert mistakes_in(await proof_of(find_catalog(tmp_path / "my"), "two-at-once", Plan())) == []


@pytest.mark.parametrize("services", CHOICES)
def test_a_new_kata_has_all_that_a_kata_needs(tmp_path: Path, services: str) -> None:
    new = write(tmp_path, services, tier=4)
    examples = list(own_examples(new))
    files = read_package(new.folder)
    assert lint_package(new, files) == []
    assert (new.title, new.tier, ",".join(new.services)) == ("Two at once", 4, services)
    assert [example.kind for example in examples].count(Kind.ACCEPTED) >= 2
    assert [example.kind for example in examples].count(Kind.REJECTED) >= 2
    sections = [line for line in files["README.md"].splitlines() if line.startswith("#")]
    assert sections == [
        "# Two at once",
        "## The app",
        "## What must hold",
        "## What must stay",
        "## Read more",
    ]
    assert ("schema.sql" in files) == ("postgres" in services)
    assert ("run.py" in files) == bool(services)
    assert new.run.load


@pytest.mark.parametrize("services", CHOICES)
def test_a_new_kata_reads_as_if_its_author_had_formatted_it(tmp_path: Path, services: str) -> None:
    files = composed(services)
    assert complaints(tmp_path, files) == ""
    assert [line for line in files["README.md"].splitlines() if len(line) > 140] == []
    for name, text in files.items():
        assert text.endswith("\n"), name
        assert not text.endswith("\n\n"), name
        assert "\n\n\n\n" not in text, name
        assert "{{" not in text, name


@pytest.mark.parametrize("services", CHOICES[1:])
def test_there_is_a_field_a_requirement_and_a_check_for_each_service(services: str) -> None:
    files = composed(services)
    must_hold = files["README.md"].split("## What must hold")[1].split("## What must stay")[0]
    for service in services_of(services):
        fragment = chosen_fragments([service])[service]
        assert f"test_no_queue_at_{service}" in check_names(files)
        assert f"do not wait for one another at {fragment.who}:" in " ".join(must_hold.split())
        assert f"    {fragment.field}: int\n" in files["starter/app.py"]
        assert f"- `{fragment.field}`: " in files["README.md"]
    assert len(check_names(files)) == 1 + len(services_of(services)) == must_hold.count("\n- ")


@pytest.mark.parametrize(
    ("services", "promise"),
    [
        ("upstream", "the price service says at that moment: it is asked once for every visitor."),
        ("postgres", "the warehouse says at that moment: it is asked anew for every visitor."),
        (
            "upstream,postgres",
            "each of them is asked anew for every visitor, the price service exactly once.",
        ),
    ],
)
def test_how_often_a_service_is_asked_is_promised_where_it_is_counted(
    services: str, promise: str
) -> None:
    files = composed(services)
    assert promise in " ".join(files["README.md"].split())
    counted = files["checks.py"].count('"questions that reached the price service").equals(')
    assert counted == ("upstream" in services) * (1 + len(services_of(services)))


@pytest.mark.parametrize("services", CHOICES[1:])
def test_two_visitors_want_the_same_item_where_all_services_allow_it(services: str) -> None:
    files, is_allowed = composed(services), "files" not in services
    readme = " ".join(files["README.md"].split())
    assert (
        ("two of them for the same item" in readme)
        is ("# two visitors want the same" in files["checks.py"])
        is is_allowed
    )
    assert ("each for another item" in readme) is not is_allowed


SINGLE_FLIGHT = """
asking: dict[int, asyncio.Task[int]] = {}


async def cents_for_all(item: int, prices: httpx.AsyncClient) -> int:
    if item not in asking:
        asking[item] = asyncio.create_task(price_of(item, prices))
        asking[item].add_done_callback(lambda _: asking.pop(item))
    return await asyncio.shield(asking[item])


@app.get("""

NOTHING_FOUND = """if pieces is None:
        raise HTTPException(404)
    return pieces"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("services", "changes", "failed"),
    [
        (
            "upstream",
            {
                "import os": "import asyncio\nimport os",
                "@app.get(": SINGLE_FLIGHT,
                "await price_of(item, req": "await cents_for_all(item, req",
            },
            ["test_no_queue_at_upstream"],
        ),
        (
            "postgres",
            {
                "import FastAPI,": "import FastAPI, HTTPException,",
                "return pieces or 0": NOTHING_FOUND,
            },
            ["test_an_offer_is_asked_for_anew"],
        ),
        (
            "upstream",
            {
                "    cents = await price": "    await price_of(item, request.state.prices)\n    cents = await price"
            },
            ["test_an_offer_is_asked_for_anew", "test_no_queue_at_upstream"],
        ),
    ],
    ids=["one question for two visitors", "an item that is not there is an error", "asked twice"],
)
def test_what_the_readme_rules_out_fails(
    kata: RunKata, tmp_path: Path, services: str, changes: dict[str, str], failed: list[str]
) -> None:
    kata("new", "offers", "--with", services)
    source = (tmp_path / "offers" / "accepted" / "reference.py").read_text()
    for before, after in changes.items():
        assert before in source
        source = source.replace(before, after, 1)
    (tmp_path / "wrong.py").write_text(source)
    checks = json.loads(
        kata("check", "offers", "--katas", tmp_path, "--solution", "wrong.py", "--json").out
    )["checks"]
    assert [check["name"] for check in checks if check["outcome"] == "failed"] == failed


def test_several_services_can_be_asked_together_and_a_single_one_cannot() -> None:
    assert "accepted/many_desks.py" in composed("files")
    assert "accepted/together.py" not in composed("files")
    assert "TaskGroup" in composed("upstream,files")["accepted/together.py"]


def test_services_are_taken_in_any_order_and_more_than_once() -> None:
    assert list(chosen_fragments(["postgres", "upstream", "postgres"])) == ["upstream", "postgres"]


def test_the_fragments_do_not_get_into_each_others_way() -> None:
    fragments = chosen_fragments(SERVICES).values()
    resources = [
        fragment.app.resource.name for fragment in fragments if fragment.app.resource is not None
    ]
    assert twice(fragment.field for fragment in fragments) == set()
    assert (
        twice(name for fragment in fragments for name in arguments_of(fragment.app.question))
        == set()
    )
    assert twice(resources) == set()
    assert twice(name for fragment in fragments for name in fragment.files) == set()


@pytest.mark.parametrize("services", CHOICES)
def test_a_service_that_is_made_up_is_composed_beside_the_others(
    tmp_path: Path, services: str
) -> None:
    files = composed(services, echo=ECHO)
    names = [*services_of(services), "echo"]
    assert complaints(tmp_path, files) == ""
    assert tomllib.loads(files["kata.toml"])["services"] == names
    assert check_names(files) == (
        "test_an_offer_is_asked_for_anew",
        *(f"test_no_queue_at_{name}" for name in names),
    )
    assert 'offer["echo"] = item\n' in files["checks.py"]
    assert "echo.held() as calls:\n" in files["checks.py"]
    assert "from echoes.fixture import Echo\n" in files["checks.py"]
    assert "echo_of(item, request.state.echoes)" in files["starter/app.py"]
    assert "at the echo server: their 4" in " ".join(files["README.md"].split())
    assert ("run.py" in files) == bool(services)  # the made-up one needs no preparation


def test_a_check_asks_for_the_services_that_it_uses_and_no_others() -> None:
    arguments = arguments_of(composed("upstream", echo=ECHO)["checks.py"])
    assert arguments["renew"] == ["offers", "upstream"]
    assert arguments["test_an_offer_is_asked_for_anew"] == ["server", "upstream"]
    assert arguments["test_no_queue_at_upstream"] == ["server", "upstream"]
    assert arguments["test_no_queue_at_echo"] == ["server", "upstream", "echo"]


def test_preparation_asks_for_a_task_group_only_if_it_uses_one() -> None:
    running = RunPart(says="an echo takes 0.1 s", prepare="echo.delay_s = 0.1")
    quiet = Fragment(
        **{name: getattr(ECHO, name) for name in ECHO.__struct_fields__} | {"run": running}
    )
    assert arguments_of(composed("", echo=quiet)["run.py"]) == {"prepare": ["echo"]}
    assert "ITEMS = " not in composed("", echo=quiet)["run.py"]
    assert arguments_of(composed("files", echo=quiet)["run.py"]) == {
        "prepare": ["files", "echo", "tasks"]
    }


def test_ten_services_make_lines_that_a_formatter_leaves_as_they_are(tmp_path: Path) -> None:
    made_up = {f"echo_server_{n}": named(f"echo_{n}") for n in "abcdefghij"}
    assert complaints(tmp_path, composed(",".join(SERVICES), **made_up)) == ""


def named(name: str) -> Fragment:
    """A fragment with this name in all in which fragments must differ."""
    return Fragment(
        who=f"the server of {name}",
        what=f"its {name}",
        field=name,
        example=7,
        source=f"what {name} sends back.",
        app=AppPart(
            constants=f'{name.upper()} = "{name}"',
            resource=Resource(
                name=f"{name}s", type="AsyncIterator[int]", opened=f"echoing({name.upper()})"
            ),
            imports=(
                "from collections.abc import AsyncIterator",
                "from echoes.client import echoing",
            ),
            question=(
                f"async def {name}_of(item: int, echoes: AsyncIterator[int]) -> "
                "int:\n    return await anext(echoes, item)"
            ),
        ),
        checks=ChecksPart(
            fixture="echoes.fixture.Echo",
            gate=f"await {name.replace('echo', 'echo_server')}.arrivals(AT_ONCE)",
        ),
    )


def test_the_help_names_every_service() -> None:
    assert [service for service in SERVICES if service not in SERVICES_HELP] == []


def test_it_says_what_was_written_and_what_to_type_next(kata: RunKata, tmp_path: Path) -> None:
    out = kata("new", "first-light", "--dir", "my katas").out
    assert "Written into my katas/first-light:" in out
    assert "  checks.py\n" in out
    assert (
        "  kata check first-light --katas 'my katas' --solution 'my katas/first-light/starter/app.py'\n"
        in out
    )
    assert "  kata verify first-light --katas 'my katas'\n" in out
    assert all(len(line) <= 80 for line in out.splitlines() if not line.startswith("  kata "))
    assert (tmp_path / "my katas" / "first-light" / "kata.toml").is_file()


def test_without_a_folder_it_writes_into_the_current_one(kata: RunKata, tmp_path: Path) -> None:
    assert "kata verify first-light --katas .\n" in kata("new", "first-light").out
    assert (tmp_path / "first-light" / "starter" / "app.py").is_file()


@pytest.mark.parametrize(
    ("arguments", "sentence", "hint"),
    [
        (
            ["Two_At Once"],
            "use lower-case letters, digits and single hyphens",
            "Did you mean two-at-once?",
        ),
        (["../escape"], "`../escape` is not a valid name", "Did you mean escape?"),
        (["a--b"], "`a--b` is not a valid name", "Did you mean a-b?"),
        ([""], "is not a valid name for a kata", "Choose a name like two-at-once."),
        (["tiny", "--with", "postgre"], "There is no service `postgre`.", "Did you mean postgres?"),
        (
            ["tiny", "--with", "upstream,kafka"],
            "There is no service `kafka`.",
            "Services: upstream, postgres, files.",
        ),
        (["tiny", "--tier", "6"], "The tier must be from 1 to 5, not 6.", ""),
        (["tiny", "--tier", "0"], "The tier must be from 1 to 5, not 0.", ""),
    ],
)
def test_what_cannot_be_a_kata_is_refused_and_nothing_is_written(
    kata: RunKata, tmp_path: Path, arguments: list[str], sentence: str, hint: str
) -> None:
    ran = kata("new", *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert sentence in " ".join(ran.err.split())
    assert hint in ran.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", ["empty folder", "file", "dangling link"])
def test_what_exists_is_never_overwritten(tmp_path: Path, kind: str) -> None:
    target = tmp_path / "two-at-once"
    if kind == "empty folder":
        target.mkdir()
    elif kind == "file":
        target.touch()
    else:
        target.symlink_to("nowhere")
    with pytest.raises(UsageError, match="exists already; nothing was written"):
        write(tmp_path, "")
    assert [path.name for path in tmp_path.rglob("*")] == ["two-at-once"]


def test_a_second_kata_of_the_same_name_leaves_the_first_as_it_is(
    kata: RunKata, tmp_path: Path
) -> None:
    kata("new", "tiny")
    (tmp_path / "tiny" / "checks.py").write_text("mine")
    ran = kata("new", "tiny", "--with", "upstream")
    assert ran.code == 2
    assert "tiny exists already; nothing was written." in ran.err
    assert (tmp_path / "tiny" / "checks.py").read_text() == "mine"


def test_no_kata_is_written_into_another_kata(tmp_path: Path) -> None:
    first = write_skeleton("first", tmp_path, 1, [])
    with pytest.raises(UsageError, match="is a kata itself"):
        write_skeleton("second", first.folder, 1, [])


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="cannot be created: Not a directory"):
        write_skeleton("tiny", tmp_path / "file", 1, [])


def test_what_was_half_written_is_taken_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {
        "kata.toml": "",
        "deep/er/file.py": "",
    }  # the folder `deep` has not been made when this is written
    monkeypatch.setattr("grader.authoring.scaffold.skeleton.compose", lambda *_: files)
    with pytest.raises(UsageError, match="cannot be written"):
        write_skeleton("tiny", tmp_path, 1, [])
    assert not (tmp_path / "tiny").exists()
