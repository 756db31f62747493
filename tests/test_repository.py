"""The repository is consistent: documents agree with one another and with the code, and distributions are complete."""

import ast
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from grader.cli import main

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
MAIN_JOB = "pip install . && mkdir -p play && cd play && kata next && kata check"
TESTS = 'pip install ".[dev]" && pytest'
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text()
CI = (ROOT / ".ci" / "run").read_text()
SESSIONS = re.findall(r"^@nox\.session\ndef (\w+)", (ROOT / "noxfile.py").read_text(), re.MULTILINE)
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
PYTHONS = [
    version
    for classifier in PROJECT["classifiers"]
    if re.fullmatch(r"3\.\d+", version := classifier.rpartition(" ")[2])
]
WORKFLOWS = {
    path.name: yaml.safe_load(path.read_text())
    for path in (ROOT / ".github" / "workflows").glob("*.yml")
}

GENERATED = ("cli.md", "check-api-members.md")
"""References whose lines are those of help texts and docstrings."""


def test_the_readme_has_the_two_commands() -> None:
    lines = README.splitlines()
    assert MAIN_JOB in lines
    assert TESTS in lines


def test_continuous_integration_takes_its_command_from_the_readme() -> None:
    found = re.search(r"^command=\$\((grep .+) README\.md\)$", CI, re.MULTILINE)
    assert found is not None
    taken = subprocess.run(
        ["bash", "-c", f"{found[1]} README.md"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert taken.stdout.strip() == TESTS
    assert TESTS not in CI


def test_continuous_integration_runs_every_session_except_tests_mutants_and_benchmarks() -> None:
    named = re.findall(r"^session ([\w ]+?)(?: --|$)", CI, re.MULTILINE)
    run = {session for line in named for session in line.split()}
    # The command of the README runs the tests; mutants take an hour, and run once a week.
    assert run == set(SESSIONS) - {"quick", "tests", "mutants", "bench"}


def test_mutants_are_graded_once_a_week() -> None:
    workflow: dict[Any, Any] = WORKFLOWS["mutants.yml"]
    # YAML 1.1 reads the key `on` as true.
    ((schedule,),) = (workflow[True]["schedule"],)
    assert re.fullmatch(r"\d+ \d+ \* \* \d", schedule["cron"])
    (job,) = workflow["jobs"].values()
    assert any("nox --no-venv -s mutants" in step.get("run", "") for step in job["steps"])


def test_contributing_lists_every_session() -> None:
    assert re.findall(r"^\| `nox -s (\w+)", CONTRIBUTING, re.MULTILINE) == SESSIONS


def test_the_map_in_contributing_has_every_folder_and_module_of_the_grader() -> None:
    (tree,) = re.findall(r"^grader/\n(.*?)^katas/", CONTRIBUTING, re.MULTILINE | re.DOTALL)
    named = {name.rstrip("/") for name in re.findall(r"^  ([\w./]+)", tree, re.MULTILINE)}
    top = {
        path.name for path in (ROOT / "grader").iterdir() if path.is_dir() or path.suffix == ".py"
    }
    assert {name.partition("/")[0] for name in named} == top - {"__init__.py", "__pycache__"}
    assert [name for name in named if not (ROOT / "grader" / name).exists()] == []


def test_every_place_names_the_same_pythons() -> None:
    oldest = re.search(
        r"^OLDEST = \((3), (\d+)\)$", (ROOT / ".ci" / "pythons.py").read_text(), re.M
    )
    assert oldest is not None
    assert PYTHONS[0] == ".".join(oldest.groups())
    assert PROJECT["requires-python"] == f">={PYTHONS[0]}"
    jobs = WORKFLOWS["ci.yml"]["jobs"]
    assert jobs["tests"]["strategy"]["matrix"]["python"] == PYTHONS
    (setup,) = [step for step in jobs["ci"]["steps"] if "setup-python" in step.get("uses", "")]
    # The last one becomes `python3`.
    assert setup["with"]["python-version"].split() == PYTHONS[::-1]


@pytest.mark.parametrize("name", WORKFLOWS)
def test_workflows_pin_their_actions_and_grant_permissions_job_by_job(name: str) -> None:
    workflow: dict[str, Any] = WORKFLOWS[name]
    assert workflow["permissions"] == {}
    for job in workflow["jobs"].values():
        uses = [step["uses"] for step in job["steps"] if "uses" in step]
        assert [
            action for action in uses if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", action)
        ] == []


def test_commits_are_checked_by_installed_programs_only() -> None:
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())
    (repository,) = config["repos"]
    assert repository["repo"] == "local"
    assert {hook["language"] for hook in repository["hooks"]} == {"system"}
    programs = [hook["entry"].split()[0] for hook in repository["hooks"]]
    assert programs == ["ruff", "ruff", "mypy", "lint-imports"]


def test_links_between_documents_have_targets() -> None:
    for page in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\((?!https?://)([^)#]+)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_lines_of_prose_have_at_most_120_characters() -> None:
    too_long = []
    for page in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]:
        if "katas" in page.parts or page.name in GENERATED:
            continue  # generated from texts of the code
        prose = re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
        too_long += [
            f"{page.name}: {line}"
            for line in re.sub(r"\]\([^)]*\)", "]", prose).splitlines()
            if len(line) > 120 and not line.startswith(("|", "![", "<!--"))
        ]
    assert too_long == []


@pytest.fixture(scope="module")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the source distribution and the wheel."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--sdist", "--wheel", "--no-isolation"]
    built = subprocess.run(
        [*command, "--outdir", str(folder), str(ROOT)], capture_output=True, text=True, check=False
    )
    assert built.returncode == 0, built.stdout + built.stderr
    return folder


def test_the_wheel_has_every_file_of_grader_and_katas(distributions: Path) -> None:
    (wheel,) = distributions.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    files = [
        path
        for top in ("katas", "grader")
        for path in (ROOT / top).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    ]
    assert {str(path.relative_to(ROOT)) for path in files} <= names


def test_the_source_distribution_has_every_file_of_the_repository(distributions: Path) -> None:
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode != 0:
        pytest.skip("not a git checkout")
    (archive,) = distributions.glob("*.tar.gz")
    with tarfile.open(archive) as tar:
        names = {name.partition("/")[2] for name in tar.getnames()}
    files = {name for name in listed.stdout.splitlines() if (ROOT / name).is_file()}
    assert files - names == set()


@pytest.mark.parametrize("name", ["grader", "katas"])
def test_packages_have_empty_init_files(name: str) -> None:
    assert all(path.read_text() == "" for path in (ROOT / name).rglob("__init__.py"))


# ---- the source of the grader

GRADER = ROOT / "grader"
MODULES = [
    path.relative_to(GRADER)
    for path in sorted(GRADER.rglob("*.py"))
    if path.name != "__init__.py" and not {"junk", "templates"} & set(path.parts)
]
"""All modules except examples: what `kata verify` grades as junk, and what a new kata begins with."""

DECLARES_COMMANDS = "declares commands; tests/cli tests each by its name"
WITHOUT_TESTS = {
    "cli/instructor.py": DECLARES_COMMANDS,
    "cli/interactive.py": DECLARES_COMMANDS,
    "cli/learner.py": DECLARES_COMMANDS,
    "cli/machine.py": DECLARES_COMMANDS,
    "cli/workspace.py": DECLARES_COMMANDS,
    "facts.py": "has data classes only",
}
"""Modules that need no tests of their own, and why."""

MODULES_A_FOLDER = 13
LINES_A_MODULE = 300
LINES_A_FUNCTION = 35

COMMANDS = {
    (command.callback.__module__, command.callback.__name__)
    for command in main.app.registered_commands
    if command.callback is not None
}
"""Module and name of each function that declares a command; its options make it long."""


def mirror_of(module: Path) -> Path:
    return ROOT / "tests" / module.parent / f"test_{module.stem.rstrip('_')}.py"


@dataclass(frozen=True)
class Function:
    """A function of the grader, with the lines of each import inside it."""

    place: str
    is_command: bool
    lines: int
    late_imports: tuple[str, ...]


def functions() -> Iterator[Function]:
    for module in MODULES:
        source = (GRADER / module).read_text()
        dotted = ".".join(("grader", *module.with_suffix("").parts))
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                inside = [each for each in ast.walk(node) if isinstance(each, ast.stmt)]
                yield Function(
                    f"{module}:{node.lineno} {node.name}",
                    (dotted, node.name) in COMMANDS,
                    length_of(node),
                    tuple(
                        "\n".join(source.splitlines()[each.lineno - 1 : each.end_lineno])
                        for each in inside
                        if isinstance(each, ast.Import | ast.ImportFrom)
                    ),
                )


def length_of(node: ast.stmt) -> int:
    assert node.end_lineno is not None
    return node.end_lineno - node.lineno + 1


def test_each_module_has_tests_of_its_name() -> None:
    untested = [str(module) for module in MODULES if not mirror_of(module).exists()]
    assert untested == sorted(WITHOUT_TESTS)


def test_no_folder_has_too_many_modules() -> None:
    counts = Counter(module.parent for module in MODULES)
    assert [folder for folder, count in counts.items() if count > MODULES_A_FOLDER] == []


def test_no_module_is_too_long() -> None:
    lengths = {module: len((GRADER / module).read_text().splitlines()) for module in MODULES}
    assert [module for module, length in lengths.items() if length > LINES_A_MODULE] == []


def test_no_function_is_too_long_unless_it_declares_a_command() -> None:
    assert [
        function.place
        for function in functions()
        if function.lines > LINES_A_FUNCTION and not function.is_command
    ] == []


def test_each_import_in_a_function_has_its_reason_beside_it() -> None:
    found = list(functions())
    assert any(function.late_imports for function in found)
    assert [
        function.place
        for function in found
        for late in function.late_imports
        if not re.search(r"  # \w", late)
    ] == []


def test_a_command_imports_what_it_does_once() -> None:
    commands = [function for function in functions() if function.is_command]
    assert len(commands) == len(COMMANDS)
    assert [each.place for each in commands if len(each.late_imports) > 1] == []
