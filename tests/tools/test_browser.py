"""Where a page can be shown in a browser, and why not elsewhere."""

import webbrowser
from pathlib import Path

import pytest

from grader.tools.browser import open_in_browser, why_no_browser


@pytest.mark.parametrize(
    ("environ", "platform", "why"),
    [
        ({}, "linux", "there is no display here"),
        ({"DISPLAY": ":0"}, "linux", ""),
        ({"WAYLAND_DISPLAY": "wayland-0"}, "linux", ""),
        ({"SSH_CONNECTION": "x"}, "linux", "this is another machine, over ssh, without a display"),
        ({"SSH_CONNECTION": "x", "DISPLAY": "localhost:10.0"}, "linux", ""),
        ({"SSH_CONNECTION": "x", "BROWSER": "helper"}, "linux", ""),
        ({}, "darwin", ""),
        ({"SSH_TTY": "x"}, "darwin", "this is another machine, over ssh"),
    ],
)
def test_why_a_browser_would_not_help(environ: dict[str, str], platform: str, why: str) -> None:
    assert why_no_browser(environ, platform) == why


@pytest.mark.parametrize(("opens", "why"), [(True, ""), (False, "none was found")])
def test_a_file_is_opened_by_its_full_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, opens: bool, why: str
) -> None:
    opened: list[str] = []

    def note(url: str) -> bool:
        opened.append(url)
        return opens

    monkeypatch.setenv("BROWSER", "some-browser")
    monkeypatch.setattr(webbrowser, "open", note)
    monkeypatch.chdir(tmp_path)
    assert open_in_browser(Path("page.html")) == why
    assert opened == [(tmp_path.resolve() / "page.html").as_uri()]


def test_nothing_is_opened_where_no_browser_can_show_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SSH_TTY", "/dev/pts/0")
    monkeypatch.setattr(webbrowser, "open", None)
    assert open_in_browser(tmp_path).startswith("this is another machine, over ssh")
