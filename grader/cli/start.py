"""Where the command `kata` begins."""

import gc


def run() -> None:
    """Entry point of the command.

    All that is imported stays until the end. The garbage collector is kept from searching it again and again, which
    would take a sixth of the time of `kata list`.
    """
    gc.disable()
    from grader.cli.main import run as run_command  # late: when the collector is off

    gc.freeze()
    gc.enable()
    run_command()
