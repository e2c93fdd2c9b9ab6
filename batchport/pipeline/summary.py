"""The summary of a results workbook in words: what happened, what to do, what became of the rows, and the commonest faults."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from batchport.domain.language import Language, counted, state_words
from batchport.domain.lifecycle import State
from batchport.domain.table import Column, Ints, Mask
from batchport.pipeline.telling import Source, Told
from batchport.pipeline.wording import Words
from batchport.spreadsheets.summary_page import Block, Summary

_MOST_FAULTS = 20


@dataclass(frozen=True, slots=True)
class _Text:
    """What the summary says in one language; `states` are what each means, in the order in which they are listed, those that need somebody first."""

    language: Language
    states: Mapping[str, str]
    results: str
    check: str
    needing: tuple[str, str]
    fine: tuple[str, str]
    to_do: str
    steps: Sequence[str]
    check_steps: Sequence[str]
    counts: tuple[str, str, str]
    total: tuple[str, str]
    orders: tuple[str, str]
    faults: tuple[str, str, str, str]
    row: str
    row_of_sheet: str
    colon: str
    legend: tuple[str, str, str]


_ENGLISH = _Text(
    language="en",
    states={
        "rejected": "Not sent to the carrier: needs a correction from you.",
        "carrier_rejected": "The current carrier said no; its reason stands beside each row.",
        "held": "Waiting for other rows of the same order, for an earlier order of the same account, or for what stands under What is wrong.",
        "ready": "Goes to the carrier next.",
        "duplicate": "The same request again; nothing to do.",
        "submitted": "Sent to the carrier, waiting for its answer.",
        "acknowledged": "The carrier is working on it; no date yet.",
        "delayed": "The carrier needs more time.",
        "confirmed": "The carrier has given the date: see Confirmed Date.",
        "completed": "Moved: the number rings at its new place.",
        "cancel_pending": "Being called off, waiting for the carrier's word.",
        "cancelled": "Called off: the number stays with its current carrier.",
        "superseded": "Replaced by a corrected row.",
    },
    results="Results for {file}",
    check="Check of {file}",
    needing=("{needing} of {rows} rows needs your attention.", "{needing} of {rows} rows need your attention."),
    fine=("1 row, and nothing for you to do.", "{rows} rows, and nothing for you to do."),
    to_do="What to do next",
    steps=(
        "1.  On the sheet To fix are the rows that need you, the cells at fault in colour. What is wrong and How to fix it stand at the end of each row.",
        "2.  Type the right values over the wrong ones. **** stands for the PIN or account number that you sent: leave it, or type over it.",
        "3.  Leave Row ID as it is, save, and send this workbook back the way you sent the first. Rows left alone stay as they are.",
    ),
    check_steps=(
        "1.  On the sheet To fix are the rows that need you, the cells at fault in colour. What is wrong and How to fix it stand at the end of each row.",
        "2.  Correct these rows in your own sheet, and check it again.",
    ),
    counts=("Port Result", "Rows", "What it means"),
    total=("All rows", ""),
    orders=("Orders", "The rows that go to the carrier together are one order."),
    faults=("What is wrong", "Rows", "For example", "How to fix it"),
    row="Row {row}",
    row_of_sheet="{sheet}, row {row}",
    colon=": ",
    legend=(
        "What the colours mean", "A bold cell in this colour must be put right before the number can move.", "A cell in this colour is worth a look; the number can move as it is.",
    ),
)  # fmt: skip

_FRENCH = _Text(
    language="fr",
    states={
        "rejected": "Pas transmis au fournisseur\u00a0: une correction de votre part est nécessaire.",
        "carrier_rejected": "Le fournisseur actuel a refusé; son motif figure au bout de chaque ligne.",
        "held": "En attente d'autres lignes de la même commande, d'une commande précédente du même compte, ou de ce qu'indique «\u00a0What is wrong\u00a0».",
        "ready": "Sera transmis au fournisseur au prochain envoi.",
        "duplicate": "La même demande une deuxième fois; rien à faire.",
        "submitted": "En attente de la réponse du fournisseur.",
        "acknowledged": "Le fournisseur y travaille; pas encore de date.",
        "delayed": "Le fournisseur a besoin de plus de temps.",
        "confirmed": "Le fournisseur a donné la date\u00a0: voir «\u00a0Confirmed Date\u00a0».",
        "completed": "Le numéro sonne maintenant à son nouvel endroit.",
        "cancel_pending": "En attente de la réponse du fournisseur.",
        "cancelled": "Le numéro reste chez son fournisseur actuel.",
        "superseded": "Une ligne corrigée en tient lieu.",
    },
    results="Résultats pour {file}",
    check="Vérification de {file}",
    needing=("{needing} ligne sur {rows} demande votre attention.", "{needing} lignes sur {rows} demandent votre attention."),
    fine=("1 ligne, et rien à faire de votre part.", "{rows} lignes, et rien à faire de votre part."),
    to_do="Que faire maintenant",
    steps=(
        "1.  La feuille «\u00a0To fix\u00a0» contient les lignes à corriger, les cellules en cause en couleur. Au bout de chaque ligne, «\u00a0What is wrong\u00a0» dit ce qui ne va pas, et «\u00a0How to fix it\u00a0» comment le corriger.",
        "2.  Inscrivez les bonnes valeurs par-dessus. **** tient lieu du NIP ou du numéro de compte que vous avez envoyé\u00a0: laissez-le, ou écrivez par-dessus.",
        "3.  Laissez «\u00a0Row ID\u00a0» tel quel, enregistrez, et renvoyez ce classeur comme vous avez envoyé le premier. Ce que vous ne touchez pas reste tel quel.",
    ),
    check_steps=(
        "1.  La feuille «\u00a0To fix\u00a0» contient les lignes à corriger, les cellules en cause en couleur. Au bout de chaque ligne, «\u00a0What is wrong\u00a0» dit ce qui ne va pas, et «\u00a0How to fix it\u00a0» comment le corriger.",
        "2.  Corrigez ces lignes dans votre propre feuille, et vérifiez-la de nouveau.",
    ),
    counts=("Résultat (Port Result)", "Lignes", "Ce que cela veut dire"),
    total=("Toutes les lignes", ""),
    orders=("Commandes", "Les lignes qui vont ensemble au fournisseur forment une commande."),
    faults=("Ce qui ne va pas", "Lignes", "Par exemple", "Comment corriger"),
    row="Ligne {row}",
    row_of_sheet="{sheet}, ligne {row}",
    colon="\u00a0: ",
    legend=(
        "Ce que les couleurs veulent dire", "Une cellule en gras de cette couleur doit être corrigée avant que le numéro puisse être transféré.",
        "Une cellule de cette couleur mérite un coup d'œil; le numéro peut être transféré tel quel.",
    ),
)  # fmt: skip

_TEXTS: Mapping[Language, _Text] = {"en": _ENGLISH, "fr": _FRENCH}


@dataclass(frozen=True, slots=True)
class Fault:
    """One kind of fault: what is wrong with the first row that has it and how to fix it, on how many rows, and which row and value that is."""

    what: str
    rows: int
    example: str
    fix: str


def port_results(states: Ints, language: Language = "en") -> Column:
    """What *Port Result* says of rows in these states."""
    return Column.of(["", *(state_words(state.label, language) for state in State)]).take(states)


def summary_of_results(file: str, counts: Mapping[str, int], needing: int, faults: Sequence[Fault], language: Language = "en") -> Summary:
    """The summary of what became of a customer's file.

    Args:
        file: its name.
        counts: state -> number of rows.
        needing: how many of them need somebody.
        faults: what is wrong, the commonest first.
        language: of the customer.
    """
    text = _TEXTS[language]
    return _summary(text, text.results.format(file=file), counts, needing, faults, text.steps, ())


def summary_of_check(file: str, counts: Mapping[str, int], needing: int, orders: int, faults: Sequence[Fault]) -> Summary:
    """The summary of a check, for who made it."""
    text = _ENGLISH
    return _summary(text, text.check.format(file=file), counts, needing, faults, text.check_steps, [(text.orders[0], f"{orders:,}", text.orders[1])])


def _summary(
    text: _Text, title: str, counts: Mapping[str, int], needing: int, faults: Sequence[Fault], steps: Sequence[str], more: Sequence[tuple[str, str, str]],
) -> Summary:  # fmt: skip
    rows = sum(counts.values())
    one, several = text.needing if needing else text.fine
    headline = (one if (needing or rows) == 1 else several).format(needing=counted(needing, text.language), rows=counted(rows, text.language))
    lines = [(state_words(state, text.language), counted(counts[state], text.language), meaning) for state, meaning in text.states.items() if counts.get(state)]
    blocks = [Block(text.counts, [*lines, (text.total[0], counted(rows, text.language), text.total[1]), *more])]
    if needing:
        blocks.insert(0, Block((text.to_do,), [(step,) for step in steps]))
    if faults:
        blocks.append(Block(text.faults, [(fault.what, counted(fault.rows, text.language), fault.example, fault.fix) for fault in faults]))
    return Summary(title, headline, blocks, text.legend if faults else None)


def commonest_faults(source: Source, told: Told, reasons: Mapping[int, Sequence[Words]] | None = None, only: Mask | None = None, language: Language = "en") -> list[Fault]:
    """The commonest faults: what the carriers said and errors before warnings, each with the first row that has it.

    Args:
        source: the file.
        told: what is wrong with its rows.
        reasons: position -> what the carrier said.
        only: some of its rows.
        language: of the customer.
    """
    text = _TEXTS[language]
    rows: dict[tuple[int, str], int] = {}
    first: dict[tuple[int, str], tuple[int, str, str, Words]] = {}
    at_fault = np.union1d(told.rows, np.fromiter(reasons or (), np.int64))
    for at, kinds in _by_row(told, reasons or {}, at_fault if only is None else at_fault[only[at_fault]]):
        for kind, (column, value, words) in kinds.items():
            rows[kind] = rows.get(kind, 0) + 1
            first.setdefault(kind, (at, column, value, words))
    commonest = sorted(rows, key=lambda kind: (kind[0], -rows[kind]))[:_MOST_FAULTS]
    return [Fault(first[kind][3].message, rows[kind], _example(text, source, *first[kind][:3]), first[kind][3].fix) for kind in commonest]


def _by_row(told: Told, reasons: Mapping[int, Sequence[Words]], rows: Ints) -> Iterator[tuple[int, dict[tuple[int, str], tuple[str, str, Words]]]]:
    """Some rows with their kinds of faults, grave ones numbered 0 and others 1: the column, the value and the words of the first of each kind."""
    for at in rows.tolist():
        kinds: dict[tuple[int, str], tuple[str, str, Words]] = {}
        for words in reasons.get(at, ()):
            # What a carrier says of a whole order has no fix of its own: that stands with the reason.
            if words.fix:
                kinds.setdefault((0, f"carrier: {words.message}"), ("", "", words))
        for each in told.sentences.get(at, ()):
            kinds.setdefault((int(each.severity != "error"), each.code), (each.column or "", each.value, each.words))
        yield at, kinds


def _example(text: _Text, source: Source, at: int, column: str, value: str) -> str:
    """Which row, and what stands in its cell; of a blank cell or a whole row, which number it asks for."""
    sheet, row = source.sheets[source.sheet_at(at)].name, int(source.requests.row[at])
    where = (text.row_of_sheet if len(source.sheets) > 1 and sheet else text.row).format(sheet=sheet, row=row)
    shown = f"{column}{text.colon}{value}" if column and value else source.cell(at, "tn")
    return f"{where}, {shown}" if shown else where
