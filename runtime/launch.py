"""Becomes another program, tied to its parent's life and, if told, as another user.

Run by path in a bare interpreter (`python -I -S launch.py …`), so it imports nothing of
ours. A program of its own rather than a `preexec_fn`: code between fork and exec is not
safe in a process with threads.

Arguments: PARENT_PID DEATH_SIGNAL UID GID PROGRAM ARGUMENT…; UID -1 keeps the user.
"""

from __future__ import annotations

import ctypes
import os
import sys

_PR_SET_PDEATHSIG = 1  # <linux/prctl.h>


def main(argv: list[str]) -> None:
    """Change user, ask the kernel for the death signal, exec. Ends with 127 when that cannot be."""
    parent_pid, death_signal, uid, gid = (int(word) for word in argv[:4])
    if uid >= 0:
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    if sys.platform == "linux":
        # After the change of user, which would clear it (prctl(2)).
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, death_signal, 0, 0, 0)
    if os.getppid() != parent_pid:  # it died before we asked
        sys.exit(127)
    try:
        os.execvpe(argv[4], argv[4:], os.environ)  # noqa: S606  no shell is meant
    except OSError as error:
        sys.exit(f"cannot start {argv[4]}: {error.strerror}")


if __name__ == "__main__":
    main(sys.argv[1:])
