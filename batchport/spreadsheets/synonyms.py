"""What a header means, told from its words: for headers that no list has whole.

A header is cut into words, each word is brought to its plain form (`Acct`, `compte` -> account), and a field is taken only where the words that it
needs are there and *nothing is left over*: `Billing Address`, `Contact Phone` and `New Carrier` each have a word that no rule of a service address,
number to port or losing carrier allows. English and the French of Québec.

Like `headers`, needs neither pandas nor Arrow.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import pairwise

#: How far a rule may be trusted: by the words alone, when the cells agree, or as a suggestion only.
CERTAIN, BY_CONTENT, SUGGESTED = 0, 1, 2

_LONGEST = 80
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z]{2})|(?<=[A-Za-z])(?=[0-9])|(?<=[0-9])(?=[A-Za-z])")
_POSSESSIVE = re.compile(r"['\u2019]s\b")
_ASIDE = re.compile(r"^\s*\*|\s*(?:[-:*\u2013]\s*(?:required|optional|mandatory|obligatoire)|\*)\s*$", re.IGNORECASE)
_WORD = re.compile(r"[a-z0-9]+")

#: Said in several words (joined with single spaces, after accents and signs are gone) -> one word.
_PHRASES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(rf"\b(?:{pattern})\b"), f" {word} ")
    for pattern, word in (
        (r"e mails?|adresses? (?:electronique|courriel|de courriel)s?", "email"),
        (r"a c(?= (?:no|num|number|numero))", "account"),
        (r"p i n", "pin"),
        (r"toll free|sans frais|1 800|8 ?xx", "tollfree"),
        (r"sans fil", "wireless"),
        (r"mots? de passe", "password"),
        (r"raison sociale", "company name"),
        (r"nom de famille|family name", "last name"),
        (r"given name", "first name"),
        (r"end users?|utilisateur final", "enduser"),
        (r"resp org|responsible org(?:ani[sz]ation)?|organisation responsable", "resporg"),
        (r"letters? of (?:authori[sz]ation|agency)|lettres? d autorisation", "loa"),
        (r"zip (?:code )?(?:plus )?(?:4|four)", "zip four"),
        (r"y n|yes no|oui non|o n", ""),
        (r"(?:telephone|phone) (?:service )?(?:company|co|carrier|provider)|(?:compagnie|fournisseur|operateur) (?:de )?telephon(?:e|ie|ique)", "carrier"),
        (r"f name", "first name"),
        (r"l name", "last name"),
        (r"(?:number|num|no|count|total|qty|quantity) of(?= (?:tns|lines|numbers|dids|phones|accounts|ports)\b)|nombre de|total", "count"),
        (r"port(?:ed|ing)? from|transfer(?:red|ring)? from", "portfrom"),
        (r"(?:port|ported|porting|assign|assigned|route|ring|rings|point|points|terminate|terminates|move|transfer) to(?= (?!be\b)[a-z])|(?<!to )(?:port|assign|route|ring|point) to$", "portto"),
        (r"port outs?", "port out"),
        (r"n ?°|#", "number"),
    )
)

#: Plain form -> the ways it is written.
_FORMS = {
    "phone": "phone phones telephone telephones tel tele ph phn teleph fone",
    "number": "number numbers num nums no nos nbr nbrs nmbr nb nr numero numeros",
    "tn": "tn tns did dids ddi mdn ctn wtn msisdn",
    "range": "range ranges plage",
    "tollfree": "tollfree",
    "wireless": "wireless mobile mobiles cell cellular cellulaire cel",
    "account": "account accounts acct accts acc accnt acnt compte comptes",
    "ban": "ban",
    "btn": "btn btns atn eatn",
    "billing": "billing bill bills billed facturation",
    "invoice": "invoice invoices inv facture factures",
    "mailing": "mailing shipping postale",
    "service": "service services svc svce serv srv",
    "address": "address addresses addr addrs adr adresse",
    "street": "street streets str strt rue",
    "st": "st",
    "house": "house civic civique",
    "city": "city town ville municipality municipalite locality localite",
    "state": "state states province provinces prov etat territory territoire",
    "zip": "zip zips zipcode zipcodes postal postcode postalcode",
    "code": "code codes cd abbr abbreviation",
    "country": "country pays cntry",
    "name": "name names nm nom noms",
    "company": "company companies business bus biz co corporate corporation organization organisation entreprise societe compagnie entity affaires",
    "customer": "customer customers cust client clients",
    "subscriber": "subscriber subscribers abonne abonnes",
    "enduser": "enduser eu",
    "holder": "holder titulaire",
    "owner": "owner owners proprietaire",
    "legal": "legal registered",
    "carrier": "carrier carriers provider providers fournisseur fournisseurs operator operateur telco lec clec ilec lsp",
    "vendor": "vendor vendors supplier",
    "donor": "donor donating cedant",
    "current": "current currently existing present incumbent curr cur actuel actuelle today working",
    "losing": "losing outgoing",
    "old": "old previous prior former ancien ancienne",
    "new": "new nouveau nouvelle gaining winning",
    "replacement": "replacement remaining",
    "authorized": "authorized authorised auth authorizing authorising autorise autorisee",
    "signer": "signer signatory signee signataire approver authorizer",
    "rep": "rep reps representative person personne individual party agent official user responsable",
    "contact": "contact contacts",
    "pin": "pin pins nip passcode passcodes",
    "password": "password passwd pwd",
    "security": "security securite",
    "transfer": "transfer transfers transfert transferer xfer",
    "port": "port ports porting portin porter",
    "portability": "portability portabilite lnp",
    "ported": "ported transferred",
    "out": "out",
    "date": "date dates dt",
    "due": "due",
    "requested": "requested req reqd",
    "wished": "desired preferred wanted souhaitee demandee desiree voulue",
    "target": "target cible",
    "foc": "foc",
    "main": "main primary principal principale pilot lead master",
    "type": "type types typ class",
    "partial": "partial partiel partielle",
    "full": "full complete complet complete whole",
    "email": "email emails courriel courriels",
    "notify": "notify notification notifications update updates",
    "note": "note notes remark remarks remarque remarques comment comments commentaire commentaires instruction instructions",
    "reference": "reference references ref refs",
    "store": "store magasin",
    "site": "site succursale",
    "location": "location emplacement",
    "project": "project projet",
    "ticket": "ticket billet",
    "order": "order commande",
    "first": "first",
    "last": "last",
    "middle": "middle",
    "initial": "initial initials",
    "unit": "unit units suite ste apt apartment appartement unite",
    "floor": "floor flr room rm etage bldg building batiment",
    "direction": "direction directional dir",
    "pre": "pre prefix",
    "post": "post suffix",
    "line": "line lines ligne lignes",
    "trunk": "trunk trunks",
    "group": "group grp",
    "sip": "sip",
    "destination": "destination dest",
    "single": "single simple",
    "multi": "multi multiple",
    "residential": "residential residence res residentiel",
    "loa": "loa",
    "file": "file files filename fichier document doc pdf copy copie image scan attachment",
    "signed": "signed",
    "reseller": "reseller revendeur",
    "unlocked": "unlocked deverrouille",
    "resporg": "resporg",
    "id": "id ids identifier identifiant",
    "physical": "physical installation install premise premises premiere",
    "additional": "additional special other extra general",
    "external": "external",
    "local": "local telecom telecommunications",
    "sub": "sub",
    "extension": "extension ext poste",
    "cutover": "cutover activation golive effective",
    "request": "request",
    "portout": "portout",
    "four": "four",
    "portto": "portto",
    "portfrom": "portfrom",
    "designator": "designator",
    "ntp": "ntp",
    "own": "our",
    "and": "and et",
    "1": "1 one",
    "2": "2 two",
    "5": "5",
}  # fmt: skip
#: One word for several.
_COMPOUNDS = {
    "tfn": ("tollfree", "tn"), "fname": ("first", "name"), "lname": ("last", "name"), "surname": ("last", "name"), "prenom": ("first", "name"),
    "firstname": ("first", "name"), "lastname": ("last", "name"), "fullname": ("full", "name"), "cellphone": ("wireless", "phone"),
    "multiline": ("multi", "line"), "singleline": ("single", "line"), "predir": ("pre", "direction"), "predirectional": ("pre", "direction"),
    "postdir": ("post", "direction"), "postdirectional": ("post", "direction"), "subaccount": ("sub", "account"), "authnm": ("authorized", "name"),
}  # fmt: skip
_LISTED = """
    the a an of for on in at to be being is are as with by from or my your who their its please enter if any only this that which what you want
    wish all list each de du des d la le les l un une ou votre vos au aux sur pour avec chez par etre y yes oui non digit digits field column
    value values indicator flag
