"""Headers as people write them, each with what it means: no field is ever taken for another, and hardly one is missed."""

from __future__ import annotations

import pytest

from batchport.spreadsheets.headers import meaning
from batchport.spreadsheets.mapping import map_headers

#: Field or part -> headers that mean it, one a line.
MEANT = {
    "tn": """
        Phone Number | Phone | TN | Telephone # | Tel No. | Tel. Number | Telephone Number to Port | Number(s) to Port | Phone Numbers | DID Number
        | DIDs | WTN | Working Telephone Number | Number to be Ported | TN to Port | Porting TN | Port TN | Ported Phone Number | Number to Transfer
        | Current Phone Number | Toll Free Number | Toll-Free # | TFN | 8xx Number | Phone # | phone_no | PhoneNo | PHONE NUMBER (10 digits) |
        Numéro de téléphone | No de téléphone | N° de téléphone | Téléphone | Numéro à transférer | Numéro à porter | Numéros de téléphone | MDN |
        CTN | Numbers or Ranges | TN Range | DID | Existing Number | Phone number(s) being ported | Telephone No | Port-In Number | Porting Phone #
        | Number Being Ported | TNs | Service Number Phone
    """,
    "btn": """
        Primary BTN | Master BTN | Bill TN | Pilot/BTN | Account Telephone Number (ATN) |
        BTN | Billing TN | Billing Tel # | Billing Phone | Billing Phone Number | Main Billing # | Main Billing Telephone Number | Main Number |
        Main # | Main Line | Main Phone Number | Primary TN | Primary Number | Primary Phone | Pilot TN | Pilot # | Lead Number | ATN | Account TN |
        Account Telephone | Account Phone # | Numéro principal | Numéro de téléphone principal | Téléphone de facturation | BTN (Billing Telephone
        Number) | Billing Telephone No. | Current BTN | Main Telephone Number | btn_number | billingTn
    """,
    "account_number": """
        Main Acct # | Master Account Number | Acct Num. | Account Nbr | Numéro de compte client | Billing Acct |
        Account Number | Acct | Acct # | Acct No. | Acct. Num | AcctNum | Account # | Account No | BAN | Billing Account Number | Billing Acct # |
        Carrier Account Number | Current Account Number | Current Carrier Account # | Losing Carrier Account Number | Provider Acct # | Account
        Number with Current Provider | Customer Account Number | Service Account Number | Wireless Account Number | Numéro de compte | No de compte
        | No. compte | N° de compte | AN | account_no | Numéro de compte de facturation | Account number at losing carrier
    """,
    "pin": """
        PIN | Pin # | PIN Code | Passcode | Password | Account PIN | Acct PIN | Port Out PIN | Port-Out PIN | Transfer PIN | Number Transfer PIN |
        NTP | Security Code | PIN/Passcode | PIN or Password | Security PIN | Account Passcode | Account Password | Porting PIN | NIP | Code de
        sécurité | Mot de passe | Wireless PIN | Carrier PIN | PIN (if wireless) | Security Code/PIN | P.I.N.
    """,
    "losing_carrier": """
        Current Carrier / Provider | Old Service Provider | Fournisseur de téléphonie | LSP Name | Carrier porting from |
        Current Carrier | Carrier | Current Provider | Provider | Losing Carrier | Losing Provider | Old Carrier | Existing Carrier | Current
        Service Provider | Service Provider | Phone Company | Carrier Name | Current Telco | Previous Carrier | Name of Current Carrier | Present
        Provider | Current Vendor | Losing LEC | Fournisseur actuel | Fournisseur | Fournisseur de services actuel | Opérateur actuel | Ancien
        fournisseur | Porting From | Port From | Donor Carrier | Incumbent Carrier | Current phone provider | Carrier (Current) | Wireless Carrier
    """,
    "resporg_id": """
        RespOrg | Resp Org ID | RespOrg ID | Resp. Org. | Current Resp Org | Losing RespOrg | Responsible Organization ID
    """,
    "account_type": """
        Account Type | Acct Type | Type of Account | Single/Multi | Single or Multi-Line | Single Line / Multi Line | Type de compte | Account Type
        (Single/Multi) | Type (Single/Multi)
    """,
    "number_type": """
        Number Type | Type of Number | Phone Type | TN Type | Phone Number Type | Porting Number Type | Type de numéro | Port Number Type
    """,
    "subscriber_type": """
        Subscriber Type | Customer Type | Res/Bus | Bus/Res | Residential/Business | Business or Residential | Residential or Business | Location
        Type | Type de client | Type d'abonné | Résidentiel/Affaires
    """,
    "name": """
        Co. Name | Nom et prénom | Prénom et nom | Name of Account Holder | Nom d'affaires | Full Legal Name |
        Business Name | Company | Company Name | Customer Name | Cust Name | Client Name | Subscriber Name | End User Name | EU Name | End-User |
        Full Name | Name on Account | Name on Bill | Name on Invoice | Account Name | Acct Name | Account Holder | Account Holder Name | Billing
        Name | Legal Business Name | Legal Name | Organization Name | Business/Full Name | Business Name or Full Name | Nom de l'entreprise | Nom du
        client | Nom complet | Raison sociale | Nom de l'abonné | Titulaire du compte | Nom sur la facture | Customer/Company Name | First and Last
        Name | custName | Name (as it appears on bill) | Corporate Name
    """,
    "authorized_name": """
        Authorized Name | Authorized Person | Authorized Contact | Authorized Signer | Authorized Rep | Auth Rep | Auth. Contact | Authorizing
        Person | Authorized User | Signer | Signer Name | Signatory | Authorized Signatory | LOA Signer | Authorised Representative | Authorized
        Contact Name | Authorized Party | AUTHNM | Personne autorisée | Signataire | Signataire autorisé | Responsable autorisé | Authorized Agent |
        Account Authorized Person | Authorized By Name
    """,
    "street_number": """
        Street Number | Street # | St # | St No | House Number | House # | House No. | Civic Number | Civic # | Address Number | Numéro civique | No
        civique | N° civique | SANO | streetNum | Numéro de rue
    """,
    "street_direction": """
        Direction | Dir | Street Direction | Street Dir | Pre-Direction | Predir | Pre Directional | SASD | Directional
    """,
    "street_name": """
        Street Name | St Name | Nom de rue | Nom de la rue | SASN | Service Street Name | StreetName
    """,
    "street_type": """
        Street Type | Street Suffix | Type de rue | SATH | Thoroughfare | St Type
    """,
    "street_post_direction": """
        Post Direction | PostDir | SASS | Post-Directional
    """,
    "unit": """
        Bldg/Suite | Street Address Line 2 | No d'appartement | LV1 |
        Unit | Suite | Apt | Unit # | Suite # | Apt # | Apt/Suite | Suite/Unit | Apartment Number | Address 2 | Address Line 2 | Addr2 | Unité |
        Appartement | Street Address 2 | Ste | LV | LD/LV | Suite No. | Apt./Unit
    """,
    "service_address": """
        Service Address | Address | Street Address | Svc Addr | Service Addr | Street | Address 1 | Address Line 1 | Addr 1 | Service Location
        Address | Physical Address | Installation Address | Site Address | Location Address | End User Address | Full Address | Adresse | Adresse de
        service | Adresse civique | Street Line 1 | Service Street Address | Current Service Address | Adresse d'installation | Premise Address |
        Number and Street | Street Number and Name | Rue
    """,
    "city": """
        City | Town | City/Town | Service City | Svc City | Ville | Municipalité | City Name | Locality | Location City | Site City
    """,
    "state": """
        Province/Territory | State (Prov) |
        State | Province | Prov. | State/Province | State or Province | Svc State | Service State | ST | State Code | Province/État | State (2
        letter) | State/Prov | State Abbr
    """,
    "postal_code": """
        ZIP | Zip Code | Zipcode | ZIP/Postal Code | Postal Code | Postcode | Service ZIP | Svc Zip | Code postal | Postal | Zip 5 | ZIP (5 digits)
        | Site Zip
    """,
    "country": """
        Country | Country Code | Pays | Service Country
    """,
    "destination": """
        Port To Line | Route To | Destination | Destination Line | Target Line | Trunk Group | Trunk | SIP Trunk | Destination Trunk | Trunk Name |
        Ligne de destination | Port to Number | Port to Trunk | Assign To Line | Destination Number | Ligne cible
    """,
    "requested_date": """
        Req. Due Date | Date voulue | Target Cutover Date | Requested port-in date |
        Requested Date | Requested Port Date | Desired Port Date | Desired Due Date | Preferred Date | Preferred Port Date | Target Date | Target
        Port Date | Port Date | Transfer Date | Due Date | DDD | RDD | Requested FOC | Requested FOC Date | FOC Requested | Desired Date | Date
        souhaitée | Date désirée | Date de transfert | Date demandée | Requested Due Date | Port-In Date | Requested Transfer Date | Desired FOC
        Date
    """,
    "partial": """
        Partial Y/N | Partial or full port |
        Partial | Partial Port | Partial? | Full/Partial | Full or Partial | Partial Port? | Is Partial | Partial/Full Port | Transfert partiel |
        Partiel | Partial Port (Y/N)
    """,
    "new_btn": """
        New BTN | New Billing Number | New Billing Telephone Number | New Main Number | New Pilot | New Primary Number | Replacement BTN | New
        Billing TN | Nouveau numéro de facturation | New Main Billing Number | Remaining BTN
    """,
    "unlocked": """
        Unlocked | Unlocked? | Number Unlocked | Is Unlocked | Déverrouillé
    """,
    "loa_file": """
        LOA | LOA File | LOA Filename | LOA File Name | Letter of Authorization | LOA Document | LOA PDF | Lettre d'autorisation
    """,
    "invoice_file": """
        Invoice | Invoice File | Bill Copy | Copy of Bill | Copie de facture | Facture | Bill File | Invoice Copy | Bill PDF
    """,
    "reseller": """
        Reseller | Reseller Name | Revendeur | Nom du revendeur
    """,
    "contact_email": """
        Email | E-mail | Email Address | E-Mail Address | Contact Email | Contact E-mail | Notification Email | Notify Email | Courriel | Adresse
        courriel | Adresse de courriel | Notify | Courriel du contact | Contact Email Address | Adresse électronique
    """,
    "customer_ref": """
        Your Reference | Reference | Ref | Ref # | Reference Number | Customer Reference | Customer Ref | Ticket | Ticket # | Store # | Store Number
        | Store ID | Project | Site ID Number | Référence | No de référence | Our Reference | External Reference | Ref. No. | Order Reference |
        Location ID | Customer Order Number
    """,
    "notes": """
        Notes | Note | Comments | Remarks | Comment | Special Instructions | Additional Notes | Remarques | Commentaires | Porting Notes | Notes to
        Carrier | Additional Comments
    """,
    "first_name": """
        First Name | FName | Prénom | Given Name | Subscriber First Name | first_name | Customer First Name
    """,
    "last_name": """
        Last Name | LName | Surname | Family Name | Nom de famille | Customer Last Name | End User Last Name
    """,
    "middle_name": """
        Middle Name | MI | Middle Initial
    """,
    "is_wireless": """
        Wireless | Wireless? | Mobile? | Is Mobile | Wireless (Y/N) | Sans fil | Is Wireless
    """,
    "action": """
        Action
    """,
    "row_id": """
        Row ID
    """,
}

