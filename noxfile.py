"""The checks that a change must pass, one session each: `nox -s SESSION`, or `nox` for the quick ones.

Each session creates its own environment. With `nox --no-venv`, as in `.ci/run`, it runs in the current environment,
which needs `pip install -e ".[dev]"`.
"""

from pathlib import Path

import nox

nox.needs_version = ">=2025.2"
nox.options.default_venv_backend = "venv"
nox.options.reuse_venv = "yes"
nox.options.sessions = ["lint", "types", "imports", "docs", "quick"]

JOBS = "4"
PROJECT = nox.project.load_toml("pyproject.toml")
DEVELOPMENT: list[str] = PROJECT["project"]["optional-dependencies"]["dev"]


def install(session: nox.Session, *requirements: str) -> None:
    """Install these, unless the session runs in the current environment."""
    if session.virtualenv.venv_backend != "none":
        session.install(*requirements)


def install_all(session: nox.Session) -> None:
    """Install the project with everything that its development needs."""
    install(session, "-e", ".[dev]")


@nox.session
def lint(session: nox.Session) -> None:
    """Lint and check the formatting with Ruff."""
    install(session, *(line for line in DEVELOPMENT if line.startswith("ruff")))
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


@nox.session
def types(session: nox.Session) -> None:
    """Check types with mypy."""
    install_all(session)
    session.run("mypy", *session.posargs)


@nox.session
def imports(session: nox.Session) -> None:
    """Check that each layer imports only those below it."""
    install_all(session)
    session.run("lint-imports", *session.posargs)


@nox.session
def docs(session: nox.Session) -> None:
    """Build the site strictly, and check that generated pages are up to date."""
    install_all(session)
    session.run("python", "-m", "docs.site", "--check")
    # Absolute, because mkdocs takes a relative path as relative to its configuration.
    site = Path(session.create_tmp()).resolve()
    command = ["mkdocs", "build", "--strict", "--quiet", "-f", "docs/site/mkdocs.yml"]
    session.run(*command, "-d", str(site), env={"NO_MKDOCS_2_WARNING": "1"})


@nox.session
def quick(session: nox.Session) -> None:
    """Run the tests that take less than about a second."""
    install_all(session)
    session.run("pytest", "-m", "not slow and not proof", *session.posargs)


@nox.session
def tests(session: nox.Session) -> None:
    """Run all tests except the proofs."""
    install_all(session)
    session.run("pytest", *session.posargs)


@nox.session
def proofs(session: nox.Session) -> None:
    """Grade hostile submissions, and every example of every kata; takes several minutes."""
    install_all(session)
    session.run("pytest", "-m", "proof")
    session.run("kata", "verify", "--jobs", JOBS)


@nox.session
def mutants(session: nox.Session) -> None:
    """Grade mutants of the references; fails if one survives. `nox -s mutants -- SLUG` takes one kata."""
    install_all(session)
    session.run("kata", "verify", "--mutants", "--jobs", JOBS, *session.posargs)


@nox.session
def pythons(session: nox.Session) -> None:
    """Grade the katas with every Python interpreter that is installed."""
    install_all(session)
    session.run("python", ".ci/pythons.py", *session.posargs)


@nox.session
def bench(session: nox.Session) -> None:
    """Measure start-up; `nox -s bench -- watch -n 3` runs another benchmark of tests/bench."""
    install_all(session)
    name, *options = session.posargs or ["check", "-n", "10", "--commands"]
    session.run("python", "-m", f"tests.bench.{name}", *options)