"""
_STOP = frozenset(_LISTED.split())
#: Pieces of two letters that a word written together may have.
_SHORT = frozenset(("no", "tn", "id", "nm"))


@dataclass(frozen=True, slots=True)
class Sense:
    """What a header's words say: a field or part, and how far that may be trusted."""

    name: str
    trust: int


@dataclass(frozen=True, slots=True)
class _Rule:
    name: str
    trust: int
    needs: tuple[frozenset[str], ...]
    allows: frozenset[str]

    def fits(self, words: frozenset[str]) -> bool:
        return words <= self.allows and all(not need.isdisjoint(words) for need in self.needs)


def _rules(trust: int, table: str) -> Iterator[_Rule]:
    """Rules from lines `field: needed words (a|b is one of them) / words that may stand beside`."""
    for line in table.strip().splitlines():
        name, _, said = line.strip().partition(":")
        needed, _, beside = said.partition("/")
        needs = tuple(frozenset(word.split("|")) for word in needed.split())
        yield _Rule(name, trust, needs, frozenset(beside.split()).union(*needs))


_RULES: tuple[_Rule, ...] = (
    *_rules(CERTAIN, """
        tn: tn / phone number port ported transfer current tollfree service
        tn: phone / number tn port ported transfer current tollfree service
        tn: number current /
        tn: tollfree number|tn|phone / port ported transfer current number
        tn: number port|ported|transfer / phone tn current tollfree wireless
        tn: number|tn|phone range / number tn phone port ported transfer
        btn: btn / number phone billing main current carrier losing
        btn: btn account /
        btn: billing phone|tn / number account main current carrier losing
        btn: main number|phone|tn|line / number phone tn line billing current carrier losing
        btn: account phone|tn / number billing main current carrier losing
        new_btn: new|replacement btn / number phone main billing tn
        new_btn: new|replacement billing number|phone|tn / number phone main tn
        new_btn: new|replacement main number|phone|tn / number phone tn
        account_number: account number / current losing old carrier billing customer wireless service subscriber company ban main
        account_number: ban / number account billing carrier current losing
        account_number: account / current losing carrier billing
        account_type: account type / current losing carrier line billing
        account_type: single multi / line account type
        number_type: number|phone|tn type / number phone tn port ported
        subscriber_type: customer|subscriber|enduser|location type /
        subscriber_type: residential company / type line phone number customer and
        name: company name / legal customer account billing enduser subscriber full current carrier
        name: customer|subscriber|enduser name / legal full company account billing current
        name: full name / legal customer subscriber enduser company account billing current
        name: account|billing|legal name / legal holder customer full company account billing current carrier
        name: subscriber|enduser /
        name: first name and / last full
        name: account holder / name full
        name: first last / name and full customer
        authorized_name: authorized name|rep|signer|contact|owner / name rep signer contact owner customer company enduser account loa full current carrier
        authorized_name: signer / name loa authorized full contact rep
        authorized_name: loa signer|contact|rep / name authorized
        pin: pin / number code security account transfer port out carrier current losing wireless password ntp
        pin: security code / account pin carrier current losing password
        pin: password / account carrier current losing pin
        pin: ntp / pin number
        losing_carrier: portfrom / name
        losing_carrier: carrier / current losing old donor name company service local wireless tollfree vendor portfrom port
        losing_carrier: vendor current|losing|old / name phone service
        losing_carrier: donor / name
        resporg_id: resporg / id code current losing old tollfree
        street_number: street|st|house|address number / service house street address
        street_number: house number / service street address
        service_address: street|st number name / house service and
        service_address: street|st number and / house service
        street_name: street|st name / service location
        street_type: street|st type|post / service name
        street_direction: direction / street service pre address
        street_post_direction: direction post / street service address
        service_address: address / service street location site physical enduser subscriber 1 line full current house
        service_address: street / service 1 line
        unit: unit / number service floor
        unit: address|street 2 / line service
        unit: address unit / line number service floor street
        unit_type: unit type|designator / service
        city: city / service name location site enduser subscriber address physical
        state: state / service code name location site enduser subscriber address physical
        postal_code: zip / code service location site enduser subscriber address physical 5
        country: country / code name service location address
        destination: destination / line trunk number group id name sip
        destination: portto line|trunk|number|tn|phone|account / sub group sip id name own new
        destination: target line|trunk / group sip
        destination: trunk / group sip id name new
        requested_date: wished|target date / port transfer due foc cutover
        requested_date: port|transfer|portability date / requested wished target due foc
        requested_date: due date / requested wished target port
        requested_date: foc requested|wished|target / date port due
        partial: partial / port transfer full type
        unlocked: unlocked / number phone port account carrier
        loa_file: loa / file
        loa_file: loa file / name
        invoice_file: invoice|billing file / name
        invoice_file: invoice /
        reseller: reseller / name
        contact_email: email / address contact notify port main
        customer_ref: reference / own customer number id external code order
        customer_ref: ticket|project|store|site / number id reference customer own
        customer_ref: location / number id
        customer_ref: customer order number|id|reference / own
        notes: note / port transfer carrier additional order customer
        first_name: first name / customer subscriber enduser residential account holder
        last_name: last name / customer subscriber enduser residential account holder
        middle_name: middle name|initial / customer subscriber enduser
        is_wireless: wireless / port
    """),
    *_rules(BY_CONTENT, """
        tn: number /
        tn: wireless number|phone|tn / number phone current service
        btn: billing number / current
        account_number: billing number / current
        name: customer|company /
        authorized_name: authorized / contact
        authorized_name: contact name|rep / main full customer company account name
        contact_email: contact / main
        authorized_name: contact / main
        number_type: service|line type / number phone
        account_type: service|line type / number phone
        subscriber_type: service|line type / number phone
        state: st / service
        service_address: st / service
        postal_code: zip four / code service
        loa_file: loa signed / file
    """),
    *_rules(SUGGESTED, """
        tn: old number|phone|tn / number phone
        tn: customer|company|residential|own number|phone|tn / number phone
        tn: line / number
        destination: line / number new
        destination: portto / own
        destination: sub account|line / id number name
        destination: extension / number
        destination: new line|trunk / number
        new_btn: new number|phone|tn / number phone
        account_number: account id|code|reference / number carrier current
        account_number: customer number|id / carrier current
        account_number: own account number / carrier current
        name: name / company
        name: company current / name
        losing_carrier: company current / name
        authorized_name: account owner / name
        authorized_name: owner / name company
        pin: customer pin / number code
        pin: portout pin|password / code number
        pin: pin|password|code security|account|portout / number
        service_address: customer|company|account address / street line 1
        unit: floor / number
        requested_date: requested|request date / port transfer due
        requested_date: cutover date / port
        requested_date: requested date / time port due
        contact_email: customer|company|enduser|subscriber email / address
        notes: additional info|information /
        first_name: first /
        last_name: last /
        partial: full port /
    """),
)  # fmt: skip

