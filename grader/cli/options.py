"""Options that several commands have."""

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
        help="Use the katas of this folder instead of those that are shipped.",
    ),
]

SandboxOption = Annotated[
    SandboxMode,
    typer.Option(
        "--sandbox",
        envvar="KATA_SANDBOX",
        help="auto: in a sandbox where this machine has one; require: refuse to grade without; off.",
    ),
]
