"""How paths are named to a person."""

import os
from pathlib import Path


def shown(path: Path) -> str:
    """A path as one would type it from here, if that is shorter."""
    relative = os.path.relpath(path)
    return relative if len(relative) < len(str(path)) else str(path)
