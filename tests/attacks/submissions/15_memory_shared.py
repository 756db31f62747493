"""Takes 1.5 GiB of memory that is shared with children, and is right if it gets it."""

import mmap
import time

import kit

kit.stay_in_the_cage()
MIB = 1024 * 1024
STEPS, STEP = 25, 60 * MIB

block = b"x" * STEP
held = []
for _ in range(STEPS):
    held.append(mmap.mmap(-1, STEP))
    held[-1].write(block)
time.sleep(0.5)
app = kit.app_if(True)
