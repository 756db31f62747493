"""Prints and raises control sequences, markup, reversed text and HTML, from functions and files that are named so too."""

import os
import sys

EVIL = "\x1b[2J\x1b]0;owned\x07\x1b]52;c;b3duZWQ=\x07\x9b31m[red]owned[/red][link=http://x]\u202eowned\u2066\u200b</script><img src=x>=1+1\r\n\x08"
print(EVIL, file=sys.stdout)
print(EVIL, file=sys.stderr)
source = "def fail():\n    raise type('Evil[red]\\x1b[31m', (Exception,), {})(text)\n"
code = compile(source, f"{os.getcwd()}/[red]\x1b[2J</script>\u202e.py", "exec")
namespace = {"text": EVIL}
exec(code, namespace)
fail = namespace["fail"]
fail.__code__ = fail.__code__.replace(co_name="f[bold]\x1b[31m</script>", co_qualname="f[bold]\x1b[31m</script>")
fail()
