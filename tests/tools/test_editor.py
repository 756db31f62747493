"""The learner's editor: which one it is, and what becomes of running it."""

import signal
from pathlib import Path

import pytest

from grader.errors import UsageError
from grader.tools.editor import editor_command, run_editor


@pytest.mark.parametrize(
    ("environ", "command"),
    [
        ({}, None),
        ({"VISUAL": " ", "EDITOR": ""}, None),
        ({"EDITOR": "vi"}, ("EDITOR", ["vi"])),
        ({"VISUAL": "code --wait", "EDITOR": "vi"}, ("VISUAL", ["code", "--wait"])),
        (
            {"VISUAL": " ", "EDITOR": "'/my editors/vi' 'a b'"},
            ("EDITOR", ["/my editors/vi", "a b"]),
        ),
    ],
)
def test_visual_takes_precedence_and_is_split_as_a_shell_does(
    environ: dict[str, str], command: tuple[str, list[str]] | None
) -> None:
    assert editor_command(environ) == command


def test_an_unclosed_quote_is_refused() -> None:
    with pytest.raises(UsageError) as caught:
        editor_command({"EDITOR": "vi 'x"})
    assert caught.value.message == "$EDITOR cannot be read: No closing quotation."
    assert caught.value.hint == 'It is "vi \'x"; close its quotes.'


def test_the_editor_gets_the_files_and_ctrl_c_is_handled_as_before(tmp_path: Path) -> None:
    before = signal.getsignal(signal.SIGINT)
    (tmp_path / "a").write_text("")
    run_editor("EDITOR", ["rm", "--"], [tmp_path / "a"])
    assert not (tmp_path / "a").exists()
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (["no-such-editor"], "The editor `no-such-editor` of $EDITOR cannot be run: No such file"),
        (["false"], "The editor `false` of $EDITOR failed with exit code 1."),
    ],
)
def test_an_editor_that_does_not_work_is_reported(command: list[str], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        run_editor("EDITOR", command, [])
    assert message in caught.value.message
