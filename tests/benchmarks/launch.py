"""Starts one process and tells how it ran: ``python -I -S launch.py FD COMMAND ...``.

A process of its own between the benchmark and what it measures, because Linux begins a process's
peak memory with that of the one it was forked from: this one is small, and imports next to nothing.
It writes two lines to a file descriptor: the process's id, which leads a group of its own; and,
after its end, its exit status as ``os.wait4`` has it, and its peak memory in KiB.
"""

import os
import sys

descriptor, command = int(sys.argv[1]), sys.argv[2:]
os.set_inheritable(descriptor, False)
pid = os.posix_spawnp(command[0], command, os.environ, setpgroup=0)
with os.fdopen(descriptor, "w") as report:
    report.write(f"{pid}\n")
    report.flush()
    _, status, usage = os.wait4(pid, 0)
    report.write(f"{status} {usage.ru_maxrss}\n")
