"""Whether a folder of runs can be shared: its file system, and whether locks and times work there.

Many runs of many machines may lie on one file server; what it promises differs.
"""

import os
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import psutil

from engine.errors import EngineError
from engine.files.text import visible
from engine.runs.holder import BEAT, FRESH, written_now

# Those that reach other machines, on which a lock taken here may not be seen.
SHARED = (
    "nfs", "lustre", "cifs", "smb", "ceph", "gpfs", "beegfs", "glusterfs", "afs", "orangefs", "9p",
    "virtiofs", "fuse",
)  # fmt: skip
SKEW = 5.0  # seconds that two clocks may differ by before it is worth a word
PATIENCE = 20.0  # seconds for the other process
_OTHER = """
import fcntl, os, sys
file = os.open(sys.argv[1], os.O_RDWR)
try:
    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
except BlockingIOError:
    sys.exit(7)
"""
_HELD = 7  # its exit code where the lock of this process keeps it out


def folder_words(folder: Path) -> str:
    """Return in a line whether runs in a folder are protected; writes there and cleans up."""
    kind = file_system(folder)
    try:
        locks, times = _locks(folder), _times(folder)
    except (OSError, EngineError, subprocess.SubprocessError) as error:
        return f"{kind}; it cannot be tested ({getattr(error, 'strerror', None) or error})"
    words = [kind, locks]
    if kind.startswith(SHARED) and kind != "fuseblk":  # a disk
        words.append(f"other machines are told by a heartbeat every {BEAT:.0f} s")
    return "; ".join([*words, times])


def file_system(folder: Path) -> str:
    """Return the kind of file system that a folder lies on, as the system calls it."""
    path, kind, longest = os.path.realpath(folder), "unknown", -1
    with suppress(OSError, psutil.Error):
        for part in psutil.disk_partitions(all=True):
            point = part.mountpoint
            inside = path == point or path.startswith(point.rstrip("/") + "/")
            if inside and len(point) >= longest:
                kind, longest = visible(part.fstype) or kind, len(point)
    return kind


def _locks(folder: Path) -> str:
    """Hold a lock and have another process try to take it."""
    import fcntl

    handle, path = tempfile.mkstemp(prefix=".doctor-", dir=folder)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            return f"no locks ({error.strerror}): runs cannot be driven there"
        command = [sys.executable, "-I", "-S", "-c", _OTHER, path]
        code = subprocess.run(command, timeout=PATIENCE, capture_output=True, check=False)
        if code.returncode == _HELD:
            return "locks hold between processes"
        if code.returncode:
            return "whether locks hold could not be found out: another process failed there"
        return "locks do not hold between processes: drive each run by one at a time"
    finally:
        os.close(handle)
        with suppress(OSError):
            os.unlink(path)


def _times(folder: Path) -> str:
    """Compare the file server's clock with ours, and see whether it goes on."""
    first, ours = written_now(folder), time.time()
    time.sleep(0.05)
    later = written_now(folder)
    if not first <= later <= first + FRESH:
        return "times of files are wrong: another machine could take a run that is active"
    if abs(first - ours) > SKEW:
        where = "ahead of" if first > ours else "behind"
        return f"its clock is {abs(first - ours):.0f} s {where} ours, which does no harm"
    return "file timestamps are right"
