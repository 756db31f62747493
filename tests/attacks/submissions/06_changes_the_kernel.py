"""Opens settings of the kernel for writing: with some of them one becomes root of the whole machine."""

import os

import kit

SETTINGS = (
    "sys/kernel/core_pattern", "sys/kernel/modprobe", "sys/kernel/hotplug", "sys/kernel/sysrq", "sys/kernel/panic", "sys/kernel/pid_max",
    "sys/vm/overcommit_memory", "sys/vm/drop_caches", "sys/vm/panic_on_oom", "sys/fs/file-max", "sys/fs/binfmt_misc/register",
    "sysrq-trigger", "irq/default_smp_affinity", "mtrr", "kcore", "kmem", "acpi/wakeup", "timer_stats",
)  # fmt: skip

# Opened only: permission is asked then, and nothing is changed.
tricks = [lambda name=name: os.close(os.open(f"/proc/{name}", os.O_WRONLY)) for name in SETTINGS]
app = kit.app_if(any([kit.worked(trick) for trick in tricks]))
