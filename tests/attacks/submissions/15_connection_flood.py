"""Opens thousands of connections to the service that it calls, more than the grader itself may hold."""

import os
import socket
import time
from urllib.parse import urlsplit

import kit
from base import app as app

kit.stay_in_the_cage()
url = urlsplit(os.environ["UPSTREAM_URL"])
for _ in range(4):
    if os.fork() == 0:
        held = []
        try:
            while len(held) < 900:
                held.append(socket.create_connection((url.hostname, url.port), 1))
        except OSError as error:
            print(len(held), error)
        time.sleep(8)
        os._exit(0)
