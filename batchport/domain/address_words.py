"""The words that service addresses are made of, in English and French; each as `squeezed` leaves it: small letters, no accents, no signs."""

from __future__ import annotations

from batchport.domain.normalise import DIRECTION_WORDS


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


#: Types that end a street's name and are seldom anything else.
TYPES = _words(
    """
    st str street ave av aven avenue rd road blvd boul boulevard bvd bd dr drv drive ln lane ct court crt pl place way pkwy pky parkway cir circle crcl ter terr
    terrace trl trail sq square hwy highway expy expressway fwy freeway tpke turnpike pike plz plaza cres crescent cr xing crossing cv cove aly alley loop
    run path row walk rue chemin route rte rang montee promenade prom allee impasse ruelle terrasse croissant crois autoroute
    """
)
#: Types that may as well be what a street is called.
LOOSE_TYPES = _words(
    """
    park ridge point pointe pt hill hills mall gate grove glen green heights hts hollow isle island knoll lake landing manor mews oval pass plateau
    shore spur station sta summit trace trce valley view vista bend bluff branch bridge brook canyon center centre creek crest dale estates field fields
    ford forest fork garden gardens harbor harbour haven junction meadow meadows mill mills mount mountain orchard overlook ranch rapids river shores spring
    springs stream village ville vw wells woods commons common concourse court causeway bypass quay wharf line sideroad concession
    """
)
#: Types that stand before the name: French, Spanish, lettered avenues and numbered roads.
FIRST_TYPES = _words(
    """
    rue boul boulevard bd bvd av ave avenue chemin ch che route rte rt rang montee promenade prom place allee impasse ruelle terrasse croissant crois autoroute aut
    cote carre cours quai voie sentier carrefour esplanade passage parc square calle avenida via camino carretera carr calz calzada paseo highway hwy road rd
    street state county us interstate loop fm rm cr sr ih i farm ranch regional range township twp old line concession sideroad
    """
)
#: Of those, the French ones: they tell how a hyphened number is meant.
FRENCH_TYPES = _words("rue boul chemin che rang montee promenade allee impasse ruelle terrasse croissant crois autoroute cote carre cours quai voie sentier")
#: What a number after it belongs to: Highway 50, County Road 12.
NUMBERED = _words("highway hwy route rte rt us interstate ih i fm rm cr sr loop autoroute aut rang carr carretera bypass spur concession line mile")
NUMBERED_ROAD = _words("county regional range state township twp co cnty forest ranch market rural private farm park old usfs fs concession")

#: What is part of one place in a house, with what it is called behind it: Suite 5. Those in `WEAK` are streets' words too.
DESIGNATORS = _words(
    """
    suite suites ste steu unit units unite side apt apts apartment apartments app appt appartement bureau bur room rooms rm chambre floor floors flr fl fls piso flat bldg building
    batiment bat dept department trlr trailer lot slip hangar hngr space spc spot stop key pier office ofc level lvl tower tour wing aile etage local porte bay
    door penthouse ph pmb mailstop ms cubicle studio entrance entree module warehouse whse booth kiosk stall
    """
)
WEAK = _words("lot slip space spot stop key pier office level tower tour wing local porte bay door ms fl bat app bur studio side")
#: Of those, what may stand alone; and what may only alone. `LOOSE_ALONE` only behind a street's type or a comma.
ALONE = _words("penthouse ph basement bsmt mezzanine mezz rdc rezdechaussee soussol lobby")
LOOSE_ALONE = _words("rear front upper lower uppr lowr frnt side office ofc arriere avant")
#: 3rd Floor, Lower Level, North Tower: what may follow an ordinal or one of `PLACED`.
STOREYS = _words("floor flr fl floors piso level lvl etage etages tower tour wing building bldg unit apt suite entrance aile office mezzanine")
PLACED = _words(
    """
    ground main top upper uppr lower lowr basement mezzanine rear front first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth entire whole premier
    deuxieme troisieme north south east west northeast northwest southeast southwest left right
    """
)
NUMERALS = _words("one two three four five six seven eight nine ten eleven twelve un deux trois quatre cinq")
#: Directions that stand before a street's name; `o` is a direction before a French type only, and `no`, `so` are North and South where no French is spoken.
DIRECTIONS = {word: code for word, code in DIRECTION_WORDS.items() if word not in {"o", "no", "so", "est"}}
DOUBTFUL_DIRECTIONS = {"no": "N", "so": "S"}
#: Words that make a name with a direction that is written out: North Shore Dr, West End Ave.
COMPOUNDS = _words("shore shores end side gate gates point pointe fork bay pole star port beach bluff wind bank ridge view woods haven branch front field cove bound brook lawn")
