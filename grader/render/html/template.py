"""Renders the page from its template, with style and scripts embedded, safe against hostile text.

Each text is made printable and bounded before it reaches the template, which escapes everything. The
Content-Security-Policy allows only the page's style and scripts, by their hashes.
"""

import base64
import hashlib
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from grader.render.text import escaped, printable
from grader.render.wording import amount

TEXT_CHARS = 300
"""Maximum length of a text on the page, unless the template sets another limit."""

PROSE_CHARS = 1000
LOG_LINE_CHARS = 300

ASSETS = Path(__file__).parent / "assets"
TEMPLATE = "page.html.jinja"
STYLE = "page.css"
SCRIPTS = ("d3/d3.min.js", "page.js")


def render_template(**values: Any) -> str:
    """The page with these values, the style, the scripts and the policy."""
    style, scripts = _asset(STYLE), [_asset(name) for name in SCRIPTS]
    template = environment().get_template(TEMPLATE)
    return template.render(
        policy=Markup(policy(style, scripts)),
        style=Markup(style),
        scripts=[Markup(script) for script in scripts],
        **values,
    )


@cache
def environment() -> Environment:
    """Jinja's environment: escapes everything, makes each text printable and bounded, and refuses undefined names."""
    environment = Environment(
        loader=FileSystemLoader(ASSETS),
        autoescape=True,
        finalize=_printable,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        seconds=lambda value: amount(value, "s"),
        number=lambda value: f"{value:.6f}",
        line=_line,
        prose=_prose,
        limited=printable,
    )
    return environment


def _printable(value: object) -> object:
    """Make a text one bounded line of visible characters; leave other values and markup unchanged."""
    return (
        printable(value, TEXT_CHARS)
        if isinstance(value, str) and not isinstance(value, Markup)
        else value
    )


def _prose(text: str) -> Markup:
    """A sentence as markup; text between backticks becomes code."""
    parts = printable(text, PROSE_CHARS).split("`")
    if (
        len(parts) % 2 == 0
    ):  # an odd number of backticks: not from the grader, whose backticks are paired
        return escape("`".join(parts))
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if number % 2 else part
        for number, part in enumerate(parts)
    )


def _line(text: str) -> Markup:
    """A line of a log as markup, with all its spaces."""
    return escape(escaped(text, LOG_LINE_CHARS))


@cache
def _asset(name: str) -> str:
    return (ASSETS / name).read_text(encoding="utf-8")


def policy(style: str, scripts: Sequence[str]) -> str:
    """A policy for this style and these scripts. With Trusted Types, not even these can turn text into markup."""
    script_hashes = " ".join(_hash(script) for script in scripts)
    return (
        f"default-src 'none'; script-src {script_hashes}; style-src {_hash(style)}; "
        "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    )


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
