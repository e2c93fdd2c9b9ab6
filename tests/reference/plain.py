"""The rules of the contract, sections 4, 5, 7, 8, 10 and 12, once more: row by row, with loops and ifs, so that tests can hold the product against them.

Above each rule stands the sentence of the contract that it comes from. Nothing here is taken from the product's code: only the data files are shared.
`check` knows one customer's one sheet, as `batchport check` does where nothing was taken in before. Numbers are read in `telephone`, addresses in
`places`, dates in `days`; `row` has what they share.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from typing import Any

from batchport.domain.fields import ADDRESS, NAMES
from tests.reference.days import read_date
from tests.reference.places import read_address
from tests.reference.row import CODES, ERRORS, Case, Terms, area_places, carriers, fold, of_carrier, squeeze, whole
from tests.reference.telephone import in_full, numbers_of_cell, read_number, telephone, toll_free, unassignable, unportable

__all__ = ["CODES", "area_places", "check"]

YES = {"y", "yes", "true", "1"}
NO = {"n", "no", "false", "0"}
COMPANY_WORDS = {"llc", "inc", "incorporated", "corp", "corporation", "ltd", "limited", "co", "company", "lp", "llp", "pllc", "pc", "group", "holdings"}


def check(rows: list[dict[str, str]], customer: dict[str, Any]) -> list[dict[str, Any]]:
    """What the contract says of each of these rows, in their order: row number (from 2), state, findings, values and order.

    A row that names several numbers makes as many. `customer` is what is not as usual of `Terms`.
    """
    terms = Terms(**customer)
    cases = [case for number, row in enumerate(rows, 2) for case in cases_of(number, row, terms)]
    for case in cases:
        fill_defaults(case)
    for case in cases:
        read_number(case)
        read_kind(case)
        read_carrier(case)
    auto_account_types(cases, terms)
    for case in cases:
        read_account(case)
        read_people(case)
        read_address(case)
        read_the_rest(case)
        read_date(case)
        read_papers(case)
    short_pins(cases)
    same_numbers(cases)
    counted = [case for case in cases if not case.duplicate]
    single_lines_with_company(counted)
    repeated_lines(counted)
    orders = group(counted)
    belonging: dict[tuple[str, ...], list[Case]] = defaultdict(list)  # members, and those whose own key cannot be made
    for case in counted:
        for key in case.belongs:
            belonging[key].append(case)
    for key, members in orders.items():
        agree(key, members)
        settle_partial(key, members, [case for case in belonging[key] if case.belongs != [key] or case not in members])
    failed = {case for case in counted if case.wrong}
    for key, members in orders.items():
        sent = [case for case in members if case not in failed]
        hold(key, sent, [case for case in belonging[key] if case in failed], terms)
        # What holds an order is no error of a row, unless the customer says so ("A customer's `severities` raise or lower by code").
        failed |= {case for case in sent if any(case.found.get((code, "")) == "error" for code in HOLDING)}
    return [result(case, failed) for case in cases]


#: What says of an order that it cannot go, or not whole.
HOLDING = ("order-held", "order-split", "carrier-no-route")

# A row by itself


def cases_of(number: int, row: dict[str, str], terms: Terms) -> list[Case]:
    """The requests that a row of the sheet makes: one, or one for each number that its cell names."""
    # "A range or list in the cell makes a row for each number, all with the sheet's row number, at most 1,000 a cell"
    written = {name: squeeze(row.get(name, "")) for name in NAMES}
    named = numbers_of_cell(written["tn"])
    if named is None:
        return [Case(number, written, terms)]
    if isinstance(named, str):
        case = Case(number, written, terms)
        case.note("tn-range-invalid", "tn")
        return [case]
    cases = [Case(number, written | {"tn": one}, terms) for one in named]
    for case in cases:
        case.note("tn-range-expanded", "tn")
    return cases


def fill_defaults(case: Case) -> None:
    """Put the customer's defaults into blank cells."""
    # "A customer's `defaults: {name: value}` fills blank cells and absent columns (`value-defaulted`)."
    for name, value in case.terms.defaults.items():
        if not case.written[name] and not (name == "account_type" and value == "auto"):
            case.written[name] = squeeze(value)
            case.note("value-defaulted", name)


