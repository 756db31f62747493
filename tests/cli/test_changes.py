"""Commands show once what a newer version changed."""

import stat
from pathlib import Path

import pytest

from tests.cli.commands import KataHere, full_disk, passes


@pytest.fixture
def editor(tmp_path: Path) -> Path:
    """An editor that notes with what it was called, one argument a line; its folder has a blank in its name."""
    path = tmp_path / "my editors" / "edit"
    path.parent.mkdir()
    path.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > "{tmp_path}/called"\n')
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


@pytest.mark.parametrize("command", [(), ("next",)])
def test_what_a_newer_version_changed_is_shown_once(
    run: KataHere, katas: Path, begun: Path, command: tuple[str, ...]
) -> None:
    (begun / "first" / "app.py").write_text("mine")
    readme = (begun / "first" / "README.md").read_text()
    (katas / "first" / "README.md").write_text("# Another\n")
    (katas / "first" / "checks.py").write_text("# another")
    (katas / "first" / "starter" / "app.py").write_text("# another")
    out = run(*command, cwd=begun).out
    assert "first has changed since it was handed out. Your files are as you left them." in out
    assert "README: the new text is in first/README.new.md" in out
    assert "Starter: `kata diff first` compares yours" in out
    assert "Checks: `kata check first` uses the new ones." in " ".join(out.split())
    assert (begun / "first" / "README.new.md").read_text() == "# Another\n"
    assert (
        (begun / "first" / "app.py").read_text(),
        (begun / "first" / "README.md").read_text(),
    ) == ("mine", readme)
    assert "has changed" not in run(*command, cwd=begun).out


def test_a_new_readme_is_opened_too(
    run: KataHere, katas: Path, begun: Path, editor: Path, tmp_path: Path
) -> None:
    (katas / "first" / "README.md").write_text("# Another\n")
    run(cwd=begun)
    run("open", cwd=begun, environ={"EDITOR": f"'{editor}'"})
    names = [Path(line).name for line in (tmp_path / "called").read_text().splitlines()]
    assert names == ["app.py", "README.md", "README.new.md"]


def test_a_change_of_a_passed_kata_is_one_line_and_it_stays_passed(
    run: KataHere, katas: Path, begun: Path
) -> None:
    passes(begun, "first")
    (katas / "first" / "README.md").write_text("# Another\n")
    out = run(cwd=begun).out
    assert "Changed since you passed them (they still count as passed): first." in out
    assert "1 of 3 katas passed" in out
    assert not (begun / "first" / "README.new.md").exists()


def test_a_reset_takes_the_new_starter(run: KataHere, katas: Path, begun: Path) -> None:
    (katas / "first" / "starter" / "app.py").write_text("# another")
    assert "yours is unchanged; `kata reset first` gives you the new one" in run(cwd=begun).out
    run("reset", cwd=begun)
    assert (begun / "first" / "app.py").read_text() == "# another"
    assert "has changed" not in run(cwd=begun).out


def test_changes_that_cannot_be_recorded_stop_nothing_and_are_shown_again(
    run: KataHere, katas: Path, begun: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (katas / "first" / "checks.py").write_text("# another")
    full_disk(monkeypatch)
    for _ in range(2):
        ran = run(cwd=begun)
        assert (ran.code, ran.err) == (0, "")
        assert "first has changed" in ran.out
