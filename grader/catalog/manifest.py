"""A kata's manifest, `kata.toml`, read into a frozen record."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from grader.catalog.card import MANIFEST, TIERS, current_table, parsed, read_text
from grader.catalog.load import RunPlan, read_run
from grader.catalog.promises import DEFAULT, Promises, read_promises
from grader.catalog.readme import REQUIREMENT_ID
from grader.catalog.table import Table
from grader.child.limits import MIB, Resources
from grader.errors import KataPackageError
from grader.registry import SERVICES

HINTS = 3


@dataclass(frozen=True)
class Limits:
    """Deadlines of one kata, and limits on the resources of its solutions.

    Attributes:
        start_s: for a server to accept connections. The default is generous: a forked server takes 0.03 s, but a new
            interpreter next to 8 busy processes took 3.4 s.
        check_s: for one check, including all waiting.
        stop_s: for a server to exit after SIGTERM.
        grading_s: for all checks together; checks that have not started by then are not run.
        own_deadline_s: the shortest deadline that a check expects solutions to enforce themselves; None if there is
            none. On a busy machine even a right solution can miss it, so a late answer may be the machine's fault.
        output_bytes: how much a server may print.
        resources: memory, processes and other limits of one server.
    """

    start_s: float = 5.0
    check_s: float = 20.0
    stop_s: float = 3.0
    grading_s: float = 180.0
    own_deadline_s: float | None = None
    output_bytes: int = 16 * MIB
    resources: Resources = field(default_factory=Resources)


@dataclass(frozen=True)
class Mistake:
    """A rejected example.

    Attributes:
        fails: the checks that it must fail.
        because: a sentence for learners who make the same mistake.
        names: `because` is shown only if the solution uses one of these Python names; empty if it always may be.
        may_fail: further checks that it may fail or pass, because a deadline of its own expires on a busy machine.
    """

    file: str
    fails: tuple[str, ...]
    because: str
    names: tuple[str, ...] = ()
    may_fail: tuple[str, ...] = ()

    def explains(self, failed: Collection[str]) -> bool:
        """Whether a solution that fails these checks, and no others, fails as this example does."""
        return set(self.fails) <= set(failed) <= {*self.fails, *self.may_fail}


@dataclass(frozen=True)
class Kata:
    """One kata as its manifest describes it.

    Attributes:
        folder: the kata's folder.
        teaches: the lesson, in one sentence.
        services: names of the services that it needs, as in `grader.registry`.
        workers: number of server processes.
        starter_fails: the checks that the untouched starter must fail.
        mistakes: the rejected examples.
        declared_accepted: names, without `.py`, of the accepted examples that have a table in the manifest.
        leisurely: names of accepted examples that are slow on purpose.
        service_tables: the raw tables of services, which the services read themselves.
        promises: the durations that README grants.
        requirements: by the id of each requirement in README, the names of its checks.
    """

    slug: str
    folder: Path
    title: str
    tier: int
    teaches: str
    topics: tuple[str, ...]
    services: tuple[str, ...]
    workers: int
    hints: tuple[str, ...]
    starter_fails: tuple[str, ...]
    mistakes: tuple[Mistake, ...]
    limits: Limits = field(default_factory=Limits)
    run: RunPlan = field(default_factory=RunPlan, hash=False)
    declared_accepted: tuple[str, ...] = ()
    leisurely: tuple[str, ...] = ()
    service_tables: Mapping[str, Mapping[str, Any]] = field(default_factory=dict, hash=False)
    promises: Promises = field(default_factory=lambda: Promises({DEFAULT: 1.0}))
    requirements: Mapping[str, tuple[str, ...]] = field(default_factory=dict, hash=False)

    def options(self, service: str) -> Table:
        """The manifest's table for a service; empty if there is none."""
        return Table(self.folder / MANIFEST, service, self.service_tables.get(service, {}))

    @property
    def checks(self) -> Path:
        """The pytest module with the kata's checks."""
        return self.folder / "checks.py"

    @property
    def preparation(self) -> Path:
        """The script that prepares the services for `kata run`; optional."""
        return self.folder / "run.py"

    @property
    def readme(self) -> Path:
        """The kata's README, for the learner."""
        return self.folder / "README.md"

    @property
    def starter(self) -> Path:
        """The broken app that learners get."""
        return self.folder / "starter" / "app.py"

    @property
    def reference(self) -> Path:
        """The accepted example that solutions are compared with when a time limit is in doubt."""
        return self.folder / "accepted" / "reference.py"

    @property
    def accepted(self) -> tuple[Path, ...]:
        """The accepted examples: correct solutions."""
        return tuple(sorted((self.folder / "accepted").glob("*.py")))

    @property
    def rejected(self) -> tuple[Path, ...]:
        """The rejected examples: tempting wrong solutions."""
        return tuple(sorted((self.folder / "rejected").glob("*.py")))