def read_kind(case: Case) -> None:
    """Number Type, and with it the number class."""
    text = case.written["number_type"]
    tolled = case.readable and toll_free(case.values["tn"])
    kinds = {"businesslocal": "business_local", "businesstollfree": "business_toll_free", "residential": "residential", "wireless": "wireless"}
    kind = kinds.get(fold(text))
    if not text:
        # "Blank: a toll-free number is `business_toll_free`, else `number-type-missing`"
        if tolled:
            kind = "business_toll_free"
        else:
            case.note("number-type-missing", "number_type")
    elif kind is None:
        case.note("number-type-invalid", "number_type")
    elif tolled and kind == "residential":
        # "Residential on a toll-free number becomes `business_toll_free`." "`number-type-changed`(info)"
        kind = "business_toll_free"
        case.note("number-type-changed", "number_type")
    elif case.readable and (kind in {"business_local", "wireless"} if tolled else kind == "business_toll_free"):
        # "`number-type-mismatch`: toll-free type on another number, or `business_local`/`wireless` on a toll-free one"
        case.note("number-type-mismatch", "number_type")
    case.values["number_type"] = kind or text or None
    # "number class (toll-free by the number; else `wireless` by type; else local)"
    if tolled:
        case.number_class = "toll_free"
    elif kind == "wireless":
        case.number_class = "wireless"


def read_carrier(case: Case) -> None:
    """Current Carrier, RespOrg ID and Unlocked."""
    text = case.written["losing_carrier"]
    names, aliases, _ = carriers()
    # "required; matched to the directory of carriers and its aliases"; "`losing_carrier` the directory's name, an unknown one as written"
    if not text:
        case.note("carrier-missing", "losing_carrier")
        case.values["losing_carrier"] = None
    elif fold(text) in names:
        case.values["losing_carrier"] = names[fold(text)]
    elif fold(text) in aliases:
        case.values["losing_carrier"] = aliases[fold(text)]
        case.note("value-normalised", "losing_carrier")
    else:
        case.values["losing_carrier"] = text
        case.note("carrier-unknown", "losing_carrier")
    case.values["unlocked"] = yes_or_no(case, "unlocked")
    # "`carrier-unlock`: the directory says it must be unlocked, and `unlocked` is not yes"
    if of_carrier(case.values["losing_carrier"], "unlock") == "yes" and case.values["unlocked"] != "Y":
        case.note("carrier-unlock", "unlocked")
    # "toll-free only: who controls the number now; five letters or digits"; "what is not asked for is null"
    resporg = case.written["resporg_id"]
    case.values["resporg_id"] = None
    if case.number_class == "toll_free" and resporg:
        case.values["resporg_id"] = resporg.upper()
        if not re.fullmatch(r"[A-Z0-9]{5}", resporg.upper()):
            case.values["resporg_id"] = resporg
            case.note("resporg-invalid", "resporg_id")


def yes_or_no(case: Case, name: str) -> str | None:
    """Y, N, nothing, or what is written where it is neither."""
    text = case.written[name]
    # "yes or no in any usual spelling"; "`value-normalised`(info): ... yes/no. Case, spaces, punctuation ... change silently"
    for sign, words in (("Y", YES), ("N", NO)):
        if fold(text) in words:
            if fold(text) != sign.lower():
                case.note("value-normalised", name)
            return sign
    return text or None


def account_as_written(case: Case) -> str:
    """The account number without what is taken out of it."""
    # "spaces, dashes and hyphens are taken out"
    text = whole(case.written["account_number"])
    return re.sub(r"[\s\-\u2010-\u2015\u2212]", "", in_full(text) or text)


