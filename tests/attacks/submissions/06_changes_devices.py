"""Changes the permissions of the machine's own device files, which every sandbox shares."""

import os

import kit

DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty")

# Each change is to what already is, so that a success does no harm.
tricks = [lambda device=device: os.chmod(device, os.stat(device).st_mode & 0o7777) for device in DEVICES]
tricks += [
    lambda: os.fchmod(0, os.fstat(0).st_mode & 0o7777),
    lambda: os.utime("/dev/null", ns=(os.stat("/dev/null").st_atime_ns, os.stat("/dev/null").st_mtime_ns)),
    lambda: os.chmod("/usr/bin/env", 0o755),
]
app = kit.app_if(any([kit.worked(trick) for trick in tricks]))
