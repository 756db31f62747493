"""Formats paths for people."""

import os
from pathlib import Path


def shown(path: Path) -> str:
    """The path relative to the current folder, if that is shorter."""
    relative = os.path.relpath(path)
    return relative if len(relative) < len(str(path)) else str(path)
