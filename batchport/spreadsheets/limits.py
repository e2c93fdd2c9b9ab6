"""How large a customer's file may be, and what reading it may cost."""

from __future__ import annotations

import errno
from dataclasses import dataclass

#: Errors of the system that say nothing of the file that is read: no room for what was read, a failing disk, too many open files.
NO_FAULT_OF_A_FILE = frozenset((errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EMFILE, errno.ENFILE))


@dataclass(frozen=True, slots=True)
class Limits:
    """What is still read; anything beyond is `file-too-large`.

    Attributes:
        max_bytes: size of the file.
        max_rows: records of a text file, or rows of a sheet, blank ones included.
        max_columns: columns of a sheet.
        max_cell: signs in one cell.
        memory_bytes: address space of the process that reads workbooks, and what a workbook may unpack to.
        cpu_seconds, wall_seconds: computing and waiting time for one workbook.
        max_paper: size of a letter of authorization or an invoice.
    """

    max_bytes: int = 512 * 1024 * 1024
    max_rows: int = 1_048_576
    max_columns: int = 200
    max_cell: int = 32_767
    memory_bytes: int = 4 * 1024 * 1024 * 1024
    cpu_seconds: int = 300
    wall_seconds: float = 600
    max_paper: int = 10 * 1024 * 1024
