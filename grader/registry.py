"""The list of services. A service's module is imported only when the service is used.

Reading `kata.toml` and printing help need only the names. The registry is therefore outside `grader.services`, whose
modules are slow to import. To add a service, see docs/how-to/add-a-service.md.
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
    "upstream": Registered(
        "grader.services.upstream", ("Asked", "Call", "Case", "Hold", "Upstream")
    ),
    "postgres": Registered("grader.services.postgres", ("Postgres",)),
    "files": Registered("grader.services.files", ("Fifo", "Files")),
}
"""Keys are names in `kata.toml` and of fixtures. Services are started and shown in this order."""
