"""Composes a new kata from templates and the fragments of its services. Pure except for reading the templates."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from grader.authoring.scaffold.source_text import entered, filled, fitted, imports, listed
from grader.services.fragment import ChecksPart, Count, Fragment

TEMPLATES = Path(__file__).parent / "templates"
SUFFIX = ".jinja"

TICKETS = (
    "README.md",
    "accepted/plain_def.py",
    "accepted/reference.py",
    "checks.py",
    "kata.toml",
    "rejected/async_helper.py",
    "rejected/no_wait.py",
    "starter/app.py",
)
"""Files of the kata without services, where one blocking call stops all visitors."""

OFFERS = (
    "README.md",
    "accepted/reference.py",
    "checks.py",
    "kata.toml",
    "rejected/cached.py",
    "rejected/two_desks.py",
    "starter/app.py",
)
"""Files of the kata with services, where all visitors queue at one lock."""

ONE, SEVERAL, RUN = "accepted/many_desks.py", "accepted/together.py", "run.py"
"""Additional files: for a single service, for several services, and for services with preparation."""

AT_ONCE = 4
"""How many visitors a check sends at once. A solution may use a thread for each; the smallest thread pool has five."""

ITEMS = 100
"""How many items `kata run` provides."""

MANY = 4
"""From this number on, a line of code says "the services" instead of naming each."""

TASKS = "tasks"
"""Name of the task group among the parameters of `prepare`."""

Fragments = Mapping[str, Fragment]
"""By the service's name, in the order of the registry."""


@dataclass(frozen=True)
class Check:
    """The service-dependent parts of a check, as Python source.

    Attributes:
        contexts: context managers around the visitors.
        fixtures: names of the services among its parameters.
        gate: code between sending the visitors and checking their answers.
        counts: counts to check at the end.
    """

    contexts: tuple[str, ...]
    fixtures: tuple[str, ...]
    gate: str = ""
    counts: tuple[Count, ...] = ()


def compose(slug: str, title: str, tier: int, fragments: Fragments) -> dict[str, str]:
    """The text of each file of a new kata, by its path within the kata's folder, sorted.

    Args:
        slug: the kata's name.
        title: as shown to learners.
        tier: of the kata.
        fragments: of its services; may be empty.
    """
    templates = _environment()
    names = {"slug": slug, "title": title, "tier": tier}
    if not fragments:
        return {
            name: templates.get_template(f"tickets/{name}{SUFFIX}").render(names)
            for name in TICKETS
        }
    names |= _values(fragments)
    chosen = [*OFFERS, SEVERAL if len(fragments) > 1 else ONE]
    if any(fragment.run for fragment in fragments.values()):
        chosen.append(RUN)
    made = {name: templates.get_template(f"offers/{name}{SUFFIX}").render(names) for name in chosen}
    for fragment in fragments.values():
        made |= fragment.files
    return dict(sorted(made.items()))


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"listed": listed, "quoted": json.dumps}
    environment.globals |= {"entered": entered, "filled": filled, "fitted": fitted}
    return environment


def _values(fragments: Fragments) -> dict[str, Any]:
    """Template variables of the kata with services."""
    found = list(fragments.values())
    who = [fragment.who for fragment in found]
    crowds = [f"test_no_queue_at_{name}" for name in fragments]
    return {
        "fragments": fragments,
        "names": list(fragments),
        "several": len(found) > 1,
        "who": who,
        "asked_of": listed(who) if len(who) < MANY else "the services",
        "what": [fragment.what for fragment in found],
        "stays": [fragment.stays for fragment in found if fragment.stays],
        "example": json.dumps(
            {"item": 7} | {fragment.field: fragment.example for fragment in found}
        ),
        "links": _once(link for fragment in found for link in fragment.read_more),
        "topics": _once(["locks", *(topic for fragment in found for topic in fragment.topics)]),
        "options": [fragment.options.strip() for fragment in found if fragment.options],
        "fails": fitted("fails = [", [json.dumps(name) for name in crowds], "]"),
        "at_once": AT_ONCE,
        "counted": [fragment.who for fragment in found if fragment.checks.count is not None],
        "shares_item": not any(fragment.checks.one_at_a_time for fragment in found),
        "items": ITEMS,
        "typed": lambda names: [_typed(name, fragments[name]) for name in names],
        **_app_values(found),
        "checks": _check_values(fragments),
        "run": _run_values(fragments),
    }


