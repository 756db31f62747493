"""Looks for a descriptor that leads anywhere but to its own sockets and pipes."""

import os
import socket

import kit

known = {"/dev/null"}
pipes, sockets, others = set(), [], []
for number, leads_to in kit.descriptors():
    if leads_to.startswith("pipe:"):
        pipes.add(leads_to)
    elif leads_to.startswith("socket:"):
        with socket.socket(fileno=os.dup(number)) as one:
            sockets.append((one.family, one.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)))
    elif leads_to not in known and "/proc/" not in leads_to:
        others.append(leads_to)
print(pipes, sockets, others)
right = [(socket.AF_INET, 1), (socket.AF_UNIX, 0)]
app = kit.app_if(others or len(pipes) > 2 or sorted(sockets) != sorted(right))
