"""The reference for authors is complete and correct: every key, every member of the API, and examples that pass."""

import functools
import inspect
import json
import re
from collections.abc import Iterator
from dataclasses import asdict, fields
from pathlib import Path

import pytest

from docs.site.members import INTERNAL
from docs.site.members import page as members_page
from grader.authoring.lint.package import read_package
from grader.authoring.lint.promises import lint_numbers
from grader.authoring.mutants.generate import OPERATORS
from grader.authoring.scaffold.skeleton import write_skeleton
from grader.catalog.load import LoadRequest, RunPlan
from grader.catalog.manifest import Kata, Limits, read_manifest
from grader.checks import api
from grader.checks.answers import AnswerExpectation, CrowdExpectation
from grader.checks.preparation import read_preparation
from grader.checks.values import NumberExpectation, ValueExpectation
from grader.child.limits import MIB, Resources
from grader.services import postgres
from grader.services.connections import Connections
from grader.services.postgresql.database import Held
from tests.conftest import RunKata

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"
PACKAGE = (REFERENCE / "kata-package.md").read_text(encoding="utf-8")
CHECK_API = (REFERENCE / "check-api.md").read_text(encoding="utf-8")

OF_THE_MANIFEST = {
    "format",
    "accepted.NAME.leisurely",
    "starter.fails",
    "rejected.NAME.fails",
    "rejected.NAME.because",
    "rejected.NAME.may_fail",
    "rejected.NAME.names",
    "promises.NAME_s",
    "requirements.ID",
}
NOT_IN_THE_MANIFEST = {
    "declared_accepted",
    "leisurely",
    "slug",
    "folder",
    "starter_fails",
    "mistakes",
    "limits",
    "service_tables",
    "promises",
    "requirements",
    "run",
}


def code_of(page: str, kind: str) -> str:
    return "\n\n".join(re.findall(rf"^```{kind}\n(.*?)^```$", page, re.MULTILINE | re.DOTALL))


def documented(page: str) -> set[str]:
    """Every name in backquotes outside blocks of code."""
    text = re.sub(r"^```.*?^```$", "", page, flags=re.MULTILINE | re.DOTALL)
    return {name for span in re.findall(r"`([^`\n]+)`", text) for name in re.findall(r"\w+", span)}


def members() -> Iterator[tuple[str, str]]:
    classes = [getattr(api, name) for name in api.__all__ if inspect.isclass(getattr(api, name))]
    for one in (
        *classes,
        Held,
        Connections,
        AnswerExpectation,
        CrowdExpectation,
        NumberExpectation,
        ValueExpectation,
    ):
        names = [
            *vars(one),
            *(
                name
                for base in one.__bases__
                if base.__module__.startswith("grader.")
                for name in vars(base)
            ),
        ]
        names += list(getattr(one, "__dataclass_fields__", ()))
        for name in dict.fromkeys(names):
            if not name.startswith("_") and name not in INTERNAL.get(one.__name__, ()):
                yield one.__name__, name


def test_every_key_of_the_manifest_is_documented_with_its_default() -> None:
    section = PACKAGE.split("\n## kata.toml\n")[1].split("\n## ")[0]
    rows = dict(re.findall(r"^\| `([\w.]+)` \| [^|]+ \| ([^|]+) \|", section, re.MULTILINE))
    of_a_request = {field.name for field in fields(LoadRequest)}
    assert of_a_request <= set(rows)
    keys = OF_THE_MANIFEST | ({field.name for field in fields(Kata)} - NOT_IN_THE_MANIFEST)
    resources = {**asdict(Resources()), "output_bytes": Limits.output_bytes}
    defaults = {
        f"limits.{field.name}": field.default
        for field in fields(Limits)
        if field.name not in ("resources", "output_bytes")
    }
    # Sizes are written in MiB, so that they can be read.
    defaults |= {
        f"limits.{name.replace('_bytes', '_mib')}": default // MIB
        if name.endswith("_bytes")
        else default
        for name, default in resources.items()
    }
    defaults |= {f"postgres.{field.name}": field.default for field in fields(postgres.Options)}
    defaults |= {f"run.{field.name}": field.default for field in fields(RunPlan)}
    assert set(rows) == keys | set(defaults) | of_a_request
    for key, default in defaults.items():
        assert rows[key] == (f"`{default}`" if default else "none"), key


