"""Options shared by several commands."""

from pathlib import Path
from typing import Annotated

import typer

from grader.process.sandbox import SandboxMode

KatasOption = Annotated[
    Path | None,
    typer.Option(
        "--katas",
        metavar="DIR",
        envvar="KATA_PATH",
        help="Use the katas in this folder instead of the built-in ones.",
    ),
]

SandboxOption = Annotated[
    SandboxMode,
    typer.Option(
        "--sandbox",
        envvar="KATA_SANDBOX",
        help="auto: use a sandbox if this machine has one; require: refuse to grade without; off.",
    ),
]
