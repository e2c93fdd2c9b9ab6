"""The corpus: small files, one hazard each, written into a folder.

    python -m tests.corpus.make FOLDER

The same bytes every time: no file knows what day it is. Files that none of our libraries can write lie beside this script in `files/`, where a note says
how they were made.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tests.corpus import books, others, text
from tests.corpus.cases import Case

FILES = others.FILES
CASES: list[Case] = [*text.corpus().cases, *books.corpus().cases, *others.corpus().cases]


def write(folder: Path) -> Path:
    """The folder, with every file in it."""
    folder.mkdir(parents=True, exist_ok=True)
    for case in CASES:
        (folder / case.name).write_bytes(case.make())
    return folder


if __name__ == "__main__":
    target = write(Path(sys.argv[1]))
    print(f"{len(CASES)} files in {target}")
