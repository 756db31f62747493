"""Blocks in a function and a file whose names are control sequences, markup and HTML."""

import os
import time

import base

EVIL = "\x1b[2J[red]\u202e</script>"
code = compile("def sleep(seconds):\n    real(seconds)  # \\x1b[31m [red] </script>\n", f"{os.getcwd()}/{EVIL}.py", "exec")
namespace = {"real": time.sleep}
exec(code, namespace)
sleep = namespace["sleep"]
sleep.__code__ = sleep.__code__.replace(co_name=EVIL)


class Time:
    """Stands in for the module."""


Time.sleep = staticmethod(sleep)
base.time = Time
app = base.app
