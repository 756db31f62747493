"""Opens as many descriptors as it can get, and is right if that are more than 5,000."""

import os

import kit

kit.stay_in_the_cage()
held = []
try:
    while len(held) < 20_000:
        held.append(os.dup(0))
except OSError as error:
    print(error)
count = len(held)
os.closerange(held[0], held[-1] + 1)
app = kit.app_if(count > 5000)
