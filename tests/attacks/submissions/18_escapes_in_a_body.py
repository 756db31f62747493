"""Answers with control sequences, markup, reversed text and HTML, in bodies and in headers."""

from typing import Any

EVIL = '\x1b[2J\x1b]0;owned\x07\x9b31m[red]owned[/red]\u202eowned\u2066\u200b</script><img src=x>=1+1\r\n\x08'


async def app(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        return
    headers = [(b"content-type", b"text/html; </script>"), (b"x-evil", b"\x9b31m[red]")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": EVIL.encode()})
