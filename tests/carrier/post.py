"""The way of a carrier's words to the other side: files that come twice, late, spoilt or not at all.

Every word that was said arrives in the end, with the time at which it was said, but for acknowledgements: those may be lost for good. What arrived, where
it stands and what came a second time is written down, since that is what the other side can be held to.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random

HEADER = ("PON", "VER", "TN", "STATUS", "CODE", "TEXT", "FOC_DATE", "AT")
#: Columns without which a file is none; AT may be missing.
_NEEDED = 7
#: How often a number is written in each form, and a file with each line end.
_FORMS = ("{}{}{}", "{}{}{}", "{}-{}-{}", "({}) {}-{}", "+1 {} {} {}")


@dataclass(frozen=True, slots=True, order=True)
class Word:
    """One line of an answer: about one number, or about a whole order where `tn` is blank."""

    at: datetime
    pon: str
    ver: str
    tn: str
    status: str
    code: str = ""
    text: str = ""
    foc: str = ""


@dataclass(frozen=True, slots=True)
class Faults:
    """What goes wrong on the way.

    Attributes:
        late: whether words may arrive after newer ones about the same number.
        share: of how many days' files something becomes.
        until: the last day on which anything goes wrong, so that all has arrived in the end.
    """

    late: bool = True
    share: float = 0.4
    until: date = date.max


class Post:
    """Writes one carrier's answer files.

    Attributes:
        delivered: each word that has arrived, and the day.
        written: file and line -> the word that stands there, in files that can be read.
        again: those places where a word stands that had arrived before.
        strays: words that are about nothing of this carrier's, and what is wrong with each.
        happened: how often each kind of fault happened.
        spoilt, same: how many of today's files cannot be read, and how many were there before.
    """

    def __init__(self, name: str, chance: Random, faults: Faults) -> None:
        self._name, self._chance, self._faults = name, chance, faults
        self.delivered: dict[Word, date] = {}
        self.written: dict[tuple[str, int], Word] = {}
        self.again: set[tuple[str, int]] = set()
        self.strays: dict[Word, str] = {}
        self.happened: Counter[str] = Counter()
        self.spoilt = self.same = self._count = 0
        self._waiting: list[tuple[date, list[Word]]] = []
        self._sent: list[bytes] = []

    def deliver(self, today: date, folder: Path, words: Sequence[Word], strays: dict[Word, str]) -> None:
        """Put a day's files into a folder: what is due from earlier days first, then the day's words."""
        self._today, self._folder, self.spoilt, self.same = today, folder, 0, 0
        self.strays |= strays
        due = [letter for day, letter in self._waiting if day <= today]
        self._waiting = [(day, letter) for day, letter in self._waiting if day > today]
        for letter in due:
            for part in apart(letter):
                self._hand_over(part)
        fate = self._fate()
        for batch in self._batches([*self._old_ones(), *words, *strays]):
            for part in apart(batch):
                # Where nothing may be late, what keeps back one of the day's files keeps back those that go on from it.
                self._send(part, self._fate() if self._faults.late else fate)
        if self._sent and self._goes_wrong(0.5):
            self._again_under_another_name()

    def _batches(self, words: list[Word]) -> list[list[Word]]:
        """The words of a day as they are sent, once or up to three times a day."""
        ends = sorted({len(words), *(self._chance.randint(0, len(words)) for _ in range(self._chance.randint(0, 2)))})
        return [words[start:end] for start, end in zip([0, *ends], ends, strict=False)]

    def _goes_wrong(self, factor: float = 1.0) -> bool:
        return self._today <= self._faults.until and self._chance.random() < self._faults.share * factor

    def _fate(self) -> str:
        return self._chance.choice(("held", "lost", "spoilt")[not self._faults.late :]) if self._goes_wrong() else ""

    def _old_ones(self) -> list[Word]:
        """Some words that have arrived already and are said again."""
        if not self._goes_wrong() or not self.delivered:
            return []
        known = [word for word in self.delivered if word not in self.strays]
        old = self._chance.sample(known, min(len(known), self._chance.randint(1, 12)))
        self.happened["said again"] += len(old)
        return sorted(old)

    def _send(self, letter: list[Word], fate: str) -> None:
        late = timedelta(self._chance.randint(2, 5) if self._faults.late else 1)
        self.happened[fate or "sent"] += 1
        if fate == "held":
            self._waiting.append((self._today + late, letter))
        elif fate == "lost":
            kept = [word for word in letter if word.status != "ACK" or word in self.strays or self._chance.random() < 0.5]
            self.happened["acknowledgements lost for good"] += len(letter) - len(kept)
            self._waiting.append((self._today + late, kept))
        elif fate == "spoilt":
            self._write_spoilt(letter)
            self._waiting.append((self._today + timedelta(1), letter))
        else:
            self._hand_over(letter)

    def _hand_over(self, letter: list[Word]) -> None:
        if self._goes_wrong():
            letter = self._chance.sample(letter, len(letter))
            self.happened["shuffled"] += 1
        if self._goes_wrong(0.5):
            letter = [*letter, self._chance.choice([word for word in letter if word not in self.strays] or letter)]
        data = self._rendered(letter)
        name = self._write(data, manifest=data if self._chance.random() < 0.2 else None)
        self._sent = [*self._sent[-4:], data]
        for place, word in enumerate(letter, 2):
            self.written[name, place] = word
            if word in self.delivered:
                self.again.add((name, place))
            self.delivered.setdefault(word, self._today)

    def _again_under_another_name(self) -> None:
        self._write(self._chance.choice(self._sent))
        self.happened["the same file again"] += 1
        self.same += 1

    def _write(self, data: bytes, manifest: bytes | None = None) -> str:
        self._count += 1
        name = f"{self._name}-{self._today:%Y%m%d}-{self._count:03d}.csv"
        if manifest is not None:
            told = {"lines": manifest.count(b"\n") - 1, "sha256": hashlib.sha256(manifest).hexdigest()}
            (self._folder / f"{name}.manifest.json").write_text(json.dumps(told), "utf-8")
        (self._folder / name).write_bytes(data)
        return name

    def _rendered(self, letter: Iterable[Word]) -> bytes:
        """A file as this carrier writes it today: its clock, its way to write numbers, its line ends."""
        chance, target = self._chance, io.StringIO()
        form, zone = chance.choice(_FORMS), chance.choice((UTC, None))
        writer = csv.writer(target, lineterminator=chance.choice(("\r\n", "\n")))
        writer.writerow(HEADER)
        for word in letter:
            at = word.at.astimezone(zone) if zone else word.at
            tn = form.format(word.tn[:3], word.tn[3:6], word.tn[6:]) if word.tn else ""
            writer.writerow((word.pon, word.ver, tn, word.status, word.code, word.text, word.foc, at.isoformat().replace("+00:00", "Z")))
        return target.getvalue().encode()

    def _write_spoilt(self, letter: list[Word]) -> None:
        """A file that lost its end or a column on the way, so that it shows."""
        data = self._rendered(letter)
        kind = self._chance.choice(("cut", "cut with a manifest", "a column gone", "a field gone"))
        self.happened[kind] += 1
        if kind == "cut with a manifest":
            self._write(data[: self._chance.randrange(len(data))], manifest=data)
        elif kind == "cut":
            self._write(self._cut(data))
        else:
            self._write(self._without_column(data, whole=kind == "a column gone"))
        self.spoilt += 1

    def _cut(self, data: bytes) -> bytes:
        """The file up to somewhere within a record; a time that is cut would not show, and so the cut is before it."""
        starts = [at + 1 for at, sign in enumerate(data[:-1]) if sign == ord("\n")]
        start = self._chance.choice(starts)
        end = data.index(b"\n", start)
        return data[: self._chance.randint(start + 1, data.rindex(b",", start, end))]

    def _without_column(self, data: bytes, *, whole: bool) -> bytes:
        """The file without one column, or without one field of one record."""
        records = list(csv.reader(io.StringIO(data.decode(), newline="")))
        gone, spoilt = self._chance.randrange(_NEEDED), self._chance.randrange(1, len(records))
        target = io.StringIO()
        csv.writer(target).writerows(
            [*record[:gone], *record[gone + 1 :]] if whole or at == spoilt else record for at, record in enumerate(records)
        )
        return target.getvalue().encode()


def apart(words: Iterable[Word]) -> list[list[Word]]:
    """The words in as few files as can be, in their order; none holds a word for a whole order and one for a number of it, where the number's own would win."""
    files: list[list[Word]] = []
    holds: list[dict[tuple[str, str], bool]] = []
    last: dict[str, int] = {}
    for word in words:
        at, version, whole = last.get(word.pon, 0), (word.pon, word.ver), not word.tn
        while at < len(files) and holds[at].get(version, whole) != whole:
            at += 1
        if at == len(files):
            files.append([])
            holds.append({})
        files[at].append(word)
        holds[at][version] = whole
        last[word.pon] = at
    return files