def _app_values(found: Sequence[Fragment]) -> dict[str, Any]:
    apps = [fragment.app for fragment in found]
    resources = [app.resource for app in apps if app.resource is not None]
    statements = [
        *(statement for app in apps for statement in app.imports),
        "from typing import Annotated",
        "from fastapi import FastAPI, Path",
    ]
    statements.append("from pydantic import BaseModel")
    if resources:
        statements += [
            "from collections.abc import AsyncIterator",
            "from contextlib import asynccontextmanager",
        ]
        statements += ["from typing import TypedDict", "from fastapi import Request"]
    return {
        "extra": (),
        "imports_of_app": lambda extra: imports([*statements, *extra]),
        "constants": _once(app.constants.strip() for app in apps if app.constants),
        "resources": resources,
        "opened": [f"{resource.opened} as {resource.name}" for resource in resources],
        "kept": [f'"{resource.name}": {resource.name}' for resource in resources],
        "questions": [app.question.strip() for app in apps],
        "asked": [(fragment.field, _question(fragment)) for fragment in found],
        "found": ["item=item", *(f"{fragment.field}={fragment.field}" for fragment in found)],
        "finished": [
            "item=item",
            *(f"{fragment.field}={fragment.field}.result()" for fragment in found),
        ],
    }


def _question(fragment: Fragment) -> str:
    """The call in the app's handler: `price_of(item, request.state.prices)`."""
    defined = re.findall(r"^async def (\w+)", fragment.app.question, re.MULTILINE)
    resource = fragment.app.resource
    return (
        f"{defined[-1]}(item, request.state.{resource.name})"
        if resource is not None
        else f"{defined[-1]}(item)"
    )


def _check_values(fragments: Fragments) -> dict[str, Any]:
    parts = {name: fragment.checks for name, fragment in fragments.items()}
    tell = [part.tell for part in parts.values()]
    told = _used(parts, tell)
    is_awaited = any(re.search(r"\bawait\b", code) for code in tell)
    nothing = [part.nothing.strip() for part in parts.values() if part.nothing]
    contexts, counts = _around(parts)
    seen = (count.seen for count in counts)
    first = Check(contexts, _used(parts, [*tell, *nothing, *contexts, *seen]), counts=counts)
    statements = [
        "import secrets",
        "from grader.checks.api import Server, expect",
        *map(_import_of_fixture, fragments.values()),
    ]
    return {
        "imports": imports(
            [*statements, *(statement for part in parts.values() for statement in part.imports)]
        ),
        "told": told,
        "renew_head": f"{'async ' if is_awaited else ''}def renew(",
        "renew": f"{'await ' if is_awaited else ''}renew({', '.join(('offers', *told))})",
        "helpers": [part.helpers.strip() for part in parts.values() if part.helpers],
        "first": first,
        "nothing": nothing,
        "rounds": 3 if nothing else 2,
        "crowds": {name: _crowd(name, parts) for name in parts},
    }


def _around(parts: Mapping[str, ChecksPart]) -> tuple[tuple[str, ...], tuple[Count, ...]]:
    """The context managers in which these services answer, and their counts."""
    backgrounds = [part.background for part in parts.values() if part.background is not None]
    contexts = tuple(
        f"{background.context} as {background.name}" if background.name else background.context
        for background in backgrounds
    )
    return contexts, tuple(part.count for part in parts.values() if part.count is not None)


def _crowd(name: str, parts: Mapping[str, ChecksPart]) -> Check:
    """The check that sends a crowd to one service, held at its gate; the other services answer at once."""
    own = parts[name]
    contexts, counts = _around(
        {
            service: part
            for service, part in parts.items()
            if service != name or part.background is None
        }
    )
    contexts += (own.hold,) if own.hold else ()
    code = [
        *(part.tell for part in parts.values()),
        *contexts,
        own.gate,
        *(count.seen for count in counts),
    ]
    return Check(contexts, _used(parts, code), own.gate.strip(), counts)


def _run_values(fragments: Fragments) -> dict[str, Any]:
    parts = [fragment.run for fragment in fragments.values() if fragment.run is not None]
    code = [part.prepare.strip() for part in parts]
    used = _used(fragments, code)
    fixtures = [_typed(name, fragments[name]) for name in used]
    statements = [
        *(_import_of_fixture(fragments[name]) for name in used),
        *(statement for part in parts for statement in part.imports),
    ]
    if _used([TASKS], code):
        fixtures.append(f"{TASKS}: anyio.abc.TaskGroup")
        statements.append("import anyio.abc")
    return {
        "imports": imports(statements),
        "counts_items": bool(_used(["ITEMS"], code)),
        "fixtures": fixtures,
        "says": [part.says for part in parts],
        "code": code,
    }


def _typed(name: str, fragment: Fragment) -> str:
    """The service's parameter: `upstream: Upstream`."""
    return f"{name}: {fragment.checks.fixture.rpartition('.')[2]}"


def _import_of_fixture(fragment: Fragment) -> str:
    module, _, name = fragment.checks.fixture.rpartition(".")
    return f"from {module} import {name}"


def _used(names: Iterable[str], code: Iterable[str]) -> tuple[str, ...]:
    """The names that occur in these pieces of code."""
    words = {word for text in code for word in re.findall(r"\w+", text)}
    return tuple(name for name in names if name in words)


def _once(texts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(texts))
