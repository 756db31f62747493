"""The repository is consistent: README and continuous integration agree, links work, and the wheel is complete."""

import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
MAIN_JOB = "pip install . && mkdir -p play && cd play && kata next && kata check"
TESTS = 'pip install ".[dev]" && pytest'


def test_the_readme_has_the_two_commands() -> None:
    lines = README.splitlines()
    assert MAIN_JOB in lines
    assert TESTS in lines


def test_continuous_integration_takes_its_command_from_the_readme() -> None:
    script = (ROOT / ".ci" / "run").read_text()
    found = re.search(r"^command=\$\((grep .+) README\.md\)$", script, re.MULTILINE)
    assert found is not None
    taken = subprocess.run(
        ["bash", "-c", f"{found[1]} README.md"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert taken.stdout.strip() == TESTS
    assert TESTS not in script


def test_links_between_documents_have_targets() -> None:
    for page in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\((?!https?://)([^)#]+)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_the_wheel_has_every_file_of_grader_and_katas(tmp_path: Path) -> None:
    built = subprocess.run(
        [
            sys.executable,
            "-m",
            "build",
            "--wheel",
            "--no-isolation",
            "--outdir",
            str(tmp_path),
            str(ROOT),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stdout + built.stderr
    (wheel,) = tmp_path.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    files = [
        path
        for top in ("katas", "grader")
        for path in (ROOT / top).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    ]
    assert {str(path.relative_to(ROOT)) for path in files} <= names


@pytest.mark.parametrize("name", ["grader", "katas"])
def test_packages_have_empty_init_files(name: str) -> None:
    assert all(path.read_text() == "" for path in (ROOT / name).rglob("__init__.py"))
