"""The screen that every command writes to. Only the modules of this folder import rich."""

import codecs
import io
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.text import Text as RichText

from grader.errors import GraderError
from grader.render.text import code_point, escaped, printable

SUBSTITUTES = {"×": "x", "…": "...", "≥": ">=", "·": "-"}
"""For terminals whose encoding lacks these characters; other missing characters become escape sequences."""
SUBSTITUTE = "grader.substitute"


def _substitute(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    missing = error.object[error.start : error.end]
    return "".join(
        SUBSTITUTES.get(character, code_point(character)) for character in missing
    ), error.end


codecs.register_error(SUBSTITUTE, _substitute)


class Text(RichText):
    """A text of one bounded line that cannot control the terminal."""

    def __init__(self, text: str = "", *arguments: Any, **options: Any) -> None:
        super().__init__(escaped(text), *arguments, **options)

    def append(self, text: RichText | str, style: Any = None) -> "Text":
        """Add a text, made safe in the same way."""
        super().append(escaped(text) if isinstance(text, str) else text, style)
        return self


class Screen:
    """Writes to a terminal, or plain text to a pipe. Text is never interpreted as markup."""

    def __init__(self, *, to_stderr: bool = False) -> None:
        self._console = Console(stderr=to_stderr, highlight=False, markup=False, emoji=False)
        self._shows_marks = (self._console.encoding or "").lower().startswith("utf")
        if isinstance(self._console.file, io.TextIOWrapper):
            self._console.file.reconfigure(errors=SUBSTITUTE)

    def say(self, *lines: str) -> None:
        """Write plain lines, wrapped to the terminal's width."""
        for line in lines:
            self._line(Text(line))

    def say_whole(self, *lines: str) -> None:
        """Write lines without wrapping them, for logs and for text to be copied."""
        for line in lines:
            self._console.print(Text(line), soft_wrap=True)

    def error(self, error: GraderError) -> None:
        """Write what happened and, if there is a hint, what to do."""
        self._line(Text.assemble(("Error: ", "bold red"), printable(error.message, 1000)))
        if error.hint:
            self._line(Text(printable(error.hint, 1000)))

    def _line(self, text: RichText | None = None) -> None:
        self._console.print(
            text if text is not None else "", soft_wrap=not self._console.is_terminal
        )

    def _indented(self, text: RichText) -> None:
        self._console.print(Padding(text, (0, 0, 0, 3)))
