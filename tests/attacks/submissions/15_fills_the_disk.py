"""Fills every folder that it may write to, 2 GiB at most, and is right if more than 200 MiB fit."""

import os

import kit

kit.stay_in_the_cage()
MIB = 1024 * 1024
taken = 0
for folder in ("/tmp", "/dev/shm", "/var/tmp", "/run", "/dev/mqueue", "/dev", os.getcwd()):
    for number in range(64):
        try:
            with open(f"{folder}/filler-{number}", "wb") as file:
                taken += file.write(bytes(32 * MIB))
        except OSError as error:
            print(folder, error)
            break
app = kit.app_if(taken > 200 * MIB)
