"""Writes a new kata: `kata new`."""

import shlex
from pathlib import Path

from grader.authoring.scaffold.skeleton import write_skeleton
from grader.render.terminal.screen import Screen


def write_kata(slug: str, tier: int, services: str, directory: Path) -> None:
    """Write a small complete kata, and show the next steps. Takes the arguments of `kata new`."""
    skeleton = write_skeleton(
        slug, directory, tier, [word.strip() for word in services.split(",") if word.strip()]
    )
    katas, starter = (
        shlex.quote(str(directory)),
        shlex.quote(str(skeleton.folder / "starter" / "app.py")),
    )
    screen = Screen()
    screen.say(f"Written into {skeleton.folder}:", *(f"  {name}" for name in skeleton.files), "")
    screen.say("The kata is complete. See its starter fail, then prove all its examples:")
    screen.say(
        f"  kata check {slug} --katas {katas} --solution {starter}",
        f"  kata verify {slug} --katas {katas}",
        "",
    )
    screen.say("Then make it yours file by file, and prove it again.")
