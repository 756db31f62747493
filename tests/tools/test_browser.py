"""Whether a browser can be opened here, and why not."""

import pytest

from grader.tools.browser import why_no_browser


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
def test_the_reason_why_no_browser_can_be_opened(
    environ: dict[str, str], platform: str, why: str
) -> None:
    assert why_no_browser(environ, platform) == why
