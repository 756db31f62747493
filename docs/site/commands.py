"""The reference of the command line, generated from the application.

It reads the declarations of the commands' functions, not what typer derives from them, so a newer typer does not change
the page.
"""

import inspect
import typing
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from html import escape
from pathlib import Path
from typing import Any

import typer
from typer.models import ArgumentInfo, OptionInfo

MADE = "<!-- Made by `python -m docs.site` from the application; edit the help texts in grader/cli instead. -->"
WORDS = {str: "TEXT", int: "N", float: "N", Path: "PATH"}
"""The placeholder for a value of each type, for options without a metavar."""


@dataclass(frozen=True)
class Parameter:
    """An argument or an option.

    Attributes:
        names: such as `--json`; for an argument, its metavar.
        value: the placeholder after an option; empty for switches.
        help: what it does.
        default: as a user would type it; empty if there is none worth showing.
        envvar: the environment variable that also sets it.
    """

    names: tuple[str, ...]
    value: str
    help: str
    default: str
    envvar: str
    is_option: bool

    @property
    def shown(self) -> str:
        """As a user types it."""
        return ", ".join(self.names) + (f" {self.value}" if self.value else "")


@dataclass(frozen=True)
class Command:
    """A command; the application itself has the name `kata`."""

    name: str
    help: str
    parameters: tuple[Parameter, ...]

    @property
    def usage(self) -> str:
        """How a user calls it."""
        options = ["[OPTIONS]"] if any(parameter.is_option for parameter in self.parameters) else []
        return " ".join(
            [
                self.name,
                *options,
                *(parameter.shown for parameter in self.parameters if not parameter.is_option),
            ]
        )


def commands(app: typer.Typer, name: str = "kata") -> Iterator[Command]:
    """The application and all its commands, in the order of its help; groups are followed by their commands."""
    callback = app.registered_callback.callback if app.registered_callback else None
    if callback is not None:
        yield _command(name, callback)
    for info in app.registered_commands:
        if info.callback is not None and not info.hidden:
            yield _command(
                f"{name} {info.name or info.callback.__name__.replace('_', '-')}", info.callback
            )
    for group in app.registered_groups:
        if group.typer_instance is not None and not group.hidden:
            yield from commands(group.typer_instance, f"{name} {group.name}")


def _command(name: str, function: Callable[..., Any]) -> Command:
    hints = typing.get_type_hints(function, include_extras=True)
    declared = [
        (parameter, hints.get(parameter.name))
        for parameter in inspect.signature(function).parameters.values()
    ]
    return Command(name, inspect.getdoc(function) or "", tuple(_parameters(declared)))


def _parameters(declared: list[tuple[inspect.Parameter, Any]]) -> Iterator[Parameter]:
    for parameter, hint in declared:
        infos = [
            info
            for info in getattr(hint, "__metadata__", ())
            if isinstance(info, ArgumentInfo | OptionInfo)
        ]
        if infos and not infos[0].hidden:
            yield _parameter(parameter, typing.get_args(hint)[0], infos[0])


def _parameter(
    parameter: inspect.Parameter, kind: Any, info: ArgumentInfo | OptionInfo
) -> Parameter:
    plain = _plain(kind)
    envvar = info.envvar if isinstance(info.envvar, str) else ", ".join(info.envvar or ())
    is_option = isinstance(info, OptionInfo)
    # In `Annotated`, typer takes the first argument as a name, and stores it as the default.
    given = tuple(
        name for name in (info.default, *(info.param_decls or ())) if isinstance(name, str)
    )
    names = given if is_option else (info.metavar or parameter.name.upper(),)
    if is_option and not names:
        names = (f"--{parameter.name.replace('_', '-')}",)
    value = (
        ""
        if plain is bool or not is_option
        else (info.metavar or _choices(plain) or WORDS.get(plain, "VALUE"))
    )
    return Parameter(
        names,
        value,
        " ".join((info.help or "").split()),
        _default(parameter, info, plain),
        envvar,
        is_option,
    )


def _plain(kind: Any) -> Any:
    """The type of a single value: `str` for `list[str] | None`."""
    parts = [part for part in typing.get_args(kind) if part is not type(None)]
    return _plain(parts[0]) if parts else kind


def _choices(kind: Any) -> str:
    return (
        "|".join(str(member.value) for member in kind)
        if isinstance(kind, type) and issubclass(kind, Enum)
        else ""
    )


def _default(parameter: inspect.Parameter, info: ArgumentInfo | OptionInfo, plain: Any) -> str:
    default = parameter.default
    if plain is bool or not info.show_default or default in (None, "", inspect.Parameter.empty):
        return ""
    return str(default.value if isinstance(default, Enum) else default)


def page(app: typer.Typer) -> str:
    """The page of all commands."""
    first, *others = commands(app)
    lines = [
        MADE,
        "",
        "# The command line",
        "",
        "The `--help` of every command. See also the [exit codes](exit-codes.md)",
    ]
    lines += [
        "and the [environment variables](environment.md).",
        "",
        "| command | what it does |",
        "| --- | --- |",
    ]
    lines += [
        f"| [`{one.name}`](#{_anchor(one.name)}) | {_text(one.help.partition(chr(10))[0])} |"
        for one in others
    ]
    for one in (first, *others):
        lines += ["", *_section(one)]
    return "\n".join(lines).strip() + "\n"


def _section(command: Command) -> Iterator[str]:
    yield from (f"## {command.name}", "", "```text", command.usage, "```", "", _text(command.help))
    if command.parameters:
        yield from ("", "| option or argument | what it does |", "| --- | --- |")
    for one in command.parameters:
        known = [f"Default: `{one.default}`."] if one.default else []
        known += [f"Also from `{one.envvar}`."] if one.envvar else []
        yield f"| `{_cell(one.shown)}` | {' '.join([_text(one.help), *known])} |"


def _anchor(name: str) -> str:
    return name.replace(" ", "-")


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _text(text: str) -> str:
    """Plain text, escaped for Markdown."""
    return _cell(escape(text, quote=False).replace("*", "\\*").replace("_", "\\_"))
