"""The attacks: the kata of each, and how its grading must end.

Numbers in the names refer to the classes in docs/explanation/threat-model.md. The first line of each attack says what
it tries.
"""

from dataclasses import dataclass
from enum import Enum, auto

from grader.findings import (
    Crashed,
    Finding,
    GateNotOpened,
    HungAtStart,
    LimitExceeded,
    NoAnswer,
    Phase,
    TooFast,
    TooSlow,
    WrongStatus,
    WrongValue,
)

REFERENCE = "accepted/reference.py"
STARTER = "starter/app.py"


class Runs(Enum):
    """Where an attack is graded."""

    IN_SANDBOX = auto()
    EVERYWHERE = auto()
    """Without a sandbox as well: it is not stopped by a namespace."""


@dataclass(frozen=True)
class Attack:
    """One submission.

    Attributes:
        name: of the file or folder below `submissions`.
        kata: slug of the kata.
        base: the kata's file that it builds on. An attack that builds on the reference passes if it works.
        fails: checks that must fail; none of them may pass.
        kind: of the first finding; a phase stands for a crash in it.
        runs: where it is graded.
        keeps_busy: it may make the machine too busy for a verdict; it still must not pass.
        shown: whether it is graded once more with a report for people.
        padded: whether there is a large file beside it.
        typed_inside: whether the command runs in the attack's own folder.
    """

    name: str
    kata: str = "sleepy-handler"
    base: str = STARTER
    fails: tuple[str, ...] = ()
    kind: type[Finding] | Phase | None = None
    runs: Runs = Runs.IN_SANDBOX
    keeps_busy: bool = False
    shown: bool = False
    padded: bool = False
    typed_inside: bool = False

    def is_found(self, finding: Finding) -> bool:
        """Whether a finding is of the kind that this attack must give."""
        if isinstance(self.kind, Phase):
            return isinstance(finding, Crashed) and finding.phase is self.kind
        return self.kind is None or isinstance(finding, self.kind)

    @property
    def may_be_inconclusive(self) -> bool:
        """Whether a busy machine, or the attack itself, can prevent a verdict."""
        return self.keeps_busy or (bool(self.fails) and set(self.fails) <= set(TOGETHER))


ALL = ("*",)
"""No check may pass."""

TOGETHER = ("test_labels_are_rendered_together", "test_health_is_answered_while_labels_render")
"""Checks that only a clock can fail."""

SHARED = ("test_calls_share_their_connections",)
CLOSED = ("test_the_app_closes_its_connections_when_it_stops",)
TIME = ("test_a_label_takes_its_time",)

AT_START, UNDER_LOAD, LIMIT, HUNG = Phase.START, Phase.LOAD, LimitExceeded, HungAtStart
EVERYWHERE = Runs.EVERYWHERE
LEAKED, POOL = "leaked-client", "oversized-pool"

