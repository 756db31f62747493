"""Connects to a port of the machine's own loopback and to an abstract Unix socket, which are the grader's neighbours."""

import socket

import kit

PORT = kit.CANARIES["port"]


def reach(family: int, address: object, kind: int = socket.SOCK_STREAM) -> bool:
    with socket.socket(family, kind) as one:
        one.settimeout(0.5)
        one.connect(address)
        one.send(b"out")
    return True


ways = [
    lambda: reach(socket.AF_INET, ("127.0.0.1", PORT)),
    lambda: reach(socket.AF_INET, ("0.0.0.0", PORT)),
    lambda: reach(socket.AF_INET, ("127.0.0.2", PORT)),
    lambda: reach(socket.AF_INET6, ("::1", PORT)),
    lambda: reach(socket.AF_INET6, ("::ffff:127.0.0.1", PORT)),
    lambda: reach(socket.AF_UNIX, "\0" + kit.CANARIES["abstract"]),
    lambda: reach(socket.AF_UNIX, kit.CANARIES["unix"]),
]
app = kit.app_if(any([kit.worked(way) for way in ways]))
