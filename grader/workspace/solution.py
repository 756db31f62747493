"""Takes in the code that is to be graded: found, checked and copied, so that nothing changes under the grading."""

import shutil
from pathlib import Path

from grader.errors import SolutionError

ENTRY = "app.py"
LIMIT_BYTES = 20 * 1024 * 1024
LIMIT_FILES = 500
IGNORED = (
    ".git",
    ".kata",
    "__pycache__",
    ".venv",
    "venv",
    ".mypy_cache",
    ".ruff_cache",
    ".pytest_cache",
    "node_modules",
    ".idea",
    ".vscode",
)


def take_in(solution: Path, target: Path) -> Path:
    """Copy a solution, a file or a folder with `app.py`, to a new folder.

    Raises:
        SolutionError: it is missing, unreadable, too large, or has no `app.py`.
    """
    try:
        if solution.is_dir():
            _copy_folder(solution, target)
        elif solution.is_file():
            _check_sizes(solution, [solution])
            target.mkdir(parents=True)
            shutil.copyfile(solution, target / ENTRY)
        else:
            raise SolutionError(f"There is no solution at {solution}.", "Name a file, or a folder with an app.py.")
    except OSError as error:
        raise SolutionError(
            f"The solution {error.filename or solution} cannot be read: {error.strerror}.", "Mend its permissions."
        ) from error
    except shutil.Error as error:
        raise SolutionError(f"The solution {solution} cannot be read: {error.args[0][0][2]}.", "Mend its permissions.") from error
    return target


def _copy_folder(solution: Path, target: Path) -> None:
    if not (solution / ENTRY).is_file():
        raise SolutionError(f"{solution} has no {ENTRY}.", "The application must be `app` in a file of this name.")
    files = [path for path in solution.rglob("*") if not set(IGNORED) & set(path.relative_to(solution).parts) and not path.is_dir()]
    for path in files:
        if path.is_symlink() or not path.is_file():
            raise SolutionError(f"{path} is a link or no plain file.", "A solution consists of plain files.")
    _check_sizes(solution, files)
    shutil.copytree(solution, target, ignore=shutil.ignore_patterns(*IGNORED))


def _check_sizes(solution: Path, files: list[Path]) -> None:
    size_bytes = sum(path.stat().st_size for path in files)
    if len(files) > LIMIT_FILES or size_bytes > LIMIT_BYTES:
        raise SolutionError(
            f"{solution} has {len(files)} files of {size_bytes} bytes; at most {LIMIT_FILES} files of {LIMIT_BYTES} bytes are graded.",
            "Name the folder of the solution alone.",
        )
