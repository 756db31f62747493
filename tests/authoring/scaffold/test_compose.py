"""The files of a new kata, for every choice of services: what they promise, check and import, and how they look."""

import ast
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

from grader.authoring.lint.package import check_names
from grader.authoring.scaffold.skeleton import chosen_fragments
from grader.services.fragment import Fragment, RunPart
from tests.authoring.scaffold.composing import (
    CHOICES,
    ECHO,
    SERVICES,
    composed,
    named,
    services_of,
)

ROOT = Path(__file__).parents[3]

BROKEN_ON_PURPOSE = ("starter/", "rejected/")


def complaints(folder: Path, files: Mapping[str, str]) -> str:
    """What ruff reports for the sources of a kata with the settings of this repository; for those that are broken on
    purpose only formatting.
    """
    sources = [name for name in files if name.endswith(".py")]
    for name in sources:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(files[name])
    good = [name for name in sources if not name.startswith(BROKEN_ON_PURPOSE)]
    said = ruff(folder, "format", "--diff", *sources) + ruff(folder, "check", "--ignore=D1", *good)
    return said.replace(str(folder), "")


def ruff(folder: Path, command: str, *arguments: str) -> str:
    """What a command of ruff prints for files in this folder; nothing on success."""
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
    """The parameters of each function of a module."""
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


@pytest.mark.parametrize("services", CHOICES)
def test_a_new_kata_is_formatted(tmp_path: Path, services: str) -> None:
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
        ("postgres", "the warehouse says at that moment: it is asked again for every visitor."),
        (
            "upstream,postgres",
            "each of them is asked again for every visitor, the price service exactly once.",
        ),
    ],
)
def test_the_readme_promises_a_number_of_questions_exactly_where_a_check_counts_them(
    services: str, promise: str
) -> None:
    files = composed(services)
    assert promise in " ".join(files["README.md"].split())
    counted = files["checks.py"].count('"questions that reached the price service").equals(')
    assert counted == ("upstream" in services) * (1 + len(services_of(services)))


@pytest.mark.parametrize("services", CHOICES[1:])
def test_two_visitors_ask_for_the_same_item_if_every_service_allows_it(services: str) -> None:
    files, is_allowed = composed(services), "files" not in services
    readme = " ".join(files["README.md"].split())
    assert (
        ("two of them for the same item" in readme)
        is ("# two visitors want the same" in files["checks.py"])
        is is_allowed
    )
    assert ("each for a different item" in readme) is not is_allowed


def test_there_is_an_example_that_asks_services_together_only_with_several_services() -> None:
    assert "accepted/many_desks.py" in composed("files")
    assert "accepted/together.py" not in composed("files")
    assert "TaskGroup" in composed("upstream,files")["accepted/together.py"]


def test_names_in_the_fragments_do_not_clash() -> None:
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
def test_a_made_up_service_is_composed_with_the_others(tmp_path: Path, services: str) -> None:
    files = composed(services, echo=ECHO)
    names = [*services_of(services), "echo"]
    assert complaints(tmp_path, files) == ""
    assert tomllib.loads(files["kata.toml"])["services"] == names
    assert check_names(files) == (
        "test_an_offer_is_never_stale",
        *(f"test_no_queue_at_{name}" for name in names),
    )
    assert 'offer["echo"] = item\n' in files["checks.py"]
    assert "echo.held() as calls:\n" in files["checks.py"]
    assert "from echoes.fixture import Echo\n" in files["checks.py"]
    assert "echo_of(item, request.state.echoes)" in files["starter/app.py"]
    assert "at the echo server: their 4" in " ".join(files["README.md"].split())
    assert ("run.py" in files) == bool(services)  # the made-up service needs no preparation


def test_a_check_takes_only_the_services_that_it_uses() -> None:
    arguments = arguments_of(composed("upstream", echo=ECHO)["checks.py"])
    assert arguments["renew"] == ["offers", "upstream"]
    assert arguments["test_an_offer_is_never_stale"] == ["server", "upstream"]
    assert arguments["test_no_queue_at_upstream"] == ["server", "upstream"]
    assert arguments["test_no_queue_at_echo"] == ["server", "upstream", "echo"]


def test_preparation_takes_a_task_group_only_if_it_uses_one() -> None:
    running = RunPart(says="an echo takes 0.1 s", prepare="echo.delay_s = 0.1")
    quiet = Fragment(
        **{name: getattr(ECHO, name) for name in ECHO.__struct_fields__} | {"run": running}
    )
    assert arguments_of(composed("", echo=quiet)["run.py"]) == {"prepare": ["echo"]}
    assert "ITEMS = " not in composed("", echo=quiet)["run.py"]
    assert arguments_of(composed("files", echo=quiet)["run.py"]) == {
        "prepare": ["files", "echo", "tasks"]
    }


def test_a_kata_with_many_services_is_formatted(tmp_path: Path) -> None:
    made_up = {f"echo_server_{n}": named(f"echo_{n}") for n in "abcdefghij"}
    assert complaints(tmp_path, composed(",".join(SERVICES), **made_up)) == ""