#: Headers that must not be taken for any field: they speak of something else, or may mean two things.
NOT_MEANT = """
    Billing Address | Billing City | Billing State | Billing Street | Bill To Address | Mailing Address | Mailing City | Mailing State | Mailing
    Zip | Shipping Address | Adresse de facturation | Adresse postale | SSN | Last 4 SSN | Last 4 of SSN | Tax ID | SSN/Tax ID | Social Security
    Number | NAS | SIN | EIN | FOC Date | FOC | Firm Order Commitment Date | Confirmed Date | Actual Port Date | Scheduled Date | Ported Date |
    Date Ported | Completion Date | Line Status | Port Status | Status | Order Status | Request Status | Current Status | Price | Monthly Cost |
    MRC | NRC | Monthly Charge | Rate | New Carrier | Gaining Carrier | New Provider | Winning Carrier | Nouveau fournisseur | SPID | Losing
    SPID | OCN | Carrier ID | Carrier OCN | Time | Requested Time | Port Time | Contact Phone | Contact Number | Callback Number | Alternate
    Phone | Fax | Fax Number | Home Phone | Work Phone | Office Phone | Emergency Contact | Can Be Reached Number | Contact Phone Number |
    Authorized Contact Phone | Authorized Email | Signer Email | Authorized Contact Email | Signer Title | Title | Date of Birth | DOB | Invoice
    Number | Invoice Date | Bill Date | Contract Date | LOA Date | LOA Signed | LOA Received | Date Signed | Signature Date | Order Date | Date
    Submitted | Submitted On | Created | Last Updated | Install Date | Disconnect Date | Contract End Date | Device | Device Type | IMEI | SIM |
    ICCID | ESN | MAC Address | IP Address | Extension | User | User Name | Username | Department | Cost Center | Manager | Account Manager |
    Account Rep | Account Status | Account Email | PON | Purchase Order Number | VER | Version | Rate Center | LATA | LRN | NPA | NXX | County |
    E911 Address | 911 Address | 911 Location | CNAM | Caller ID | Directory Listing | Features | Long Distance Carrier | PIC | LPIC | Internet
    Provider | VendorName | TargetRespOrgId | New RespOrg | New Account Number | New PIN | New Phone Number | New Number | Voicemail PIN |
    Voicemail Password | Portal Password | SIP Password | User Password | Wifi Password | Security Question | Quantity | Qty | Total Numbers |
    Count | Line Count | Number of Lines | # of Lines | Number of TNs | Row | # | No. | Item | Agent | Sales Rep | Reason | Reject Reason |
    Approved | Ported | Completed | Port Complete | Portable | Portable? | Tier | Temp Number | Forwarding Number | Forward To Number | Virtual
    Number | Test Number | Address Type | City Code | State Tax | Carrier Contact | Carrier Phone | Carrier Support Number | Provider Phone
    Number | Number Status | TN Status | Account Balance | Pin Verified | PIN Required | Address Verified | Carrier Type | Provider Type |
    Internal Account Number | Our Account Number | Internal Notes | Plan | Rate Plan | Service Plan | Language | Time Zone | Port Out Date |
    Full Port | Phone Model | Phone Make | Handset | Last Number | Email Sent | Email Password | Name of Plan | Company Size | Company ID |
    Customer ID | Client ID | Customer Since | Remaining Services | Services | Partial Port Details | Account Number (New) | Address (Billing) |
    Address (Mailing) | ZIP (Billing) | Phone (Contact) | Phone (Home) | PIN (Last 4 SSN) | PIN (new) | Phone Number or BTN | Business Type |
    Business Address | Customer Phone | Line Number | Line | Account Number/BTN | Phone Number (BTN) | Vendor | Date | Number of Numbers |
    Billing Contact | Technical Contact | IT Contact | Porting Contact Phone
"""