def stand_in(case: Case) -> str:
    """What stands for an account number that is not given."""
    # "Blank: the number itself; Multi-Line: the primary number": a row that names a primary number has that one's account.
    btn, _ = telephone(case.written["btn"])
    return btn if btn is not None and case.number_class == "local" else case.values["tn"] or "" if case.readable else ""


def auto_account_types(cases: list[Case], terms: Terms) -> None:
    """Single-Line or Multi-Line where the customer leaves it to us."""
    # "A default of `auto`: Multi-Line when the BTN is another number or the account has other rows, else Single-Line"
    if terms.defaults.get("account_type") != "auto":
        return
    accounts: dict[tuple[str, str], list[Case]] = defaultdict(list)
    for case in cases:
        account, carrier = account_as_written(case) or stand_in(case), fold(case.values["losing_carrier"])
        if account and carrier:
            accounts[carrier, account].append(case)
    for case in cases:
        if case.written["account_type"]:
            continue
        btn, _ = telephone(case.written["btn"])
        other_btn = case.number_class == "local" and btn is not None and btn != case.values["tn"]
        same = accounts.get((fold(case.values["losing_carrier"]), account_as_written(case) or stand_in(case)), [])
        company = any(other is not case and (not case.readable or other.values["tn"] != case.values["tn"]) for other in same)
        case.written["account_type"] = "Multi-Line" if other_btn or company else "Single-Line"
        case.note("value-defaulted", "account_type")
        case.account_type_told = True


def read_account(case: Case) -> None:
    """Account Type, Primary Phone Number, Billing Account Number and PIN."""
    local, wireless = case.number_class == "local", case.number_class == "wireless"
    # "`single_line`, `multi_line`; wireless: not asked for"
    text = case.written["account_type"]
    kind = {"singleline": "single_line", "multiline": "multi_line"}.get(fold(text))
    case.values["account_type"] = None
    if not wireless:
        case.values["account_type"] = kind or text or None
        if not text:
            case.note("account-type-missing", "account_type")
        elif kind is None:
            case.note("account-type-invalid", "account_type")

    # "Single-Line: the number itself, filled in when blank. Multi-Line: required, ported or not. Toll-free and wireless: not asked for, not sent, not
    # compared"
    case.values["btn"] = None
    if local:
        btn, problem = telephone(case.written["btn"])
        case.values["btn"] = btn or case.written["btn"] or None
        if problem == "missing":
            if kind == "multi_line":
                case.note("btn-missing", "btn")
            elif kind == "single_line" and case.readable:
                case.values["btn"] = case.values["tn"]
                case.note("btn-defaulted", "btn")
        elif btn is None or unassignable(btn) or unportable(btn):
            # The number itself again, and wrong: one cause, one finding.
            if btn is None or btn != case.values["tn"]:
                case.note("btn-invalid", "btn")
        elif toll_free(btn):
            # "`btn-toll-free`(on a local row)"
            case.note("btn-toll-free", "btn")
        elif kind == "single_line" and case.readable and btn != case.values["tn"]:
            # "`btn-mismatch`(Single-Line, yet not the number)"
            case.note("btn-mismatch", "btn")

    # "letters and digits, 1 to 40; spaces, dashes and hyphens are taken out. Blank: the number itself; Multi-Line: the primary number. Wireless:
    # required"
    # "Where a spreadsheet holds all digits ..., they are taken (up to 15); where they are gone: ... `account-rounded`"
    account = account_as_written(case)
    case.values["account_number"] = account or None
    if in_full(whole(case.written["account_number"])) is None:
        case.values["account_number"] = case.written["account_number"]
        case.note("account-rounded", "account_number")
    elif not case.written["account_number"]:
        if wireless:
            case.note("account-missing", "account_number")
        elif local and kind == "multi_line":
            if btn:
                fill_account(case, btn)
        elif case.readable:
            fill_account(case, case.values["tn"])
    elif not re.fullmatch(r"[A-Za-z0-9]{1,40}", account) or not of_form(account, of_carrier(case.values["losing_carrier"], "account_form")):
        case.values["account_number"] = case.written["account_number"]
        case.note("account-invalid", "account_number")
    elif account != in_full(whole(case.written["account_number"])):
        case.note("account-cleaned", "account_number")

    # "letters and digits, 1 to 32. Blank: `0000`. Wireless: required; all zeros is `pin-missing`"
    pin = whole(case.written["pin"])
    case.values["pin"] = pin or None
    if not pin and not wireless:
        case.values["pin"] = "0000"
        case.note("pin-defaulted", "pin")
    elif wireless and not pin.strip("0"):
        case.note("pin-missing", "pin")
    elif not re.fullmatch(r"[A-Za-z0-9]{1,32}", pin) or not of_form(pin, of_carrier(case.values["losing_carrier"], "pin_form")):
        case.note("pin-invalid", "pin")


