"""Counts the TCP connections that a solution opens to a service."""

from grader.evidence.traffic import Connection
from grader.measure.attempt import AttemptContext
from grader.measure.gates import Signal, pass_gate

OPEN_LIMIT = 400
OPENED_LIMIT = 20_000
"""Limits on simultaneous connections and on their total; no kata needs more. Connections beyond a limit are closed
immediately, because each costs the grader a descriptor and memory."""


class Connections:
    """The connections of a solution to one service.

    Args:
        service: its name in messages: "upstream", "Postgres".
        attempt: records each connection.

    Attributes:
        opened: the number opened since the check began.
        open: the number open now.
        peak: the largest number that was open at once.
    """

    def __init__(self, service: str, attempt: AttemptContext) -> None:
        self.service = service
        self.opened = 0
        self.open = 0
        self.peak = 0
        self.changed = Signal()
        self._attempt = attempt

    @property
    def is_flooded(self) -> bool:
        """Whether a limit is exceeded; no right solution opens this many connections."""
        return self.open > OPEN_LIMIT or self.opened > OPENED_LIMIT

    def add(self) -> int:
        """Record a new connection; returns its id."""
        connection = Connection(
            id=self._attempt.recorder.new_id(),
            service=self.service,
            opened_s=self._attempt.clock.now(),
        )
        self._attempt.recorder.add(connection)
        self.opened += 1
        self.open += 1
        self.peak = max(self.peak, self.open)
        self.changed.set()
        return connection.id

    def remove(self, number: int) -> None:
        """Record that a connection has closed."""
        self._attempt.recorder.change_connection(number, closed_s=self._attempt.clock.now())
        self.open -= 1
        self.changed.set()

    async def closed(self, within_s: float | None = None) -> None:
        """Wait until all connections opened so far are closed again.

        Args:
            within_s: what the README promises; by default the kata's `default_s`.

        Raises:
            GateMissed: some were still open after the promised time.
        """
        what = f"connections to the {self.service} closed again"
        await pass_gate(
            self._attempt,
            what,
            self.opened,
            lambda: self.opened - self.open,
            self.changed,
            within_s=within_s,
        )
