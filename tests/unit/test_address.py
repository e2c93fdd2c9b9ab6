"""Address lines and their parts: which word goes where, what is doubted, and what is a post-office box."""

from __future__ import annotations

import subprocess
import sys

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from batchport.domain.address import PARTS, join, split, split_column, told
from batchport.domain.address_rules import DOUBT, code_of
from batchport.domain.boxes import BOX
from batchport.domain.table import Column

#: Lines that can be read in one way: line | number | direction | street | unit.
CLEAR = """
120 Main St|120||Main St|
120 N Main St, Suite 5|120|N|Main St|Suite 5
120 N. Main Street Apt. 4C|120|N|Main Street|Apt. 4C
120 north main st ste 5-b|120|N|main st|ste 5-b
120 S.W. 8th St|120|SW|8th St|
120 N E 5th St|120|NE|5th St|
800 Southeast 5th Ave|800|SE|5th Ave|
1600 Pennsylvania Ave NW|1600||Pennsylvania Ave NW|
100 King Street West, 37th Floor|100||King Street West|37th Floor
455 E 400 S|455|E|400 S|
1650 W 5400 S Ste 12|1650|W|5400 S|Ste 12
455 400 S|455||400 S|
12 1/2 Main St|12 1/2||Main St|
14-1/2 Elm St|14-1/2||Elm St|
12½ N Main St|12½|N|Main St|
120A Main St|120A||Main St|
4922-B South Cornell Ave|4922-B|S|Cornell Ave|
120-122 Main St|120-122||Main St|
120 - 122 Main St|120 - 122||Main St|
41-21 Main St|41-21||Main St|
138-02 Queens Blvd|138-02||Queens Blvd|
N95W18855 Appleton Ave|N95W18855||Appleton Ave|
W180 N8085 Town Hall Rd|W180 N8085||Town Hall Rd|
25W450 St Charles Rd|25W450||St Charles Rd|
120 North St|120||North St|
410 S Street NW|410||S Street NW|
120 E St|120||E St|
120 N E St|120|N|E St|
120 N West St|120|N|West St|
120 N Court St|120|N|Court St|
120 South Ave W|120||South Ave W|
120 W Front St|120|W|Front St|
120 Avenue B|120||Avenue B|
120 W Ave J|120|W|Ave J|
1200 K St NW Ste 500|1200||K St NW|Ste 500
214 B South Boulevard|214 B||South Boulevard|
4922 B South Cornell|4922 B|S|Cornell|
1 A Main St|1 A||Main St|
120 J Clyde Morris Blvd|120||J Clyde Morris Blvd|
120 No Name Rd|120||No Name Rd|
5 Broadway|5||Broadway|
90 W Broadway, Rm 1200|90|W|Broadway|Rm 1200
Suite 5, 120 Main St|120||Main St|Suite 5
Suite 5 120 Main St|120||Main St|Suite 5
#5 120 Main St|120||Main St|#5
Apt 1B 626 E Kilbourn|626|E|Kilbourn|Apt 1B
3rd Floor, 120 Main St|120||Main St|3rd Floor
120 Main St #5|120||Main St|#5
120 Main St # 5|120||Main St|# 5
120 Main St#5|120||Main St|#5
120 Main St,Suite 5|120||Main St|Suite 5
120 Main St - Apt 5|120||Main St|Apt 5
120 Main St Apt #5|120||Main St|Apt #5
120 Main St No. 5|120||Main St|No. 5
120 Main St Ste100|120||Main St|Ste100
120 Main St Suites 5 & 6|120||Main St|Suites 5 & 6
120 Main St Bldg 2, Suite 300|120||Main St|Bldg 2, Suite 300
120 Main St 2nd Floor Rear|120||Main St|2nd Floor Rear
120 Main St, Lower Level|120||Main St|Lower Level
120 Main St Penthouse|120||Main St|Penthouse
120 Main St, East Tower, Floor 3|120||Main St|East Tower, Floor 3
431 Marietta St NW 3rd Floor|431||Marietta St NW|3rd Floor
120 Main Apt 5|120||Main|Apt 5
120 Front St|120||Front St|
120 Office Park Dr|120||Office Park Dr|
120 Ste. Genevieve Ave|120||Ste. Genevieve Ave|
8483 Al Highway 157|8483||Al Highway 157|
120 US Highway 50 W Suite 3|120||US Highway 50 W|Suite 3
120 West Highway 50|120|W|Highway 50|
120 County Road 12B|120||County Road 12B|
6055 Regional Road 25|6055||Regional Road 25|
12 Range Road 223|12||Range Road 223|
120 Range Rd|120||Range Rd|
120 State Route 9W|120||State Route 9W|
120 FM 1960 W|120||FM 1960 W|
18600 I-45 North, Suite 100|18600||I-45 North|Suite 100
1500 NE Loop 410 Ste 200|1500|NE|Loop 410|Ste 200
2500 3 Mile Rd NW|2500||3 Mile Rd NW|
120 Avenue of the Americas|120||Avenue of the Americas|
100 Calle San Francisco Apt 2|100||Calle San Francisco|Apt 2
954 Avenida Ponce de León Piso 5|954||Avenida Ponce de León|Piso 5
954 Calle Loíza, 3er Piso|954||Calle Loíza|3er Piso
1234, rue Sainte-Catherine Ouest, bureau 400|1234||rue Sainte-Catherine Ouest|bureau 400
10 boul. René-Lévesque O|10||boul. René-Lévesque O|
1000, rue De La Gauchetière O., 24e étage|1000||rue De La Gauchetière O.|24e étage
1234 3e Avenue|1234||3e Avenue|
320, 1e Rue O|320||1e Rue O|
5000, chemin Queen-Mary, app. 12|5000||chemin Queen-Mary|app. 12
980 av. Saint-Jean-Baptiste, local 140|980||av. Saint-Jean-Baptiste|local 140
1234 Route 132 O|1234||Route 132 O|
12 bis rue des Lilas|12 bis||rue des Lilas|
"""
#: Lines that can be read in two ways, or not at all: the split is a proposal.
UNCLEAR = """
120 North Shore Dr|120||North Shore Dr|
9010 West Front Road|9010||West Front Road|
120 East West Hwy|120||East West Hwy|
120 So. Main St|120|S|Main St|
120 Main St 5B|120||Main St|5B
120 Main St, 5B|120||Main St|5B
120 Main St, Boston, MA 02129|120||Main St|Boston, MA 02129
Harbor Plaza, 120 Main St|120||Main St|Harbor Plaza
Empire State Building 350 5th Ave|350||5th Ave|Empire State Building
120 #5 Main St|120||Main St|#5
120 Main St C/O Ann Reed|120||Main St|C/O Ann Reed
120 Main St PMB 12|120||Main St|PMB 12
201-1234 Kingsway|201-1234||Kingsway|
400-1234 rue Sherbrooke|1234||rue Sherbrooke|400
One Liberty Plaza|One||Liberty Plaza|
N 8340 State Rd 57|N 8340||State Rd 57|
120 Suite 5|120|||Suite 5
Main St|||Main St|
Pier 39|||Pier 39|
120|120|||
"""
BOXES = (
    "PO Box 118", "P.O. Box 118", "P O Box 118", "POBox 118", "P.O.Box118", "POB 118", "P.O.B. 118", "PO Bx 118", "po box #118", "P.O. Drawer 5", "PO 118",
    "Post Office Box 118", "Postal Box 7", "GPO Box 5", "Lock Box 12", "Box 118", "120 Main St, PO Box 5", "Suite 5, P.O. Box 118",
    "Case postale 118", "C.P. 118", "C. P. 6030, succ. Centre-Ville", "CP 118", "B.P. 118", "BP 118", "Boîte postale 118", "boite postale 118",
    "PSC 1234 Box 5678", "CMR 450, Box 123", "Unit 2050 Box 4190", "PSC 3 APO AE 09021",
    "RR 2 Box 152", "R.R. 1, Box 5A", "HC 68 Box 23A", "HCR 1 Box 5", "Rural Route 2 Box 18", "Star Route Box 5",
)  # fmt: skip
NO_BOXES = (
    "120 Box Elder Rd", "12 Boxwood Ln", "Polk St", "120 Post Office Square", "Old Post Office Ave", "Postal Way", "CP Lane", "BP Way", "RR 2",
    "120 Rural Route 5", "12 HC Smith Rd", "Unit 5", "PSC Way", "Jukebox Ln", "Drawer Ln", "C P Snow Dr", "Case St", "Apt 5", "120 Apo St",
)  # fmt: skip