def of_form(text: str, form: str) -> bool:
    """Whether the text is as a carrier's account numbers or codes are: "6 digits", "6-10 digits", "34 letters and digits"."""
    # "(carrier and profile narrow it)"
    shape = re.fullmatch(r"(\d+)(?:-(\d+))? (digits|letters and digits)", form)
    return not shape or bool(re.fullmatch(f"{'[0-9]' if shape[3] == 'digits' else '[A-Za-z0-9]'}{{{shape[1]},{shape[2] or shape[1]}}}", text))


def fill_account(case: Case, number: str | None) -> None:
    """Take a telephone number for the account number."""
    case.values["account_number"] = number
    case.account_filled = True
    case.note("account-defaulted", "account_number")


def read_people(case: Case) -> None:
    """The two names."""
    case.values["name"] = case.written["name"] or None
    if not case.values["name"]:
        case.note("name-missing", "name")
    case.values["authorized_name"] = case.written["authorized_name"] or None
    subscriber = case.values["number_type"] == "residential" or case.number_class == "wireless"
    if not case.values["authorized_name"]:
        # "one person. Residential and wireless: the subscriber, filled in when blank"
        if not subscriber:
            case.note("authorized-missing", "authorized_name")
        elif case.values["name"]:
            case.values["authorized_name"] = case.values["name"]
            case.note("authorized-defaulted", "authorized_name")
    # "Authorized Name: one person. Residential and wireless: the subscriber"; "`authorized-not-person`(warning) `authorized-differs`(warning)". One
    # cause, one finding. A wireless account may be a company's, and a residential one that of two people: there the subscriber is what is asked for.
    text = case.values["authorized_name"] or ""
    differs = subscriber and bool(case.written["authorized_name"] and case.values["name"]) and fold(text) != fold(case.values["name"])
    company = bool(words_of(text) & COMPANY_WORDS)
    if text and case.number_class != "wireless" and (company or (not subscriber and several_people(text))):
        case.note("authorized-not-person", "authorized_name")
    elif differs:
        case.note("authorized-differs", "authorized_name")
    for name, most in case.terms.limits.items():
        # "`name-too-long`(warning, with the text as the profile will cut it)"
        if len(case.values[name] or "") > most:
            case.note("name-too-long", name)


def words_of(text: str) -> set[str]:
    """The words of a name, made comparable."""
    return {fold(word) for word in re.split(r"[\s\-,]+", text)}


def several_people(text: str) -> bool:
    """Whether the text joins the names of several people."""
    return bool(re.search(r"&|/|;|,|\b(and|or)\b", text, re.IGNORECASE))


