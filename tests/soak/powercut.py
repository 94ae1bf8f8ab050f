"""Cuts the power of a file system: when a line is read, what it had not committed is gone.

    python3 powercut.py MOUNT-POINT PROCESS

The process that works on it is stopped first: when the power goes no program says another word. (One that
went on would see syncs that were under way come back as done: the journal that is shut down counts its
transaction as ended.) Then EXT4_IOC_SHUTDOWN with EXT4_GOING_FLAGS_NOLOGFLUSH (fs/ext4/ext4.h): the log is
not flushed, and nothing is written any more.
"""

import fcntl
import os
import signal
import struct
import sys

SHUTDOWN = 0x8004587D  # _IOR('X', 125, __u32)
NO_LOG_FLUSH = 2


def runs(process):
    """Has any thread of it still a word to say? One that waits for the disk ("D") has not."""
    for task in os.listdir(f"/proc/{process}/task"):
        try:
            with open(f"/proc/{process}/task/{task}/stat") as stat:
                state = stat.read().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            continue  # It ended since it was listed.
        if state in "RS":
            return True
    return False


disk, process = os.open(sys.argv[1], os.O_RDONLY), int(sys.argv[2])
print("ready", flush=True)
if sys.stdin.readline():
    os.kill(process, signal.SIGSTOP)
    while runs(process):
        pass
    fcntl.ioctl(disk, SHUTDOWN, struct.pack("I", NO_LOG_FLUSH))
    print("cut", flush=True)