def listed(text: str) -> list[str]:
    """The headers of a list."""
    return [header.strip() for header in " ".join(text.split()).split("|")]


PAIRS = [(header, name) for name, headers in MEANT.items() for header in listed(headers)]


def test_no_header_is_taken_for_what_it_does_not_mean_and_hardly_one_is_missed() -> None:
    found = {(header, name): list(map_headers([header]).columns) for header, name in PAIRS}
    assert [pair for pair, names in found.items() if names not in ([], [pair[1]])] == []
    missed = [pair for pair, names in found.items() if not names]
    assert len(missed) <= len(PAIRS) // 100, missed


@pytest.mark.parametrize("header", listed(NOT_MEANT))
def test_a_header_that_speaks_of_something_else_is_taken_for_nothing(header: str) -> None:
    assert map_headers([header]).columns == {}


@pytest.mark.parametrize("header", ["ACCOUNT NUMBER", "account_number", "accountNumber", "Account-Number", "  account\nnumber: ", "Account Number *", "Account #", "Acct. no."])
def test_the_way_a_header_is_written_makes_no_difference(header: str) -> None:
    assert list(map_headers([header]).columns) == ["account_number"]


@pytest.mark.parametrize(
    ("header", "candidates"),
    [
        ("TN/BTN", ("tn", "btn")),
        ("Account Number (BTN)", ("account_number", "btn")),
        ("Account Type (Business/Residential)", ("account_type", "subscriber_type")),
        ("Billing Number", ("btn", "account_number")),
        ("Mobile Number", ("tn",)),
        ("Date Requested", ("requested_date",)),
        ("Svc St", ("state", "service_address")),
    ],
)
def test_a_header_of_two_meanings_names_both(header: str, candidates: tuple[str, ...]) -> None:
    told = meaning(header, {})
    assert told.target is None
    assert told.candidates == candidates


@pytest.mark.parametrize(
    ("header", "name"),
    [("end_user.location.postal_code", "postal_code"), ("ServiceAddress/HouseNumber", "street_number"), ("WirelessInfo/PinNumber", "pin"), ("Name (Company)", "name"),
     ("Type (Single/Multi)", "account_type"), ("Contact (email)", "contact_email"), ("PIN (if wireless)", "pin"), ("Name (First & Last)", "name")],
)  # fmt: skip
def test_groups_and_brackets_are_understood(header: str, name: str) -> None:
    assert list(map_headers([header]).columns) == [name]


@pytest.mark.parametrize(("header", "said"), [("Billing City", "bill"), ("SSN", "personal"), ("FOC Date", "Requested Date"), ("New Carrier", "goes to"), ("SPID", "codes"), ("MRC", "prices")])
def test_what_is_not_ours_is_told_why(header: str, said: str) -> None:
    assert said in map_headers([header]).why[0]