def read_the_rest(case: Case) -> None:
    """The line, the order's own words, and what is only handed on."""
    for name in ("destination", "requested_date", "loa_file", "invoice_file", "reseller", "contact_email", "customer_ref", "notes"):
        case.values[name] = case.written[name] or None
    case.values["row_id"] = case.written["row_id"].upper() or None  # "compared without case"
    # "Roster (a customer's CSV `line,takes`, `one` or `many`) where there is one"
    if not case.written["destination"]:
        case.note("destination-missing", "destination")
    elif case.terms.roster is not None and case.written["destination"] not in case.terms.roster:
        case.note("destination-unknown", "destination")
    if case.written["contact_email"] and not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s.]+", case.written["contact_email"]):
        case.note("email-invalid", "contact_email")
    # "blank, `correct`, `cancel`"
    case.values["action"] = case.written["action"] or None
    if case.written["action"]:
        if fold(case.written["action"]) not in {"correct", "cancel"}:
            case.note("action-invalid", "action")
        else:
            case.values["action"] = fold(case.written["action"])
    # "A row that speaks of a row: by Row ID, or by `correct` or `cancel` and a number of this customer's; none: `row-unknown`." Nothing was taken in
    # before, so there is none. A number that cannot be read speaks of nothing, and has its finding: one cause, one finding.
    if case.written["row_id"] or (case.values["action"] in {"correct", "cancel"} and case.readable):
        case.note("row-unknown", "row_id")
    case.values["partial"] = yes_or_no(case, "partial")
    if case.values["partial"] not in {None, "Y", "N"}:
        case.note("partial-invalid", "partial")
    case.partial_as_given = case.values["partial"]
    number, problem = telephone(case.written["new_btn"])
    case.values["new_btn"] = number or case.written["new_btn"] or None
    special = number is not None and unportable(number)
    if problem != "missing" and (number is None or unassignable(number) or special or toll_free(number)):
        case.note("new-btn-invalid", "new_btn")


def read_papers(case: Case) -> None:
    """Which papers the row needs, and whether they are there."""
    # "LOA required: country CA, toll-free, or `papers: {loa: always}` of partner or customer; invoice: only `papers: {invoice: always}`."
    papers = case.terms.papers
    asked = {
        "loa": case.values["country"] == "CA" or case.number_class == "toll_free" or papers.get("loa") == "always",
        "invoice": papers.get("invoice") == "always",
    }
    for paper, required in asked.items():
        name = case.written[f"{paper}_file"]
        there = (case.terms.papers_there or {}).get(name)
        if not name:
            if required:
                case.note(f"{paper}-missing", f"{paper}_file")
        # "`check` and `run` look in the sheet's own folder or zip"
        elif case.terms.papers_there is not None and there is None:
            case.note(f"{paper}-not-found", f"{paper}_file")
        elif there is False:
            case.note(f"{paper}-unusable", f"{paper}_file")


# Rows beside each other


def short_pins(cases: list[Case]) -> None:
    """Security codes that have lost their first zeros, it seems."""
    # "`pin-short`(warning: shorter than the file's others by lost zeros, it seems; not changed)": most codes of the file have one length, all digits.
    given = [case for case in cases if "pin" not in case.broken and whole(case.written["pin"]).isdigit()]
    lengths = Counter(len(case.values["pin"] or "") for case in given)
    if not lengths:
        return
    usual, times = lengths.most_common(1)[0]
    for case in given:
        pin = case.values["pin"] or ""
        if times * 2 > len(given) and len(pin) < usual and pin[0] != "0":
            case.note("pin-short", "pin")


def same_numbers(cases: list[Case]) -> None:
    """What comes twice, alike or not."""
    groups: dict[str, list[Case]] = defaultdict(list)
    for case in cases:
        if case.readable:
            groups[case.values["tn"] or ""].append(case)
    # "same data (all fields but `customer_ref`, `row_id`, `action`, after normalising)"
    compared = [name for name in NAMES if name not in {"customer_ref", "row_id", "action"}]
    for group_ in groups.values():
        data = [tuple(case.values[name] for name in compared) for case in group_]
        # "other data: `tn-conflict` on all of them"; a number that is wrong by itself is one cause, and has its finding.
        if len(set(data)) > 1 and "tn" not in group_[0].broken:
            for case in group_:
                case.note("tn-conflict", "tn")
            continue
        # "the first counts, the others are `duplicate`, with `tn-repeated` and no other finding, infos included"
        for place, case in enumerate(group_):
            if data[place] in data[:place]:
                case.duplicate = True
                case.found = {}
                case.note("tn-repeated", "tn")


