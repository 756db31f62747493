"""Generated source text is formatted as a formatter would do it."""

import pytest

from grader.authoring.scaffold.source_text import (
    PROSE_WIDTH,
    WIDTH,
    entered,
    filled,
    fitted,
    imports,
    listed,
)


def test_imports_are_written_once_in_sections_and_sorted() -> None:
    statements = [
        "from grader.checks.api import expect",
        "import httpx",
        "import os",
        "from typing import Any",
        "import asyncio",
        "import os",
    ]
    assert imports(statements).splitlines() == [
        "import asyncio",
        "import os",
        "from typing import Any",
        "",
        "import httpx",
        "",
        "from grader.checks.api import expect",
    ]


def test_names_from_the_same_module_share_an_import() -> None:
    assert (
        imports(["from a import run, Server", "from a import MAX, Server"])
        == "from a import MAX, Server, run"
    )


def test_aliases_are_kept() -> None:
    assert (
        imports(["from a import b as c", "import numpy as np"])
        == "import numpy as np\nfrom a import b as c"
    )


def test_an_import_that_is_too_long_has_one_name_per_line() -> None:
    names = [f"A{'b' * 30}{n}" for n in range(5)]
    assert imports([f"from a import {', '.join(names)}"]).splitlines() == [
        "from a import (",
        *(f"    {name}," for name in names),
        ")",
    ]


@pytest.mark.parametrize(
    ("width", "lines"),
    [
        (20, ["    call(a…, a…)"]),
        (65, ["    call(", "        a…, a…", "    )"]),
        (80, ["    call(", "        a…,", "        a…,", "    )"]),
    ],
)
def test_a_call_takes_as_few_lines_as_possible(width: int, lines: list[str]) -> None:
    word = "a" * width
    assert fitted("    call(", [word, word], ")").splitlines() == [
        line.replace("a…", word) for line in lines
    ]


def test_contexts_that_do_not_fit_on_a_line_have_a_line_each() -> None:
    assert entered(["a() as b", "c()"], "    ") == "    async with a() as b, c():"
    long = f"{'a' * WIDTH}()"
    assert entered([long, "c()"], "").splitlines() == [
        "async with (",
        f"    {long},",
        "    c(),",
        "):",
    ]


def test_prose_is_wrapped_and_code_in_it_is_not_broken() -> None:
    code = '`{"item": 7, "cents": 1250}`'
    lines = filled(f"- {'word ' * 22}\n{code} and then", "  ").splitlines()
    assert lines[1] == f"  {code} and then"
    assert all(len(line) <= PROSE_WIDTH for line in lines)


def test_words_are_joined_as_in_a_sentence() -> None:
    assert [listed(["a", "b", "c"][:n]) for n in range(4)] == ["", "a", "a and b", "a, b and c"]
