"""Opens a file in the user's browser."""

import os
import sys
import webbrowser
from collections.abc import Mapping
from pathlib import Path

DISPLAYS = ("DISPLAY", "WAYLAND_DISPLAY")


def why_no_browser(environ: Mapping[str, str], platform: str = sys.platform) -> str:
    """Why no browser can show a page here, as a clause; empty if one may work.

    If `$BROWSER` is set, it is used in any case. Otherwise, a browser over ssh or in the terminal would be of no use.
    """
    if environ.get("BROWSER"):
        return ""
    is_remote = bool(environ.get("SSH_CONNECTION") or environ.get("SSH_TTY"))
    if platform == "darwin":
        return "this is another machine, over ssh" if is_remote else ""
    if any(environ.get(name) for name in DISPLAYS):
        return ""
    return (
        "this is another machine, over ssh, without a display"
        if is_remote
        else "there is no display here"
    )


def open_in_browser(file: Path) -> str:
    """Open a file in the browser; returns why that failed, or an empty string."""
    why = why_no_browser(os.environ)
    if why:
        return why
    return "" if webbrowser.open(file.resolve().as_uri()) else "none was found"
