"""Pages that are made from the code are as the code is now; and what pages say of commands is so."""

import re
from enum import Enum
from pathlib import Path
from typing import Annotated

import pytest
import typer

from docs.site import commands
from docs.site.__main__ import DOCS, made
from docs.site.members import read_doc
from docs.site.navigation import with_katas
from grader.catalog.find import find_catalog
from grader.cli.main import app
from grader.errors import ExitCode

ALL = list(commands.commands(app))
PAGES = [
    path
    for path in (*DOCS.rglob("*.md"), DOCS.parent / "README.md")
    if "decisions" not in path.parts
]


@pytest.mark.parametrize(
    ("path", "text"), [pytest.param(path, text, id=path.name) for path, text in made()]
)
def test_what_is_made_is_as_the_code_is_now(path: Path, text: str) -> None:
    assert path.read_text(encoding="utf-8") == text, "make it anew: python -m docs.site"


@pytest.mark.parametrize("command", ALL, ids=[command.name for command in ALL])
def test_every_command_and_option_has_help(command: commands.Command) -> None:
    assert command.help
    assert [parameter.shown for parameter in command.parameters if not parameter.help] == []


def mentioned(text: str) -> list[tuple[str, str]]:
    """Commands within backquotes and blocks of code: the words after `kata`, as far as they are a command and its
    options.
    """
    code = re.findall(r"^```\w*\n(.*?)^```$", text, re.MULTILINE | re.DOTALL) + re.findall(
        r"`([^`\n]+)`", text
    )
    return [
        (word, rest)
        for part in code
        for word, rest in re.findall(r"(?<![\w/.-])kata ([a-z]+)\b([^\n#|;&]*)", part)
    ]


@pytest.mark.parametrize("path", PAGES, ids=[str(path.relative_to(DOCS.parent)) for path in PAGES])
def test_commands_that_pages_name_exist_with_their_options(path: Path) -> None:
    known = {
        command.name.removeprefix("kata "): {
            name for one in command.parameters for name in one.names
        }
        for command in ALL
    }
    for word, rest in mentioned(path.read_text(encoding="utf-8")):
        assert word in known, f"kata {word}"
        options = set(re.findall(r"(?<!\S)--[a-z-]+", rest))
        assert word not in known or options <= known[word] | {"--help"}, f"kata {word}{rest}"


def test_a_command_is_found_in_text_and_blocks() -> None:
    text = "Type `kata check --json` or\n\n```sh\nkata next --skip  # --no\nmy-kata check\n```\n"
    assert mentioned(text) == [("next", " --skip  "), ("check", " --json")]


def test_the_page_of_exit_codes_has_them_all() -> None:
    page = (DOCS / "reference" / "exit-codes.md").read_text()
    shown = {
        int(number): name for number, name in re.findall(r"^\| (\d+) \| (\w+)", page, re.MULTILINE)
    }
    assert {code.value: code.name.lower() for code in ExitCode}.items() <= shown.items()
    assert set(shown) - {code.value for code in ExitCode} == {143}


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


def test_commands_are_read_from_what_their_functions_declare() -> None:
    other = typer.Typer()

    @other.command("paint")
    def paint(
        walls: Annotated[
            list[str] | None, typer.Argument(metavar="[WALL]...", help="Which.", show_default=False)
        ] = None,
        colour: Annotated[
            Colour, typer.Option("--colour", "-c", envvar="COLOUR", help="In what | colour.")
        ] = Colour.RED,
        coats: Annotated[int, typer.Option(help="How often.")] = 2,
        *,
        twice: Annotated[bool, typer.Option("--twice", help="Again.")] = False,
        secret: Annotated[bool, typer.Option("--secret", hidden=True)] = False,
    ) -> None:
        """Paint <walls>.

        With *care*.
        """

    (command,) = commands.commands(other)
    assert command.usage == "kata paint [OPTIONS] [WALL]..."
    assert [parameter.shown for parameter in command.parameters] == [
        "[WALL]...",
        "--colour, -c red|blue",
        "--coats N",
        "--twice",
    ]
    page = commands.page(typer_with(other))
    assert (
        "| `--colour, -c red\\|blue` | In what \\| colour. Default: `red`. Also from `COLOUR`. |"
        in page
    )
    assert "Paint &lt;walls&gt;.\n\nWith \\*care\\*." in page
    assert "--secret" not in page


def typer_with(group: typer.Typer) -> typer.Typer:
    whole = typer.Typer()

    @whole.callback()
    def options() -> None:
        """All."""

    whole.add_typer(group, name="wall")
    return whole


def test_a_docstring_is_taken_apart() -> None:
    doc = read_doc(
        """What it does.

        More of it.

        Args:
            one: a thing
                on two lines.
            two: another.

        Raises:
            Oops: it fell.
        """
    )
    assert doc.text == "What it does.\n\nMore of it."
    assert doc.sections == {
        "Args": {"one": "a thing on two lines.", "two": "another."},
        "Raises": {"Oops": "it fell."},
    }


def test_a_configuration_without_a_place_for_the_katas_is_refused() -> None:
    with pytest.raises(ValueError, match=r"missing in mkdocs\.yml"):
        with_katas("nav: []\n", find_catalog())
