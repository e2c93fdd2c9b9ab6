"""Why a column is taken for a field, or is not, in the customer's language."""

from __future__ import annotations

import re

#: The reason as `pipeline.columns` and the header's readers give it -> French.
_FRENCH = {
    "confirmed for this customer": "confirmée pour ce client",
    "the template's own header": "l'en-tête même du modèle",
    "a header that is known for it": "un en-tête connu pour ce champ",
    "its words leave no other meaning": "ses mots n'ont pas d'autre sens possible",
    "the header may mean it, and the cells agree": "l'en-tête peut avoir ce sens et les cellules concordent",
    "another column gives the same, and they do not say the same": "une autre colonne donne la même chose, mais leur contenu diffère",
    "its header is not known, but its cells fit": "son en-tête n'est pas connu, mais ses cellules concordent",
    "a column of our own results": "une colonne de nos propres résultats",
    "it was said that it is not to be read": "il a été convenu de ne pas la lire",
    "it has no header": "elle n'a pas d'en-tête",
    "no header that is known": "aucun en-tête connu",
    "no header that is known; it resembles others": "aucun en-tête connu; il ressemble à d'autres",
    "what stands in brackets says something else than the words before it": "ce qui est entre parenthèses dit autre chose que les mots qui précèdent",
    "what stands in brackets makes it something else": "ce qui est entre parenthèses en change le sens",
    "it asks whether there is one, not what it is called": "elle demande s'il y en a, et non lequel",
    "the header means one thing here and another there": "l'en-tête n'a pas le même sens partout",
    "the header names two things": "l'en-tête nomme deux choses",
    "the header alone does not say it for certain": "l'en-tête à lui seul ne le dit pas avec certitude",
    "personal numbers such as a tax or social insurance number are not needed, and never read":
        "les numéros personnels, comme un numéro d'assurance sociale ou de contribuable, ne sont pas nécessaires et ne sont jamais lus",
    "the address of the bill is not read: where the service is counts": "l'adresse de facturation n'est pas lue\u00a0: c'est le lieu du service qui compte",
    "a date that the carrier gives; the date that you ask for has the header Requested Date":
        "une date que donne le fournisseur; la date que vous demandez porte l'en-tête Requested Date",
    "it speaks of the carrier that the number goes to, not of the one that it leaves": "elle concerne le fournisseur où va le numéro, et non celui qu'il quitte",
    "codes of carriers are not read; their name counts": "les codes des fournisseurs ne sont pas lus; c'est leur nom qui compte",
    "where a number stands is not a part of a request": "l'état d'un numéro ne fait pas partie d'une demande",
    "prices are not a part of a request": "les prix ne font pas partie d'une demande",
    "carriers take a date, not a time": "les fournisseurs prennent une date, et non une heure",
    "its cells are not what the header says": "ses cellules ne sont pas ce que dit l'en-tête",
}  # fmt: skip
_KINDS = {
    "e-mail addresses": "des adresses courriel", "dates": "des dates", "amounts of money": "des montants d'argent", "telephone numbers": "des numéros de téléphone",
    "words of the kind Single-Line and Multi-Line": "des mots comme Single-Line et Multi-Line",
    "kinds of customers or numbers": "des types de clients ou de numéros", "yes and no": "des oui et des non", "words": "des mots", "digits": "des chiffres",
}  # fmt: skip
_LOOKS = re.compile("its cells are not what the header says: they look like (.+)")


def reason_in(language: str, reason: str) -> str:
    """A reason in a language; in English where it is not known in the other one."""
    if language == "en":
        return reason
    looks = _LOOKS.fullmatch(reason)
    if looks:
        return f"{_FRENCH['its cells are not what the header says']}\u00a0: elles ressemblent à {_KINDS.get(looks[1], looks[1])}"
    return _FRENCH.get(reason, reason)
