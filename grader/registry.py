"""The services that there are: a line for each, and nothing that has to be imported before one is used.

The reader of `kata.toml` and the help of the commands need the names alone, so this is not in `grader.services`, whose
modules take a while to import. How to add a service: docs/how-to/add-a-service.md.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Registered:
    """Where a service is.

    Attributes:
        module: has the service as `SERVICE`, a `grader.services.service.Service`.
        exports: its types that checks use; they can be imported from `grader.checks.api`.
    """

    module: str
    exports: tuple[str, ...]


SERVICES = {
    "upstream": Registered("grader.services.upstream", ("Call", "Hold", "Upstream")),
    "postgres": Registered("grader.services.postgres", ("Postgres",)),
    "files": Registered("grader.services.files", ("Fifo", "Files")),
}
"""By the name in `kata.toml`, which is also the name of the fixture; in the order in which they are started and shown.
"""
