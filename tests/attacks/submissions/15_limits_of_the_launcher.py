"""Takes the launcher's own limits away: it may open nothing and has no memory left."""

import os
import resource

import kit
from base import app as app

kit.stay_in_the_cage()
for which in (resource.RLIMIT_NOFILE, resource.RLIMIT_NPROC, resource.RLIMIT_AS, resource.RLIMIT_DATA, resource.RLIMIT_CPU):
    kit.worked(lambda: resource.prlimit(1, which, (0, 0)))