def cases(table: str) -> list[tuple[str, tuple[str, ...]]]:
    rows = [line.split("|") for line in table.strip().split("\n")]
    return [(line, tuple(parts)) for line, *parts in rows]


@pytest.mark.parametrize(("line", "parts"), cases(CLEAR))
def test_every_word_goes_to_its_part(line: str, parts: tuple[str, ...]) -> None:
    found = split(line)
    assert found.parts == parts
    assert found.trust != DOUBT


@pytest.mark.parametrize(("line", "parts"), cases(UNCLEAR))
def test_what_can_be_read_in_two_ways_is_doubted_and_split_as_is_likeliest(line: str, parts: tuple[str, ...]) -> None:
    found = split(line)
    assert found.parts == parts
    assert found.trust == DOUBT


def test_a_column_is_split_as_each_of_its_lines_is() -> None:
    lines = [line for line, _ in cases(CLEAR + UNCLEAR.lstrip())]
    found = split_column(Column.from_arrow(pa.array([*lines, *lines, ""]).dictionary_encode()))
    texts = list(zip(*(found.parts[name].text().to_pylist() for name in PARTS), strict=True))
    assert texts == [split(line).parts for line in [*lines, *lines, ""]]
    assert found.unclear.tolist() == [split(line).trust == DOUBT for line in [*lines, *lines, ""]]


