"""Takes 1.5 GiB in segments of System V, mapped by nobody, and is right if it gets it."""

import ctypes
import time

import kit

kit.stay_in_the_cage()
MIB = 1024 * 1024
STEPS, STEP = 25, 60 * MIB

IPC_PRIVATE, MODE = 0, 0o600
libc = ctypes.CDLL(None, use_errno=True)
libc.shmat.restype = ctypes.c_void_p
libc.shmget.argtypes = [ctypes.c_int, ctypes.c_size_t, ctypes.c_int]
taken = 0
for _ in range(STEPS):
    segment = libc.shmget(IPC_PRIVATE, STEP, MODE)
    if segment < 0:
        break
    place = libc.shmat(segment, None, 0)
    ctypes.memset(place, 1, STEP)
    libc.shmdt(ctypes.c_void_p(place))
    taken += STEP
time.sleep(0.5)
app = kit.app_if(taken > 1300 * MIB)
