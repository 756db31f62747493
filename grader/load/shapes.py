"""Load shapes: schedules that say what visitors do and when. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Sending:
    """One visitor's part of a schedule.

    Attributes:
        offset_s: when the request is sent, in seconds from the beginning; latencies count from then.
        n: replaces `{n}` in the path; an unpredictable number by default.
        leave_after_s: when the visitor leaves without waiting for the answer, in seconds after sending; None to stay.
        read_bytes_per_s: how fast the visitor reads the answer; None to read data as it arrives.

    Raises:
        ValueError: a time is negative, or nothing would ever be read.
    """

    offset_s: float = 0.0
    n: int | None = None
    leave_after_s: float | None = None
    read_bytes_per_s: float | None = None

    def __post_init__(self) -> None:
        if not self.offset_s >= 0:
            raise ValueError(f"offset_s must not be negative: {self.offset_s}")
        if self.leave_after_s is not None and not self.leave_after_s >= 0:
            raise ValueError(f"leave_after_s must not be negative: {self.leave_after_s}")
        if self.read_bytes_per_s is not None and not self.read_bytes_per_s > 0:
            raise ValueError(f"read_bytes_per_s must be positive: {self.read_bytes_per_s}")


@dataclass(frozen=True)
class Schedule:
    """A load shape: what each visitor does, in the order in which the answers are returned.

    Attributes:
        sendings: one for each visitor; offsets may be in any order and may repeat.
        connected_first: whether all connections are opened before the beginning. Otherwise each is opened when its
            request is due, and opening it is part of the latency.

    Raises:
        ValueError: it has no visitors, so that nothing could be stated about their answers.
    """

    sendings: tuple[Sending, ...]
    connected_first: bool = False

    def __post_init__(self) -> None:
        if not self.sendings:
            raise ValueError("a schedule needs at least one visitor")

    @property
    def is_burst(self) -> bool:
        """Whether all requests are sent at the same moment on open connections, and so must overlap."""
        return self.connected_first and not any(sending.offset_s for sending in self.sendings)

    def numbers(self, base: int) -> list[int]:
        """The number of each visitor: its `n`, or `base` plus its position."""
        return [
            base + i if sending.n is None else sending.n for i, sending in enumerate(self.sendings)
        ]


def at_once(count: int, numbers: Sequence[int] | None = None) -> Schedule:
    """A burst: all visitors send at the same moment, on open connections.

    Args:
        count: how many visitors.
        numbers: their numbers; unpredictable ones by default.
    """
    sendings = (Sending(n=numbers[i] if numbers else None) for i in range(count))
    return Schedule(tuple(sendings), connected_first=True)


def at_rate(rate_per_s: float, duration_s: float) -> Schedule:
    """A steady stream: visitors connect and send at a fixed rate; there is at least one."""
    count = max(1, round(rate_per_s * duration_s))
    return Schedule(tuple(Sending(offset_s=i / rate_per_s) for i in range(count)))
