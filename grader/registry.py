"""All services, one line each. Nothing of a service is imported before it is used.

The reader of `kata.toml` and the commands' help need only the names, so the registry is not in `grader.services`, whose
modules take a while to import. To add a service, see docs/how-to/add-a-service.md.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Registered:
    """Where to find a service.

    Attributes:
        module: name of the module that defines the service as `SERVICE`, a `grader.services.service.Service`.
        exports: the types that checks use; `grader.checks.api` exports them.
    """

    module: str
    exports: tuple[str, ...]


SERVICES = {
    "upstream": Registered("grader.services.upstream", ("Call", "Hold", "Upstream")),
    "postgres": Registered("grader.services.postgres", ("Postgres",)),
    "files": Registered("grader.services.files", ("Fifo", "Files")),
}
"""By name in `kata.toml`, which is also the fixture's name; in the order in which they are started and shown."""