def single_lines_with_company(cases: list[Case]) -> None:
    """Single-Line rows whose account is not theirs alone."""
    # "`account-type-mismatch`: Single-Line, yet another row of this customer, carrier and account number asks for another number"
    accounts: dict[tuple[str, str], set[str]] = defaultdict(set)
    for case in cases:
        place = account_place(case)
        if place and case.readable:
            accounts[place].add(case.values["tn"] or "")
    for case in cases:
        place = account_place(case)
        if case.values["account_type"] != "single_line" or case.account_type_told or not case.readable or not place:
            continue
        if accounts[place] - {case.values["tn"]}:
            case.note("account-type-mismatch", "account_type")


def account_place(case: Case) -> tuple[str, str] | None:
    """Carrier and account number, where both are there."""
    # What is wrong with an account number has been said, though the customer may not call it an error: one cause, one finding.
    told = any(name == "account_number" and code in ERRORS for code, name in case.found)
    if told or not case.values["account_number"] or not case.values["losing_carrier"]:
        return None
    return fold(case.values["losing_carrier"]), case.values["account_number"]


def repeated_lines(cases: list[Case]) -> None:
    """Lines that several numbers are to go to."""
    # "`destination-repeated`(warning; error where the roster says the line takes one)"; "on every row with that line"
    counts = Counter(case.values["destination"] or "" for case in cases)
    for case in cases:
        line = case.values["destination"]
        takes = (case.terms.roster or {}).get(line or "")
        # Nothing is wrong with a line that is known to take many.
        if line and counts[line] > 1 and takes != "many":
            case.note("destination-repeated", "destination", "error" if takes == "one" else "")


# Orders


def carrier_part(case: Case) -> str | None:
    """What stands for the carrier in the key; nothing where it is missing or wrong."""
    # "losing carrier (toll-free: RespOrg first)"; "A RespOrg stands in place of the carrier's name."
    if case.number_class == "toll_free" and case.values["resporg_id"]:
        return None if "resporg_id" in case.broken else "resporg " + case.values["resporg_id"]
    return fold(case.values["losing_carrier"]) or None


def key_of(case: Case) -> tuple[str, ...] | None:
    """The key of the row's order: class, country, carrier, account number, primary number, name; nothing where it cannot be made."""
    # "Key: customer, partner, number class, country, losing carrier, `account_number`, and for local `btn`."
    # "In the key a filled-in account number counts as blank; toll-free rows without one go together by name."
    # The number class is told by the number and the type. What has an error of its own makes no key.
    # What a customer calls no error makes a key as it stands: a row that is not rejected always goes in an order.
    carrier = carrier_part(case)
    country = case.values["country"] or ""
    if not case.readable or (case.wrong and (carrier is None or {"number_type", "country", "account_number"} & case.broken)):
        return None
    account = "" if case.account_filled else case.values["account_number"] or ""
    btn = name = ""
    if case.number_class == "local":
        btn = valid_btn(case) or ""
        if case.wrong and (not btn or not country):
            return None
    if case.number_class == "toll_free" and not account:
        name = fold(case.values["name"])
        if case.wrong and not name:
            return None
    return case.number_class, country, carrier or "", account, btn, name


def valid_btn(case: Case) -> str | None:
    """The primary number, where it is one."""
    return None if "btn" in case.broken else case.values["btn"]