ATTACKS = (
    Attack("01_pytest_files", fails=TOGETHER, runs=EVERYWHERE, typed_inside=True),
    Attack("02_shadows", fails=TOGETHER, runs=EVERYWHERE, typed_inside=True),
    Attack("03_exits_at_import.py", fails=ALL, kind=AT_START, runs=EVERYWHERE),
    Attack("03_exits_under_load.py", fails=ALL, kind=UNDER_LOAD, runs=EVERYWHERE),
    Attack("03_exits_between.py", base=REFERENCE, fails=TIME, kind=Crashed),
    Attack("03_closes_everything.py", base=REFERENCE, fails=ALL),
    Attack("03_kills_everything.py", base=REFERENCE, fails=ALL, kind=Crashed),
    Attack("04_forged_report.py", fails=TOGETHER, runs=EVERYWHERE, shown=True),
    Attack("04_forged_stalls_elsewhere.py", fails=TOGETHER, shown=True),
    Attack("04_forged_stalls_nonsense.py", fails=TOGETHER, runs=EVERYWHERE, shown=True),
    Attack("04_forged_stalls_flood.py", fails=TOGETHER, padded=True),
    Attack(
        "04_forged_shutdown.py", LEAKED, "rejected/never_closed.py", fails=CLOSED, runs=EVERYWHERE
    ),
    Attack("05_launcher_memory.py", base=REFERENCE, fails=ALL),
    Attack("05_answers.py", base=REFERENCE, fails=ALL),
    Attack("05_descriptors.py", base=REFERENCE, fails=ALL),
    Attack("06_files_of_others.py", base=REFERENCE, fails=ALL),
    Attack("06_changes_devices.py", base=REFERENCE, fails=ALL),
    Attack("06_changes_the_kernel.py", base=REFERENCE, fails=ALL),
    Attack("06_keys_of_the_user.py", base=REFERENCE, fails=ALL),
    Attack("06_becomes_superuser.py", POOL, REFERENCE, fails=ALL),
    Attack("06_lends_code_to_the_superuser.py", POOL, REFERENCE, fails=ALL),
    Attack("07_connects_outward.py", base=REFERENCE, fails=ALL),
    Attack("07_turns_sockets.py", fails=TOGETHER),
    Attack("08_patched_sleep.py", fails=TIME, kind=TooFast, runs=EVERYWHERE),
    Attack("08_patched_clock.py", base=REFERENCE, fails=TIME, kind=TooFast),
    Attack("08_patched_grader.py", fails=TOGETHER, runs=EVERYWHERE),
    Attack(
        "09_cached.py",
        LEAKED,
        fails=("test_a_parcel_is_where_the_carrier_says", *SHARED),
        kind=GateNotOpened,
    ),
    Attack("09_hard_coded.py", LEAKED, fails=ALL, kind=GateNotOpened),
    Attack("10_well_when_alone.py", base=REFERENCE, fails=TOGETHER[:1], kind=TooFast),
    Attack(
        "10_well_in_a_crowd.py",
        LEAKED,
        REFERENCE,
        fails=("test_a_parcel_is_where_the_carrier_says",),
        kind=GateNotOpened,
    ),
    Attack("10_by_order.py", LEAKED, REFERENCE),
    Attack("11_headers_at_once.py", fails=TOGETHER[:1], kind=TooSlow),
    Attack("11_accepted.py", fails=(*TIME, TOGETHER[0]), kind=WrongStatus),
    Attack("12_sheds_load.py", base=REFERENCE, fails=TOGETHER[:1], kind=WrongStatus),
    Attack("13_forked_workers.py", fails=TOGETHER[:1]),
    Attack("13_threads_by_the_thousand.py", fails=ALL, kind=LIMIT),
    Attack("14_daemon.py", base=REFERENCE, fails=ALL, runs=EVERYWHERE),
    Attack("14_ever_new_daemon.py", base=REFERENCE, fails=ALL),
    Attack("15_fork_bomb.py", base=REFERENCE, fails=ALL, kind=LIMIT),
    Attack("15_memory.py", base=REFERENCE, fails=ALL, kind=LIMIT),
    Attack("15_memory_shared.py", base=REFERENCE, fails=ALL, kind=LIMIT),
    Attack("15_memory_in_files.py", base=REFERENCE, fails=ALL),
    Attack("15_memory_in_segments.py", base=REFERENCE, fails=ALL),
    Attack("15_memory_in_sockets.py", base=REFERENCE, fails=ALL),
    Attack("15_fills_the_disk.py", base=REFERENCE, fails=ALL),
    Attack("15_descriptors.py", base=REFERENCE, fails=ALL),
    Attack("15_floods_the_log.py", base=REFERENCE, kind=LIMIT),
    Attack("15_connection_flood.py", LEAKED, fails=SHARED),
    Attack("15_call_flood.py", LEAKED, fails=SHARED, keeps_busy=True),
    Attack("15_fills_the_database.py", POOL, REFERENCE, fails=ALL),
    Attack("15_memory_of_the_database.py", POOL, REFERENCE, fails=ALL),
    Attack("15_limits_of_the_launcher.py", fails=TOGETHER),
    Attack("16_hangs_at_import.py", fails=ALL, kind=HUNG, runs=EVERYWHERE),
    Attack("16_hangs_at_start.py", fails=ALL, kind=HUNG),
    Attack("16_hangs_at_shutdown.py", LEAKED, REFERENCE, fails=CLOSED),
    Attack("17_no_http.py", fails=ALL, kind=NoAnswer, runs=EVERYWHERE),
    Attack("17_endless_headers.py", fails=ALL, kind=NoAnswer),
    Attack("17_endless_body.py", fails=ALL, kind=NoAnswer),
    Attack("17_endless_interim.py", fails=ALL, kind=NoAnswer),
    Attack("17_huge_length.py", fails=ALL, kind=NoAnswer),
    Attack("17_compressed_bomb.py", fails=ALL, kind=WrongValue),
    Attack("17_half_characters.py", fails=TIME, kind=WrongValue, runs=EVERYWHERE),
    Attack("18_escapes_in_a_crash.py", fails=ALL, kind=AT_START, runs=EVERYWHERE, shown=True),
    Attack(
        "18_escapes_in_a_body.py",
        fails=TIME,
        kind=WrongValue,
        runs=EVERYWHERE,
        shown=True,
    ),
    Attack("18_escapes_in_stalls.py", fails=TOGETHER, runs=EVERYWHERE, shown=True),
    Attack("18_slow_pattern.py", fails=ALL, kind=UNDER_LOAD),
    Attack("20_burns_the_cpu.py", fails=TOGETHER, keeps_busy=True, shown=True),
    Attack("20_burns_in_short_lives.py", fails=TOGETHER, keeps_busy=True),
    Attack("20_starves_the_launcher.py", fails=TOGETHER, keeps_busy=True),
    Attack("20_busies_the_grader.py", fails=TOGETHER, keeps_busy=True),
    Attack("21_takes_the_port.py", fails=TOGETHER),
    Attack(
        "21_forged_calls.py",
        LEAKED,
        "rejected/one_connection.py",
        fails=("test_a_crowd_is_served_at_once",),
    ),
    Attack("22_wrong_at_random.py", base=REFERENCE, fails=()),
    Attack("22_wrong_at_first.py", base=REFERENCE, fails=(), kind=WrongStatus),
)
