"""Frees the sockets that it holds, its own and those of visitors, and connects them to a port of the machine."""

import ctypes
import socket
import threading
import time

import kit
from base import app as app

PORT = kit.CANARIES["port"]
AF_UNSPEC = bytes(16)
turned: set[int] = set()


def turn() -> None:
    for one in kit.inherited(socket.AF_INET):
        inode = one.fileno()
        ctypes.CDLL(None).connect(one.fileno(), AF_UNSPEC, 16)
        one.settimeout(0.2)
        kit.worked(lambda: one.connect(("127.0.0.1", PORT)))
        one.close()
        turned.add(inode)


def keep_turning() -> None:
    until = time.monotonic() + 5
    time.sleep(0.05)
    while time.monotonic() < until:
        turn()
        time.sleep(0.01)


threading.Thread(target=keep_turning, daemon=True).start()
