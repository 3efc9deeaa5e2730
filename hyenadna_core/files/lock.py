"""The lock of a file, which tells other processes that its folder is in use."""

import errno
import fcntl
from pathlib import Path
from typing import IO, Any

from hyenadna_core.terminal import notice

IN_USE = (errno.EWOULDBLOCK, errno.EAGAIN)
NO_LOCKS = (errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOTSUP)  # NFS, file systems of clusters


def locked(file: IO[Any], folder: Path) -> bool:
    """Lock a file until it is closed; return False if another process has locked it.

    If the file system has no locks, as on some clusters, the file stays unlocked, and one line says
    that the folder is not protected.
    """
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in IN_USE:
            return False
        if error.errno not in NO_LOCKS:
            raise
        notice(f"{folder} cannot be locked ({error.strerror}): start no second run in this folder.")
    return True