#: Where the order of the words tells what the words alone do not; "" is nothing of ours.
_ORDERED: dict[tuple[str, ...], tuple[Sense, ...]] = {
    ("port", "number"): (Sense("tn", BY_CONTENT),),
    ("transfer", "number"): (Sense("tn", BY_CONTENT),),
    ("transfer", "phone", "number"): (Sense("tn", CERTAIN),),
    ("name", "invoice"): (Sense("name", CERTAIN),),
    ("requested", "date"): (Sense("requested_date", CERTAIN),),
    ("requested", "port", "date"): (Sense("requested_date", CERTAIN),),
    ("requested", "transfer", "date"): (Sense("requested_date", CERTAIN),),
    ("requested", "due", "date"): (Sense("requested_date", CERTAIN),),
    ("date", "requested"): (Sense("requested_date", SUGGESTED),),
    ("number", "type", "port"): (Sense("number_type", CERTAIN),),
    ("tollfree",): (Sense("tn", BY_CONTENT), Sense("number_type", SUGGESTED)),
}  # fmt: skip


#: A header with a question mark that has one of these asks whether, not what.
_ASKED = frozenset(("port", "ported", "pin", "password", "loa", "invoice", "account"))


@lru_cache(maxsize=8192)
def senses(header: str) -> tuple[Sense, ...]:
    """What a header's words say it may be, the surest first; all are of the same trust, and none is said twice.

    >>> senses("Acct No. with Losing Carrier"), senses("Billing Address")
    ((Sense(name='account_number', trust=0),), ())
    """
    words = words_of(header) if len(header) <= _LONGEST else ()
    known = tuple(word for word in words if word is not None)
    if not known or len(known) < len(words):
        return ()
    if known in _ORDERED:
        return _ORDERED[known]
    bag = frozenset(known)
    if header.rstrip().endswith("?") and not bag.isdisjoint(_ASKED):
        return ()
    if ("account", "number") in pairwise(known) and not bag.isdisjoint(("phone", "tn", "btn")):
        return Sense("account_number", SUGGESTED), Sense("btn", SUGGESTED)
    return _by_rules(bag)


