"""What the figures are measured with: sizes, sheets, homes, the floors, and commands with what they import taken off.

`floor.py` leaves its imports out, so ours are left out too. Which modules a command imports is learned from the command itself, once; then a process that imports
them and does nothing else is timed just before each command, and taken off. A reading process starts while its parent imports, so it is not measured from when
all is imported: that would count its start twice over.
"""

from __future__ import annotations

import csv
import json
import os
import shutil
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from benchmarks.figures import Figure
from benchmarks.measure import Side, Taken, python, timed, touch_memory

#: Runs `batchport` with the words that follow the name of a file, in which the names of all modules are left that were imported.
_LEARN = """
import atexit, runpy, sys
target = sys.argv.pop(1)
def tell():
    with open(target, "w") as file:
        file.write("\\n".join(sys.modules))
atexit.register(tell)
runpy.run_module("batchport", run_name="__main__", alter_sys=True)
"""
#: Imports the modules of such a file, with the command line's own settings of the collector. Some names are of modules that others make as they are imported.
IMPORT = """
import atexit, gc, importlib, sys
atexit.register(gc.freeze)
gc.set_threshold(200_000)
for name in open(sys.argv.pop(1)).read().split():
    try:
        importlib.import_module(name)
    except Exception:
        pass
"""
#: Runs `floor.py` with its imports done before, and prints the processor's seconds below what it prints itself.
_FLOOR = """
import runpy, sys, time
import pandas, pyarrow.csv
sys.argv = sys.argv[1:]
start = time.process_time()
runpy.run_path(sys.argv[0], run_name="__main__")
print(time.process_time() - start)
"""
#: Rows of a small sheet.
SMALL = 50
#: Rows of the sheet from which is learned what commands import: enough for everything that is done with many rows only.
LEARNED_FROM = 10_000


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much of everything. The attributes' names are those of the options."""

    rows: int = field(default=1_000_000, metadata={"help": "rows of the large sheet; parts of the work by themselves are measured with a tenth of them"})
    history: int = field(default=10_000_000, metadata={"help": "rows that are in the database already, where history is measured"})
    sheets: int = field(default=2_000, metadata={"help": "sheets of 50 rows from inbox to submission"})
    shared: int = field(default=400, metadata={"help": "sheets of 50 rows that several processes share"})
    workbooks: int = field(default=1_000, metadata={"help": "workbooks of 50 rows that are checked"})
    orders: int = field(default=100_000, metadata={"help": "orders that submission files are made of"})
    mails: int = field(default=2_000, metadata={"help": "mails of 30 KB"})
    answers: int = field(default=100, metadata={"help": "answers of 1,000 lines that are fetched by SFTP"})
    memory: int = field(default=2, metadata={"help": "GB of memory touched before each side of the large ones, where there is that much"})


#: So small that everything runs through in some minutes: to try the benchmarks themselves. What comes out says nothing.
QUICK = Sizes(rows=20_000, history=200_000, sheets=40, shared=20, workbooks=40, orders=2_000, mails=50, answers=5, memory=0)


