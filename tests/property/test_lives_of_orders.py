"""Whatever customers, partners and operators do: no number goes under two live orders, versions have no gap, and the count comes out."""

from __future__ import annotations

import os
import random
from collections import defaultdict
from collections.abc import Callable

import pytest

from tests.conftest import LOCAL, TOLL_FREE, Home, account, response, settled

LIVE = {"submitted", "acknowledged", "delayed", "confirmed", "carrier_rejected", "cancel_pending"}
ACCOUNTS = (
    account(4),
    [row | {"btn": "617-236-3399"} for row in account(3, btn="617-236-3300", account_number="C3301")],
    [LOCAL],
    [TOLL_FREE | {"tn": f"800-234-73{n:02d}", "account_number": "T7301", "destination": f"trunk-{n}"} for n in range(2)],
)
NEW = {"pin": ("1111", "2222"), "account_number": ("N1", "N2"), "destination": ("line-901", "line-902"), "name": ("Harbor Bakery Inc", ""), "notes": ("by the back door",)}
CODES = ("8A", "8C", "6A", "7A", "8D", "1N", "6K", "")


class Life:
    """An installation to which things happen by chance."""

    def __init__(self, home: Home, seed: int) -> None:
        self.home, self.chance, self.evening = home, random.Random(seed), 0
        self.rows = {row["tn"]: row for rows in ACCOUNTS for row in rows}

    @property
    def at(self) -> str:
        """The evening that it is, one of forty."""
        return f"2026-{3 + self.evening // 28:02d}-{1 + self.evening % 28:02d}T12:00:00-04:00"

    def sheet(self) -> None:
        """Some rows: new, corrected, called off."""
        sent = []
        for tn in self.chance.sample(sorted(self.rows), self.chance.randint(1, 4)):
            field = self.chance.choice(sorted(NEW))
            change: dict[str, str] = self.chance.choice([{}, {"action": "cancel"}, {field: self.chance.choice(NEW[field])}, {field: self.chance.choice(NEW[field])}])
            sent.append(self.rows[tn] | change)
        self.home.drop(*sent, name=f"sheet{self.evening}.csv")

    def answer(self) -> None:
        """What the partner says of some lines, the newest version or an older one, of one number or the whole order."""
        lines = self.home.sent()
        said = []
        for line in self.chance.sample(lines, min(len(lines), self.chance.randint(1, 4))):
            status = self.chance.choice(["ACK", "REJECT", "REJECT", "DELAY", "FOC", "COMPLETE", "CANCEL", "CANCEL"])
            code, day = self.chance.choice(CODES) if status == "REJECT" else "", "2026-04-20" if status == "FOC" else ""
            said.append((line["PON"], self.chance.choice([line["VER"], ""]), self.chance.choice([line["TN"], ""]), status, code, "", day))
        if said:
            settled(self.home.path / "responses" / "sample" / f"answer{self.evening}.csv", response(*said))

    def act(self) -> None:
        """An act of the operator, which may be refused."""
        orders = self.home.json("orders", at=self.at)
        if not orders:
            return
        order = self.chance.choice(orders)
        tns = [row["tn"] for row in self.home.json("status", "--order", order["pon"], at=self.at)] or ["6172360000"]
        acts = (("cancel",), ("cancel", "--tn", self.chance.choice(tns)), ("redate", "2026-03-31"), ("resubmit",), ("hold",), ("release",))
        name, *rest = self.chance.choice(acts)
        done = self.home(name, order["pon"], *rest, "--why", "by chance", at=self.at)
        assert done.exit in (0, 2), (name, rest, done.err)

    def run(self) -> None:
        """A pass, and what holds after it."""
        done = self.home.run(self.at)
        assert done.exit in (0, 1), done.err
        assert done.last["balanced"] is True
        self.evening += 1
        rows = self.home.json("status", at=self.at)
        live: dict[str, set[str]] = defaultdict(set)
        for row in rows:
            if row["state"] in LIVE:
                live[row["tn"]].add(row["pon"])
        assert all(len(pons) == 1 for pons in live.values()), live
        versions: dict[str, list[int]] = defaultdict(list)
        lines: dict[tuple[str, str], list[dict[str, str]]] = defaultdict(list)
        for line in self.home.sent():
            if int(line["VER"]) not in versions[line["PON"]]:
                versions[line["PON"]].append(int(line["VER"]))
            lines[line["PON"], line["VER"]].append(line)
        assert all(found == list(range(1, len(found) + 1)) for found in versions.values()), versions
        for of_version in lines.values():
            assert [line["LINE"] for line in of_version] == [str(n) for n in range(1, len(of_version) + 1)]
            assert {line["LINES"] for line in of_version} == {str(len(of_version))}
            assert len({line["TN"] for line in of_version}) == len(of_version)


@pytest.mark.parametrize("seed", range(int(os.environ.get("BATCHPORT_LIVES", "1"))))
@pytest.mark.parametrize("profile", ["", "\n    edit_numbers: false\n    fixed_fields: [pin]", "\n    max_lines: 2"], ids=["usual", "strict", "small"])
def test_orders_live_as_they_should(home: Home, seed: int, profile: str) -> None:
    home.set("profile: generic-csv", f"profile: generic-csv{profile}")
    life = Life(home, seed)
    home.drop(*life.rows.values(), name="first.csv")
    life.run()
    happenings: list[Callable[[], None]] = [life.sheet, life.answer, life.answer, life.act]
    for _ in range(9):
        life.chance.choice(happenings)()
        if life.chance.random() < 0.5:
            life.chance.choice(happenings)()
        life.run()