def read_manifest(folder: Path) -> Kata:
    """Read and validate the `kata.toml` of this folder.

    Raises:
        KataPackageError: the file is missing, is not TOML, or has an unknown key or a wrong value; names the key.
    """
    path = folder / MANIFEST
    return Reader(path, parsed(path, read_text(path))).kata()


def require_load(kata: Kata) -> None:
    """Check that a kata declares a load.

    Raises:
        KataPackageError: it does not.
    """
    if not kata.run.load:
        raise KataPackageError(
            f"The kata {kata.slug} does not declare a load.",
            "Its author can add one to kata.toml: [run] load = …",
        )


class Reader:
    """Reads a manifest. Each error names the file, the key and what was expected."""

    def __init__(self, path: Path, table: Mapping[str, Any]) -> None:
        self._path = path
        self._table = table

    def kata(self) -> Kata:
        """Read everything, and refuse unknown keys and contradictions."""
        top = current_table(self._path, self._table)
        kata = Kata(
            slug=self._path.parent.name,
            folder=self._path.parent,
            title=top.text("title"),
            tier=top.one_of("tier", TIERS),
            teaches=top.text("teaches"),
            topics=top.texts("topics"),
            services=top.some_of("services", tuple(SERVICES)),
            workers=top.integer("workers", 1),
            hints=top.texts("hints"),
            limits=self._limits(top.table("limits")),
            run=read_run(top.table("run")),
            starter_fails=self._starter(top.table("starter")),
            mistakes=tuple(
                self._mistake(name, top.table("rejected").table(name))
                for name in top.table("rejected").names()
            ),
            declared_accepted=tuple(top.table("accepted").names()),
            leisurely=self._leisurely(top.table("accepted")),
            service_tables={name: table for name in SERVICES if (table := top.table(name).values)},
            promises=read_promises(top.table("promises", is_required=True)),
            requirements=self._requirements(top.table("requirements", is_required=True)),
        )
        top.refuse_unknown_keys()
        self._refuse_contradictions(top, kata)
        return kata

    def _refuse_contradictions(self, top: Table, kata: Kata) -> None:
        """Refuse a wrong number of hints, and tables for services that are not in `services`."""
        if len(kata.hints) != HINTS:
            raise top.error(
                "hints", f"must be {HINTS} sentences, from a nudge to almost the answer"
            )
        for name in kata.service_tables:
            if name not in kata.services:
                raise top.error(
                    name,
                    "is for a service that this kata does not use",
                    f'Add "{name}" to `services`, or remove the table.',
                )

    def _limits(self, table: Table) -> Limits:
        default = Limits()
        limits = Limits(
            start_s=table.number("start_s", default.start_s),
            check_s=table.number("check_s", default.check_s),
            stop_s=table.number("stop_s", default.stop_s),
            grading_s=table.number("grading_s", default.grading_s),
            own_deadline_s=table.number("own_deadline_s", 0.0) or None,
            output_bytes=table.integer("output_mib", default.output_bytes // MIB) * MIB,
            resources=Resources(
                memory_bytes=table.integer("memory_mib", default.resources.memory_bytes // MIB)
                * MIB,
                processes=table.integer("processes", default.resources.processes),
                threads=table.integer("threads", default.resources.threads),
                descriptors=table.integer("descriptors", default.resources.descriptors),
                file_bytes=table.integer("file_mib", default.resources.file_bytes // MIB) * MIB,
                cpu_s=table.number("cpu_s", default.resources.cpu_s),
            ),
        )
        table.refuse_unknown_keys()
        return limits

    def _starter(self, table: Table) -> tuple[str, ...]:
        fails = table.texts("fails")
        table.refuse_unknown_keys()
        return fails

    def _mistake(self, name: str, table: Table) -> Mistake:
        names = table.optional_texts("names")
        for text in names:
            if not text.isidentifier():
                raise table.error("names", f"has {text!r}, which is not a Python name")
        fails, may_fail = table.texts("fails"), table.optional_texts("may_fail")
        if both := [check for check in may_fail if check in fails]:
            raise table.error("may_fail", f"names {both[0]}, which is in `fails`", "Remove one.")
        mistake = Mistake(f"{name}.py", fails, table.text("because"), names, may_fail)
        table.refuse_unknown_keys()
        return mistake

    def _requirements(self, table: Table) -> dict[str, tuple[str, ...]]:
        for name in table.names():
            if not REQUIREMENT_ID.fullmatch(name):
                raise table.error(
                    name, "is no id", "Choose lower-case words with hyphens, like asked-anew."
                )
        return {name: table.optional_texts(name) for name in table.names()}

    def _leisurely(self, accepted: Table) -> tuple[str, ...]:
        names = []
        for name in accepted.names():
            table = accepted.table(name)
            if table.flag("leisurely"):
                names.append(name)
            table.refuse_unknown_keys()
        return tuple(names)