def _by_rules(words: frozenset[str]) -> tuple[Sense, ...]:
    """What the rules say of some words: of those that fit, the ones that may be trusted most."""
    found: dict[str, int] = {}
    for rule in _RULES:
        if rule.fits(words):
            found.setdefault(rule.name, rule.trust)
    best = min(found.values(), default=CERTAIN)
    chosen = [name for name, trust in found.items() if trust == best]
    # Two rules that are sure of two things: then neither is.
    return tuple(Sense(name, SUGGESTED if best == CERTAIN and len(chosen) > 1 else best) for name in chosen)


def words_of(header: str) -> tuple[str | None, ...]:
    """The plain words of a header in their order, without those that say nothing; None for one that is not known."""
    bare = _ASIDE.sub("", _POSSESSIVE.sub("", header))
    text = unicodedata.normalize("NFKD", _CAMEL.sub(" ", bare).replace("°", "° "))
    text = "".join(sign for sign in text if not unicodedata.combining(sign)).lower().replace("&", " and ").replace("+", " plus ")
    text = " ".join(re.findall(r"[a-z0-9]+|[#°]", text))
    for pattern, word in _PHRASES:
        text = pattern.sub(word, text)
    text = text.replace("#", " number ").replace("n °", " number ").replace("°", " ")
    found: list[str | None] = []
    for word in _WORD.findall(text):
        if word not in _STOP:
            found += _plain(word)
    return tuple(found)


@lru_cache(maxsize=8192)
def _plain(word: str) -> tuple[str | None, ...]:
    """The plain forms that a word stands for; a word of several written together is taken apart."""
    if word in _COMPOUNDS:
        return _COMPOUNDS[word]
    if word in _words():
        return (_words()[word],)
    return _apart(word) or (None,)


def _apart(word: str) -> tuple[str, ...]:
    """The plain forms of the known words that a word is made of; none where it is not made of such."""
    if not 5 <= len(word) <= 40:
        return ()
    ways: list[tuple[str, ...] | None] = [()] + [None] * len(word)
    for end in range(2, len(word) + 1):
        for start in range(max(0, end - 14), end - 1):
            piece, before = word[start:end], ways[start]
            if before is not None and (len(piece) > 2 or piece in _SHORT) and (piece in _words() or piece in _COMPOUNDS) and (ways[end] is None or len(before) + 1 < len(ways[end] or ())):
                ways[end] = (*before, *(_COMPOUNDS.get(piece) or (_words()[piece],)))
    return ways[-1] or ()


@cache
def _words() -> dict[str, str]:
    return {form: plain for plain, forms in _FORMS.items() for form in (plain, *forms.split())}
