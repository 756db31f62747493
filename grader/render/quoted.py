"""Foreign text in HTML and in CSV, made safe and quoted."""

import html
from collections.abc import Iterable

from grader.render.text import printable

FORMULA_STARTS = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""A cell that begins with one of these is computed by spreadsheets; the wide forms are, too, where they are common."""


def for_html(text: str, limit: int = 300) -> str:
    """Printable text for HTML, between tags and within quoted attributes."""
    return html.escape(printable(text, limit), quote=True)


def for_csv(text: str, limit: int = 300) -> str:
    """Printable text as the content of a cell, which no spreadsheet takes for a formula."""
    cell = printable(text, limit - 1)
    return f"'{cell}" if cell.startswith(FORMULA_STARTS) else cell


def csv_line(cells: Iterable[str | float | None], limit: int = 300) -> str:
    """One line of CSV with its line end: text is made safe and quoted, numbers stand as they are, None is empty."""
    return ",".join(_csv_cell(cell, limit) for cell in cells) + "\r\n"


def _csv_cell(cell: str | float | None, limit: int) -> str:
    if cell is None:
        return ""
    if isinstance(cell, str):
        return '"{}"'.format(for_csv(cell, limit).replace('"', '""'))
    return str(cell)
