"""The command line's page has every command, and no page names a command or an option that does not exist."""

import re
from enum import Enum
from pathlib import Path
from typing import Annotated

import pytest
import typer

from docs.site import commands
from docs.site.__main__ import DOCS
from grader.cli.main import app

ALL = list(commands.commands(app))
PAGES = [
    path
    for path in (*DOCS.rglob("*.md"), *DOCS.parent.glob("*.md"))
    if "decisions" not in path.parts and path.name != "CHANGELOG.md"
]


@pytest.mark.parametrize("command", ALL, ids=[command.name for command in ALL])
def test_every_command_and_option_has_help(command: commands.Command) -> None:
    assert command.help
    assert [parameter.shown for parameter in command.parameters if not parameter.help] == []


def mentioned(text: str) -> list[tuple[str, str]]:
    """The word after `kata` in backquotes and blocks of code, and the rest of the command."""
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


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


def test_commands_are_read_from_the_declarations_of_their_functions() -> None:
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
