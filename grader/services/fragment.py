"""A service's fragment: what the service adds to a kata that `kata new` composes.

The kata makes offers: `GET /offers/{item}` answers with one field per service. A fragment says what its service knows
about an item, how an app asks it, and how a check proves that several visitors ask it at the same time. Pieces of code
are copied into the kata unchanged.
"""

import tomllib
from pathlib import Path

import msgspec

from grader.errors import HarnessError

SHIPPED = Path(__file__).with_name("fragments")
"""The fragments of the grader's own services, one file per service."""


class Resource(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the app opens at its start and keeps until its shutdown, such as a client or a pool.

    Attributes:
        name: in the app's state; the service's question finds it as `request.state.NAME`.
        type: its type, as the app writes it.
        opened: an expression for the asynchronous context manager that yields it.
    """

    name: str
    type: str
    opened: str


class AppPart(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the service adds to every example of the app.

    Attributes:
        question: an `async def` that takes an item, and the resource if there is one, and returns a number; if there
            are several functions, the last one.
        imports: import statements for question, constants and resource.
        constants: code for the top of the module, such as the service's address; may have docstrings.
        resource: what the question uses.
    """

    question: str
    imports: tuple[str, ...] = ()
    constants: str = ""
    resource: Resource | None = None


class Count(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The number of times the service was asked, at the end of a check.

    Attributes:
        seen: an expression for the number; may use the service's fixture and the background's name.
        words: what it counts, in words for the learner.
    """

    seen: str
    words: str


class Background(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What must run during a check so that the service answers.

    Attributes:
        context: an expression for an asynchronous context manager; may use `offers`.
        name: the name under which `Count.seen` finds what it yields; empty if there is no need for one.
    """

    context: str
    name: str = ""


class ChecksPart(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the service adds to `checks.py`.

    In this code the fixture has the service's name. `item` is a number, `offer` its answer, and `offers` the answers by
    item.

    Attributes:
        fixture: the full name of the fixture's type, with its module.
        gate: statements that wait until `AT_ONCE` visitors, one for each of `offers`, have asked the service and none
            has been answered, and then let all of them be answered.
        hold: an expression for an asynchronous context manager around the visitors and the gate, with or without `as`.
        value: an expression for the service's answer about `item`; by default an unpredictable number.
        tell: statements that make the service answer `offer[FIELD]` about `item` from now on.
        nothing: statements that make the service know nothing about `item`, and set `offer[FIELD]` to the app's answer
            in that case.
        background: what must run during the check.
        count: how often the service was asked; each visitor asks once. For services with a count, README promises that.
        one_at_a_time: whether the service cannot answer several visitors about the same item at once, like a pipe with
            one reader.
        helpers: functions and constants for this code.
        imports: import statements for this code.
    """

    fixture: str
    gate: str
    hold: str = ""
    value: str = "secrets.randbelow(10**9)"
    tell: str = ""
    nothing: str = ""
    background: Background | None = None
    count: Count | None = None
    one_at_a_time: bool = False
    helpers: str = ""
    imports: tuple[str, ...] = ()


class RunPart(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the service behaves for `kata run` and `kata profile`.

    Attributes:
        says: the behaviour in words, for the learner; a clause without a full stop: "a price takes 0.1 s".
        prepare: statements; may use the fixture, `ITEMS` (items are the numbers 1 to `ITEMS`) and `tasks`, an AnyIO
            task group that lives as long as the app.
        imports: import statements for this code.
    """

    says: str
    prepare: str
    imports: tuple[str, ...] = ()


class Fragment(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one service adds to a composed kata.

    Attributes:
        who: the service's name in README: "the price service".
        what: what it knows about an item: "its price".
        field: name of the answer's field, which is an integer; a Python name that no other service uses.
        example: a value of that field, for README.
        source: sentences for README: where the field comes from, and how the app gets it. The first one continues
            "`FIELD`: ".
        app: code for the app.
        checks: code for the checks.
        run: code for `run.py`; None if the service needs no preparation.
        options: the service's own table in `kata.toml`, with its header.
        topics: for `topics` in `kata.toml`.
        stays: what the learner must not change, beside the route: "the table `stock`".
        read_more: Markdown links, each with a description.
        files: further files of the kata, by their path in its folder.
    """

    who: str
    what: str
    field: str
    example: int
    source: str
    app: AppPart
    checks: ChecksPart
    run: RunPart | None = None
    options: str = ""
    topics: tuple[str, ...] = ()
    stays: str = ""
    read_more: tuple[str, ...] = ()
    files: dict[str, str] = {}


def read_fragment(path: Path) -> Fragment:
    """Read a fragment from a TOML file; its keys are the attributes of `Fragment`.

    Raises:
        HarnessError: the file cannot be read, is not TOML, or has an unknown key or a wrong value.
    """
    try:
        return msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), Fragment)
    except (
        OSError,
        ValueError,
    ) as error:  # errors of msgspec, tomllib and decoding are ValueErrors
        raise HarnessError(
            f"The fragment {path} cannot be read: {error}.", "Install fastapi-katas again."
        ) from error


def shipped_fragment(service: str) -> Fragment:
    """The fragment of one of the grader's own services; raises the same errors as `read_fragment`."""
    return read_fragment(SHIPPED / f"{service}.toml")
