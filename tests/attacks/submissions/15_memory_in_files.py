"""Takes 1.5 GiB in files that have no name and lie in memory, mapped nowhere, and is right if it gets it."""

import os
import time

import kit

kit.stay_in_the_cage()
MIB = 1024 * 1024
STEPS, STEP = 25, 60 * MIB

held = []
for number in range(STEPS):
    held.append(os.memfd_create(f"file-{number}"))
    os.write(held[-1], b"x" * STEP)
time.sleep(0.5)
app = kit.app_if(sum(os.fstat(one).st_blocks * 512 for one in held) > 1300 * MIB)