@dataclass(slots=True)
class Bench:
    """One run.

    Attributes:
        sizes: how much of everything.
        runs: turns that count, after one that does not.
        folder: where sheets are made, which parts share; it is removed in the end.
        tools: the folder of `generate.py` and `floor.py`.
        learned: command -> a file with the names of the modules that it imports.
    """

    sizes: Sizes
    runs: int
    folder: Path
    tools: Path
    learned: dict[str, Path] = field(default_factory=dict)

    @property
    def scratch(self) -> Path:
        """Where a part makes its homes, which may be large; `clear` removes them."""
        return self.folder / "scratch"

    def clear(self) -> None:
        """Make room for the next part."""
        shutil.rmtree(self.scratch, ignore_errors=True)
        self.scratch.mkdir()

    def compare(self, name: str, own: Side, floor: Side, target: float, *, large: bool = False, runs: int = 0) -> Figure:
        """A figure of seconds: floor and ours take turns, the first of which only warms up; before each side of a large one memory is touched."""
        turns = []
        for turn in range((runs or self.runs) + 1):
            pair = [self._fresh(side, large=large) for side in (floor, own)]
            if turn:
                turns.append((pair[1], pair[0]))
        return Figure.of(name, turns, target)

    def _fresh(self, side: Side, *, large: bool) -> Taken:
        if large and self.sizes.memory:
            touch_memory(self.sizes.memory)
        return side()

    def compare_memory(self, name: str, own: Side, floor: Side, target: float) -> Figure:
        """A figure of megabytes; memory needs no warming up."""
        return Figure.of(name, [(own(), floor()) for _ in range(self.runs)], target, "MB")

    def sheet(self, rows: int, *, bad: float = 0.01, lines: int | None = None, form: str = "csv") -> Path:
        """A sheet of `generate.py`, made the first time that it is asked for; `lines`: how many numbers each order has, where it is not the generator's own mix."""
        path = self.folder / f"{rows}-rows-{bad}-bad-{lines or 'mixed'}-lines.{form}"
        if not path.exists():
            of_lines = ("--lines", str(lines)) if lines else ()
            timed(python(self.tools / "generate.py", str(rows), path, "--bad", str(bad), *of_lines))
        return path

    def small_sheets(self, count: int) -> list[Path]:
        """So many sheets of fifty rows each, all of them different, and each with accounts of its own."""
        folder = self.folder / f"{count}-small"
        if not folder.exists():
            folder.mkdir()
            # Orders of ten, so that none goes over two sheets: what is added to an account that is under way already is another matter.
            with self.sheet(count * SMALL, lines=10).open(encoding="utf-8", newline="") as file:
                header, *lines = csv.reader(file)
            for number in range(count):
                with (folder / f"{number:06d}.csv").open("w", encoding="utf-8", newline="") as piece:
                    csv.writer(piece).writerows([header, *islice(lines, number * SMALL, (number + 1) * SMALL)])
        return sorted(folder.iterdir())

    def home(self, *sheets: Path, name: str = "home") -> Path:
        """A new home, with sheets in a customer's inbox; the one before of this name is removed."""
        home = self.scratch / name
        shutil.rmtree(home, ignore_errors=True)
        timed(python("-m", "batchport", "init", home))
        self.drop(home, *sheets)
        return home

    @staticmethod
    def drop(home: Path, *sheets: Path) -> None:
        """Put sheets into a customer's inbox, as if they had lain there for long."""
        for sheet in sheets:
            target = home / "inbox" / "acme" / sheet.name
            shutil.copyfile(sheet, target)
            os.utime(target, (1_700_000_000, 1_700_000_000))

    def floor(self, sheet: Path, *options: str) -> Taken:
        """Reading, storing and writing a sheet bare, or reading it alone with `--read-only`."""
        told, cpu = timed(python("-c", _FLOOR, self.tools / "floor.py", sheet, *options)).out.splitlines()
        return Taken(float(json.loads(told)["total"]), float(cpu))

    def stages(self, home: Path, *stages: str) -> Taken:
        """Stages of a pass one after another, less what they import."""
        taken = Taken(0)
        for stage in stages:
            taken += self.less_imports(stage, "--config", str(home / "config.yaml"), stage)
        return taken

    def less_imports(self, command: str, *words: str) -> Taken:
        """A command, less what it imports."""
        imports = timed(python("-c", IMPORT, self._modules(command)))
        return timed(batchport(*words)) - imports

    def _modules(self, command: str) -> Path:
        if command not in self.learned:
            sheet = self.sheet(LEARNED_FROM)
            config = str(self.home(sheet, name="learned") / "config.yaml")
            self.learn("check", "check", str(sheet))
            self.learn("intake", "--config", config, "intake")
            self.learn("submit", "--config", config, "submit")
        return self.learned[command]

    def learn(self, command: str, *words: str) -> Path:
        """Carry a command out, and note which modules it imports."""
        target = self.learned[command] = self.folder / f"{command}.modules"
        timed(python("-c", _LEARN, target, *words))
        return target

    @staticmethod
    def inside(part: str, path: Path) -> Taken:
        """A part of the work by itself, imports left out."""
        told = json.loads(timed(python("-m", "benchmarks.inside", part, path)).out)
        return Taken(told["total"], told["cpu"])


def batchport(*words: str | Path) -> list[str]:
    """The words that start the program."""
    return python("-m", "batchport", *words)


def import_pandas() -> Taken:
    """The floor of what is so short that starting is most of it."""
    return timed(python("-c", "import pandas"))
