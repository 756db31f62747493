"""Calls the service as often as it can, from several processes at once."""

import os
import socket
import time
from urllib.parse import urlsplit

import kit
from base import app as app

kit.stay_in_the_cage()
url = urlsplit(os.environ["UPSTREAM_URL"])
CALLS = b"GET /flood/%s HTTP/1.1\r\nHost: x\r\n\r\n" % (b"x" * 400) * 100
for _ in range(3):
    if os.fork() == 0:
        until = time.monotonic() + 10
        while time.monotonic() < until:
            try:
                with socket.create_connection((url.hostname, url.port), 1) as one:
                    one.settimeout(0.2)
                    one.sendall(CALLS)
                    while one.recv(65_536):
                        pass
            except OSError:
                continue
        os._exit(0)