def group(cases: list[Case]) -> dict[tuple[str, ...], list[Case]]:
    """Orders: key -> the rows of that key, rejected ones too; and on each row, the orders that it belongs to."""
    orders: dict[tuple[str, ...], list[Case]] = defaultdict(list)
    for case in cases:
        # "a rejected row counts to the order of its key."
        key = key_of(case)
        if key:
            case.belongs = [key]
            orders[key].append(case)
    for case in cases:
        if case.belongs:
            continue
        # "Where the key cannot be made, it counts to every order of the same customer, carrier (any, where that is what is missing) and file that
        # shares its valid `btn`, or else its valid `account_number`; where neither is valid, to none."
        btn = valid_btn(case)
        carrier = {carrier_part(case) or "", fold(case.values["losing_carrier"])} - {""}
        account = case.values["account_number"] if "account_number" not in case.broken else None
        for key, members in orders.items():
            theirs = {key[2]} | {fold(member.values["losing_carrier"]) for member in members}
            if carrier and not theirs & carrier:
                continue
            if (btn and key[4] == btn) or (not btn and account and account in {member.values["account_number"] for member in members}):
                case.belongs.append(key)
    return dict(orders)


def agree(key: tuple[str, ...], members: list[Case]) -> None:
    """Say which rows differ from the others of their order."""
    # "the rows of one order agree on name, authorized name, `number_type`, address, date, `partial`, `new_btn`, `loa_file`, and (but wireless) `pin`;
    # toll-free: not on what it is not asked for."
    names = ["name", "authorized_name", "number_type", "requested_date", "partial", "new_btn", "loa_file"]
    if key[0] != "toll_free":
        names += ADDRESS
    if key[0] != "wireless":
        names.append("pin")
    for name in names:
        # "Rejected rows are compared too, field by field, leaving out fields that already have an error."
        compared = [case for case in members if name not in case.broken]
        # "Compared without case, spaces and punctuation"
        commonest = most_common([fold(case.values[name]) for case in compared])
        alike = [case for case in compared if fold(case.values[name]) == commonest]
        spelling = most_common([case.values[name] or "" for case in alike])
        for case in compared:
            if fold(case.values[name]) != commonest:
                # "`order-rows-disagree` stands on the rows that differ from the commonest value (tie: from the first row's)"
                case.note("order-rows-disagree", name)
            elif (case.values[name] or "") != spelling:
                # "where only these differ the commonest spelling is sent (`name-spelling`)"; "`name-spelling` on the rows that differ"
                case.note("name-spelling", name)


def most_common(texts: list[str]) -> str | None:
    """The commonest of them; of equally common ones the first."""
    return Counter(texts).most_common(1)[0][0] if texts else None


def settle_partial(key: tuple[str, ...], members: list[Case], guests: list[Case]) -> None:
    """Whether numbers stay on the account, and whether that can be."""
    # "a rejected row counts to the order of its key. Where the key cannot be made, it counts to every order of ..."
    counted = members + guests
    numbers = {case.values["tn"] for case in counted if case.readable}
    btn = key[4]
    partial = most_common([case.partial_as_given or "" for case in members if "partial" not in case.broken])
    partial = partial if partial in {"Y", "N"} else ""  # what is neither says nothing
    # What the order says is the commonest value, as where the rows are compared.
    new_btn = most_common([case.values["new_btn"] or "" for case in members if "new_btn" not in case.broken])
    # Where one is named that cannot be, that is the cause, and has its finding.
    unusable = any(case.found.get(("new-btn-invalid", "new_btn")) == "error" for case in members)
    local = key[0] == "local"
    multi = local and any(case.values["account_type"] == "multi_line" for case in members)
    derived: str | None = "N"  # of a toll-free or wireless order, whose primary number nobody asks for: "`PARTIAL` Y or N" (section 9)
    if multi:
        # "blank: ... Multi-Line: Y when the BTN is not among the order's numbers or the order is one row, else N with `partial-assumed`."
        derived = "Y" if btn not in numbers or len(counted) == 1 else "N"
    elif local and not any(case.values["account_type"] == "single_line" for case in members):
        derived = None
    for case in members:
        case.partial_of_order = partial or derived
    for case in members:
        # "These three, and `order-split`, stand on every row of the order"
        if not partial and multi and derived == "N":
            case.note("partial-assumed", "partial")
        # "`order-btn-not-listed`: says N, yet the BTN is not among them."
        if multi and partial == "N" and btn not in numbers:
            case.note("order-btn-not-listed", "btn")
        # "`order-new-btn`: Y, the BTN is among them and `new_btn` is blank, or `new_btn` is the BTN or one of them."
        said = partial or derived
        if (said == "Y" and btn in numbers and new_btn == "" and not unusable) or (new_btn and new_btn in numbers | {btn}):
            case.note("order-new-btn", "new_btn")