@pytest.mark.parametrize(("line", "parts"), cases(CLEAR))
def test_parts_joined_are_split_the_same_again(line: str, parts: tuple[str, ...]) -> None:
    assert split(join(*parts)).parts == parts


def test_a_line_that_is_no_address_for_its_length_is_not_looked_at() -> None:
    line = "120 Main St " + "Suite 5 " * 20_000 + "x"
    assert split(line).parts == ("", "", line, "")


def test_parts_are_told_in_words_without_the_blank_ones() -> None:
    found = split_column(Column.of(["120 North Main St, Suite 5", "10 boul. René-Lévesque O", "Main St"]))
    assert told(found.parts).text().to_pylist() == [
        "number 120, direction N, street Main St, unit Suite 5", "number 10, street boul. René-Lévesque O", "street Main St",
    ]  # fmt: skip


def test_a_blank_line_has_nothing_to_tell_and_keeps_its_place() -> None:
    found = split_column(Column.of(["", "515 Polk St.", ""]))
    assert told(found.parts).text().to_pylist() == ["", "number 515, street Polk St.", ""]


@pytest.mark.parametrize(
    ("written", "french", "code"), [("N.", False, "N"), ("so.", False, "S"), ("No", False, "N"), ("No", True, "NW"), ("O", True, "W"), ("Nord-Est", True, "NE")]
)
def test_a_direction_before_the_street_becomes_its_code(written: str, french: bool, code: str) -> None:
    assert code_of(written, french=french) == code


@pytest.mark.parametrize("text", BOXES)
def test_boxes_are_known_in_english_and_french(text: str) -> None:
    assert pc.match_substring_regex(pa.array([text, text.upper(), text.lower()]), BOX).to_pylist() == [True, True, True]


@pytest.mark.parametrize("text", NO_BOXES)
def test_a_name_that_looks_like_a_box_is_none(text: str) -> None:
    assert pc.match_substring_regex(pa.array([text]), BOX).to_pylist() == [False]


def test_the_model_is_loaded_only_when_a_line_is_left_for_it() -> None:
    code = (
        "import sys; from batchport.domain.address import split_column; from batchport.domain.table import Column;"
        "split_column(Column.of(['120 N Main St, Suite 5', '455 E 400 S', '120 Main St 5B'])); assert 'usaddress' not in sys.modules;"
        "split_column(Column.of(['5 Broadway'])); assert 'usaddress' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