def test_the_manifest_on_the_page_is_read(tmp_path: Path) -> None:
    (tmp_path / "kata.toml").write_text(code_of(PACKAGE, "toml"))
    kata = read_manifest(tmp_path)
    assert (kata.title, kata.run.load[0].path) == ("Two at once", "/trips/town-{n}")


def test_every_operator_of_mutants_is_on_the_page() -> None:
    section = PACKAGE.split("\n## mutants.toml\n")[1].split("\n## ")[0]
    rows = re.findall(r"^\| `([a-z-]+)` \| (.+\.) \|$", section, re.MULTILINE)
    assert rows == [
        (operator.name, " ".join(str(operator.changes.__doc__).split())) for operator in OPERATORS
    ]


def test_the_preparation_on_the_page_is_read(tmp_path: Path) -> None:
    (tmp_path / "kata.toml").write_text(code_of(PACKAGE, "toml"))
    (tmp_path / "run.py").write_text(code_of(PACKAGE, "python"))
    preparation = read_preparation(read_manifest(tmp_path))
    assert preparation is not None
    assert preparation.says == "Each service takes 0.1 s to answer."


@pytest.mark.parametrize(("owner", "name"), list(members()))
def test_every_member_of_the_api_is_documented(owner: str, name: str) -> None:
    assert name in documented(CHECK_API), f"{owner}.{name}"


@functools.cache
def members_as_listed() -> str:
    """The generated page, cached because it reads all docstrings."""
    return members_page()


@pytest.mark.parametrize(("owner", "name"), list(members()))
def test_every_member_of_the_api_is_on_the_generated_page(owner: str, name: str) -> None:
    section = members_as_listed().split(f"\n## {owner}\n")[1].split("\n## ")[0]
    assert f"### {owner}.{name}\n" in section or f"- `{name}`" in section


def kata_of_the_examples(folder: Path) -> Path:
    """The kata that the page of the check API is about, with its promises and its examples as checks."""
    made = write_skeleton("offers", folder, 1, ["upstream", "postgres"]).folder
    manifest = (made / "kata.toml").read_text()
    assert "[promises]\ndefault_s = 0.5\n" in manifest
    manifest = manifest.replace("[promises]\ndefault_s = 0.5\n", code_of(CHECK_API, "toml"))
    (made / "kata.toml").write_text(manifest)
    (made / "checks.py").write_text(code_of(CHECK_API, "python"))
    return made


@pytest.mark.parametrize("name", api.__all__)
def test_every_name_that_checks_import_is_documented(name: str) -> None:
    assert name in documented(CHECK_API)


def test_the_examples_of_the_api_take_their_durations_from_promises(tmp_path: Path) -> None:
    folder = kata_of_the_examples(tmp_path)
    assert list(lint_numbers(read_manifest(folder), read_package(folder))) == []


def test_examples_with_a_clock_limit_have_the_machine_alone() -> None:
    checks = code_of(CHECK_API, "python").split("\n\n\n")
    limited = [check for check in checks if re.search(r"\b(each_)?within\(", check)]
    assert limited
    assert all("@alone\n" in check for check in limited)


@pytest.mark.slow
def test_the_examples_of_the_api_pass_for_the_kata_they_are_about(
    kata: RunKata, tmp_path: Path
) -> None:
    folder = kata_of_the_examples(tmp_path)
    ran = kata(
        "check",
        "offers",
        "--katas",
        tmp_path,
        "--solution",
        folder / "accepted" / "together.py",
        "--json",
    )
    checks = json.loads(ran.out)["checks"]
    assert len(checks) == CHECK_API.count("async def test_") - 1
    assert [check for check in checks if check["outcome"] not in ("passed", "inconclusive")] == []