def hold(key: tuple[str, ...], members: list[Case], failed: list[Case], terms: Terms) -> None:
    """Settle whether an order's rows can go: `members` are those without an error, `failed` the others that count to it."""
    routed = has_route(members, terms)
    if failed and members:
        # "a rejected row in it: the others are `held` with `order-held`. `on_rejected_row: release` ... sends the rest (not past
        # `order-rows-disagree`): the order is then partial, and where its BTN is among the numbers sent and `new_btn` is blank it stays held with
        # `order-new-btn`"
        disagree = any(found[0] == "order-rows-disagree" and severity == "error" for case in failed for found, severity in case.found.items())
        if terms.on_rejected_row == "release" and not disagree:
            without_new = key[4] in {case.values["tn"] for case in members} and not any(case.values["new_btn"] for case in members)
            for case in [*members, *failed]:
                case.found.pop(("partial-assumed", "partial"), None)  # what the order says of it is settled
            for case in members:
                case.partial_of_order = "Y"
                if without_new:
                    case.note("order-new-btn", "new_btn")
                    case.waits = True
        else:
            for case in members:
                case.note("order-held", "")
                case.waits = True
    # "Also held: `order-account-busy`, `carrier-no-route`."
    if not routed:
        for case in members:
            case.note("carrier-no-route", "")
            case.waits = True
    if len(members) > terms.max_lines:
        split(key, members, terms)


def has_route(members: list[Case], terms: Terms) -> bool:
    """Whether a partner takes the order."""
    # "`routes: [{partner, losing_carrier, number_class, country, customer}]` (first match; no condition matches all)"
    if terms.routes is None or not members:
        return True
    first = members[0]
    theirs = {"losing_carrier": first.values["losing_carrier"], "number_class": first.number_class, "country": first.values["country"], "customer": "acme"}
    return any(all(fold(route[name]) == fold(theirs[name]) for name in route if name != "partner") for route in terms.routes)


def split(key: tuple[str, ...], members: list[Case], terms: Terms) -> None:
    """Take an order apart that has more numbers than the partner takes."""
    # "Over the profile's `max_lines` ... an order is split (`order-split`): parts go one after another, all but the last with PARTIAL Y, the BTN in the
    # last."
    members = sorted(members, key=lambda case: case.values["tn"] == key[4])
    last = (len(members) - 1) // terms.max_lines
    for place, case in enumerate(members):
        case.note("order-split", "")
        case.part = place // terms.max_lines
        case.waits = case.waits or case.part > 0
        if case.part < last:
            case.partial_of_order = "Y"


def result(case: Case, failed: set[Case]) -> dict[str, Any]:
    """The row as tests compare it."""
    # "the first that fits: an error of its own: `rejected`; the same again: `duplicate`; its order cannot go: `held`; else `ready`."
    state = "duplicate" if case.duplicate else "rejected" if case in failed else "held" if case.waits else "ready"
    # "`order` is an opaque string, the same for rows that go together; null for rows that are `rejected`, `duplicate` or `superseded`"
    order = "|".join([*case.belongs[0], str(case.part)]) if state in {"held", "ready"} and case.belongs else None
    # "rows that are `rejected`, `duplicate` or `superseded` belong to no order": nothing is told for them that only an order can tell.
    if state in {"held", "ready"} and case.partial_of_order:
        case.values["partial"] = case.partial_of_order
    return {
        "row": case.row, "state": state, "codes": sorted(case.found), "severities": case.found,
        "values": {name: case.values[name] for name in NAMES}, "order": order,
    }
