"""A service's fragment: what the service adds to a kata that `kata new` composes.

The kata makes offers: `GET /offers/{item}` answers with one field per service. A fragment says what its service knows
of an item, how an app asks it, and how a check proves that several visitors ask it at the same time. Pieces of code
stand in the kata as they stand here.
"""

import tomllib
from pathlib import Path

import msgspec

from grader.errors import HarnessError

SHIPPED = Path(__file__).with_name("fragments")
"""The fragments of the grader's own services, a file each."""


class Resource(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the app opens when it starts and keeps until it ends, such as a client or a pool.

    Attributes:
        name: in the app's state; the service's question finds it as `request.state.NAME`.
        type: its type, as the app writes it.
        opened: the asynchronous context manager that gives it, an expression.
    """

    name: str
    type: str
    opened: str


class AppPart(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the service adds to every example of the app.

    Attributes:
        question: an `async def` that takes an item, and the resource if there is one, and returns a number; the last
            one, if there are several functions.
        imports: import statements that question, constants and resource need.
        constants: code that stands at the top of the module, such as the service's address; may have a docstring below
            it.
        resource: what the question is asked with.
    """

    question: str
    imports: tuple[str, ...] = ()
    constants: str = ""
    resource: Resource | None = None


class Count(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How often the service was asked, by the end of a check.

    Attributes:
        seen: an expression that counts; may use the service's fixture, and the name that its background has.
        words: what is counted, as the learner reads it.
    """

    seen: str
    words: str


class Background(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What must go on in a check so that the service answers at all.

    Attributes:
        context: an asynchronous context manager, an expression; may use `offers`.
        name: under which `Count.seen` finds what it gives; empty if it needs none.
    """

    context: str
    name: str = ""


class ChecksPart(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the service adds to `checks.py`.

    In all this code the fixture has the service's name. `item` is a number, `offer` its answer and `offers` the answers
    by item.

    Attributes:
        fixture: the full name of the fixture's type, with its module.
        gate: statements that wait until `AT_ONCE` visitors, one for each of `offers`, have asked the service, none of
            them answered, and then let all of them be answered.
        hold: an asynchronous context manager, an expression with or without `as`, around the visitors and the gate.
        value: an expression for what the service is to say of `item`; by default a number that nobody can guess.
        tell: statements that make the service say `offer[FIELD]` of `item` from now on.
        nothing: statements after which the service has nothing of `item`; they set `offer[FIELD]` to what is answered
            then.
        background: what must go on meanwhile.
        count: how often the service was asked; each visitor asks once. README promises that of services with a count.
        one_at_a_time: whether visitors who ask it for the same item at once cannot be served, as with a pipe that has
            one reader.
        helpers: functions and constants that all this needs.
        imports: import statements of that code.
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
        says: the same in words, for the learner; a clause without a full stop: "a price takes 0.1 s".
        prepare: statements; may use the fixture, `ITEMS` (the items are the numbers from 1 to it) and `tasks`, an AnyIO
            task group that lives as long as the app does.
        imports: import statements of that code.
    """

    says: str
    prepare: str
    imports: tuple[str, ...] = ()


class Fragment(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one service adds to a kata that is composed.

    Attributes:
        who: who is asked, as README says it: "the price service".
        what: what it knows of an item: "its price".
        field: of the answer, an integer; a name of Python that no other service takes.
        example: a value of that field, for README.
        source: sentences for README: where the field comes from, and how the app finds it. The first one goes on after
            "`FIELD`: ".
        app: what the app has for it.
        checks: what the checks have for it.
        run: what `run.py` has for it; None if the service needs no preparation.
        options: the service's own table in `kata.toml`, with its header.
        topics: for `topics` in `kata.toml`.
        stays: what the learner must not change, beside the route: "the table `stock`".
        read_more: links in Markdown, each with where it leads.
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
        HarnessError: the file cannot be read, is no TOML, or has an unknown key or a wrong value; says which.
    """
    try:
        return msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), Fragment)
    except (
        OSError,
        ValueError,
    ) as error:  # msgspec's and tomllib's errors, and those of decoding, are a ValueError each
        raise HarnessError(
            f"The fragment {path} cannot be read: {error}.", "Install fastapi-katas again."
        ) from error


def shipped_fragment(service: str) -> Fragment:
    """The fragment of one of the grader's own services; raises what `read_fragment` does."""
    return read_fragment(SHIPPED / f"{service}.toml")
