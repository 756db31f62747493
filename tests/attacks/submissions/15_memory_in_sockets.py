"""Fills the buffers of thousands of sockets with 1.5 GiB that nobody reads, and is right if it can."""

import os
import socket
import time

import kit

kit.stay_in_the_cage()
MIB = 1024 * 1024
CHILDREN, EACH = 24, 64 * MIB
DATA = bytes(MIB // 4)
held, taken = [], 0


def fill() -> int:
    own = 0
    while own < EACH:
        pair = socket.socketpair()
        held.append(pair)
        for one in pair:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, MIB)
            try:
                while True:
                    own += one.send(DATA, socket.MSG_DONTWAIT)
            except BlockingIOError:
                pass
    return own


reading, writing = os.pipe()
for _ in range(CHILDREN):
    if os.fork() == 0:
        try:
            filled = fill()
        except OSError as error:
            print(error)
            filled = 0
        os.write(writing, filled.to_bytes(8, "little"))
        time.sleep(10)
        os._exit(0)
for _ in range(CHILDREN):
    taken += int.from_bytes(os.read(reading, 8), "little")
print(taken // MIB)
time.sleep(0.3)
app = kit.app_if(taken > 1300 * MIB)
