"""The one registry of columns: what a sheet may say of a number to port.

Header mapping, the upload template, the documentation and the JSON output are all made from `FIELDS`. The labels, names and their order are
those of the contract with customers; the aliases are headers that carriers, portals and APIs really use.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Form(Enum):
    """How the text of a field is written once it is normalised."""

    TEXT = "text"
    NUMBER = "telephone number"
    IDENTIFIER = "letters and digits"
    CHOICE = "one of a list"
    YES_NO = "Y or N"
    DATE = "date"


@dataclass(frozen=True, slots=True)
class Field:
    """One column of the upload template.

    Attributes:
        name: what code, profiles and JSON call it.
        label: the header of the template.
        help: one sentence for the person who fills the sheet in.
        aliases: other headers that mean it, before they are made comparable.
        form: how its text is written once normalised.
        example: a value for the template's example row.
        choices: the words the template's drop-down offers.
        secret: masked wherever people read, sealed wherever it is stored.
        identifier: text from the first byte to the last; a cell that a spreadsheet made a number has lost something.
    """

    name: str
    label: str
    help: str
    aliases: tuple[str, ...] = ()
    form: Form = Form.TEXT
    example: str = ""
    choices: tuple[str, ...] = ()
    secret: bool = False
    identifier: bool = False


ACCOUNT_TYPES = {"single_line": "Single-Line", "multi_line": "Multi-Line"}
NUMBER_TYPES = {
    "business_local": "Business Local",
    "business_toll_free": "Business Toll Free",
    "residential": "Residential",
    "wireless": "Wireless",
}
DIRECTIONS = ("N", "S", "E", "W", "NE", "NW", "SE", "SW")

FIELDS: tuple[Field, ...] = (
    Field(
        "tn", "Phone Number", "The number to port; a range such as 617-234-0142 thru 0150 stands for as many rows.",
        ("PhoneNumber", "Phone", "TN", "Telephone Number", "Toll-Free Number", "TFN", "DID", "Number", "Numbers", "Number to Port", "Porting Number",
         "Ported Number", "PORTED NBR", "Ported telephone number", "PortedDialedNumber", "phone_e164", "MDN", "CTN", "WTN", "TrunkNumber",
         "User.Voice.PortNumber", "Numbers or Ranges", "First Number"),
        Form.NUMBER, "617-234-0142", identifier=True,
    ),
    Field(
        "btn", "Primary Phone Number",
        "The billing number of the account at your current carrier, even if it stays there. Leave blank for a Single-Line account, toll-free and wireless.",
        ("BTN", "Billing TN", "Billing Telephone Number", "billing_phone_number", "BillingPhone", "ATN", "EATN", "Account Telephone Number", "Main Number",
         "Main TN", "Pilot Number", "Primary Phone Number On Your Current Carrier Account", "Lead Number"),
        Form.NUMBER, "617-234-0142", identifier=True,
    ),
    Field(
        "account_number", "Billing Account Number",
        "The whole account number on your bill, without spaces or dashes. Without one: the number you are porting. Wireless: required.",
        ("Account Number", "Acct", "Acct #", "Acct No", "BAN", "AN", "providerAccount", "ProviderAccountNumber", "Carrier Account Number",
         "Billing Account Number (With Current Carrier)"),
        Form.IDENTIFIER, "80155512", secret=True, identifier=True,
    ),
    Field(
        "pin", "Security Code or PIN", "The code you give your carrier when you call them; 0000 if there is none. Wireless: the transfer PIN, required.",
        ("PIN", "Passcode", "pin_passcode", "PinNumber", "ProviderPIN", "wireless_pin", "existingPortOutPin", "Transfer PIN", "Port Out PIN", "NTP", "Password",
         "Security Code"),
        Form.IDENTIFIER, "0042", secret=True, identifier=True,
    ),
    Field(
        "losing_carrier", "Current Carrier", "Who provides the number today.",
        ("Name of Your Current Carrier/Vendor", "Current Provider", "Losing Carrier", "providerName", "carrier", "Old Provider", "LNPLosingCarrierName"),
        example="Verizon",
    ),
    Field(
        "resporg_id", "RespOrg ID", "Toll-free only: who controls the number now, five letters or digits.",
        ("RespOrgID", "Resp Org"), Form.IDENTIFIER, identifier=True,
    ),
    Field(
        "account_type", "Account Type", "Single-Line when the number is the only one on its account, else Multi-Line.",
        ("Current Carrier Account Type", "Single/Multi", "Line Type"), Form.CHOICE, "Single-Line", tuple(ACCOUNT_TYPES.values()),
    ),
    Field(
        "number_type", "Number Type", "Business Local, Business Toll Free, Residential or Wireless.",
        ("Porting Number Type", "phone_number_type"), Form.CHOICE, "Business Local", tuple(NUMBER_TYPES.values()),
    ),
    Field(
        "name", "Business or Full Name", "The name exactly as on the bill.",
        ("Business Name", "Company", "Company Name", "entity_name", "statementName", "customer_name", "End User Name", "Name on Account",
         "Business Name / Full Name", "Business Name / Full Name (With Current Carrier)", "SubscriberName", "Full Name"),
        example="Harbor Bakery LLC",
    ),
    Field(
        "authorized_name", "Authorized Name", "The one person who may decide for the account. Residential and wireless: the subscriber.",
        ("Authorized Owner's Name", "Authorized Owners's Name", "Authorized Person", "Authorized Contact", "auth_person_name", "authorized_representative",
         "LoaAuthorizingPerson", "AuthorizingPerson", "business_contact", "approver_name", "signee_name", "AUTHNM", "Authorized Signer"),
        example="Maria Garcia",
    ),
    Field(
        "street_number", "Street Number", "Of the address where the service is, not where the bill goes.",
        ("HouseNumber", "house_number", "streetNum", "SANO", "House No", "Civic Number"), example="120", identifier=True,
    ),
    Field(
        "street_direction", "Direction", "N, S, E, W, NE, NW, SE, SW, or blank.",
        ("PreDirectional", "street_pre_dir", "SASD", "Dir", "Street Direction"), Form.CHOICE, "", DIRECTIONS,
    ),
    Field("street_name", "Street Name", "With its type, as Main St. No PO box.", ("StreetName", "SASN"), example="Main St"),
    Field(
        "unit", "Unit", "Suite, apartment or floor, where there is one.",
        ("AddressLine2", "Address Line 2", "extended_address", "street_2", "address2", "line2", "Suite", "Apt", "LD/LV", "LV", "LV1", "service_extended"), example="Suite 5",
    ),
    Field(
        "service_address", "Service Address", "Instead of the four columns before it: the whole street line.",
        ("street_address", "street", "address1", "Address", "Address Line 1", "UnparsedAddress", "service_street"),
    ),
    Field("city", "City", "Of the service address.", ("locality", "service_city", "service_locality", "Town", "Municipality"), example="Boston"),
    Field(
        "state", "State", "State or province, two letters.",
        ("StateCode", "service_state", "administrative_area", "service_admin_area", "region", "Province", "Prov", "State/Province", "ST"),
        Form.CHOICE, "MA",
    ),
    Field(
        "postal_code", "ZIP", "ZIP or postal code of the service address. Wireless: of the bill.",
        ("Zip Code", "service_zip", "postal_code", "Postal", "Postal Code", "Billing ZIP", "service_postal_code"), example="02134", identifier=True,
    ),
    Field("country", "Country", "US or CA; blank: told from the address.", ("country_code",), Form.CHOICE, "US", ("US", "CA")),
    Field(
        "destination", "Port To Line", "Your line, sub-account or trunk that the number goes to.",
        ("trunk group", "SiteId", "connection_id", "Select iPlum Line To Port External Number", "Route To", "Target Line"), example="line-0142",
        identifier=True,
    ),
    Field(
        "requested_date", "Requested Date", "When the number should move; blank: the earliest your carrier can.",
        ("DDD", "Desired Due Date", "RequestedFocDate", "foc_datetime_requested", "target_port_in_date", "desiredPortDate", "transfer_date", "RDD", "Due Date",
         "Port Date", "FOC Requested"),
        Form.DATE,
    ),
    Field(
        "partial", "Partial Port", "Yes when other numbers stay on the account.",
        ("PartialPort", "partial_port", "isPartial", "misc.type", "Full/Partial", "Partial?"), Form.YES_NO, choices=("Yes", "No"),
    ),
    Field(
        "new_btn", "New Billing Number", "When the primary number moves and others stay: the number that becomes the primary one of what stays.",
        ("New BTN", "NewBillingTelephoneNumber", "new_billing_phone_number", "Replacement BTN", "New Pilot"), Form.NUMBER, identifier=True,
    ),
    Field("unlocked", "Unlocked", "Yes, when a digital carrier such as Google Voice has unlocked the number.", (), Form.YES_NO, choices=("Yes", "No")),
    Field("loa_file", "LOA File", "File name of the signed letter of authorization.", ("loa",)),
    Field("invoice_file", "Invoice File", "File name of a recent invoice.", ("invoice", "bill_file", "BillImagePath", "Bill Copy")),
    Field("reseller", "Reseller", "Canada: who sold the service, when that is not the carrier.", ()),
    Field("contact_email", "Contact Email", "Hears of the rows that name it, and of no others.", ("Notify", "notification_emails", "unique email", "Email")),
    Field(
        "customer_ref", "Your Reference", "Handed back to you untouched.",
        ("CustomerOrderId", "customer_reference", "ReferenceId", "reference_number", "Request", "Ticket", "Project", "Store Number", "Site", "Location"),
        identifier=True,
    ),
    Field("notes", "Notes", "To the carrier, at most 160 signs.", ("REMARKS", "comment", "Special Instructions")),
    Field("action", "Action", "Blank, correct or cancel.", (), Form.CHOICE, "", ("correct", "cancel")),
    Field("row_id", "Row ID", "Ours: says which row of an earlier sheet is meant.", (), identifier=True),
)

BY_NAME: dict[str, Field] = {field.name: field for field in FIELDS}
NAMES: tuple[str, ...] = tuple(BY_NAME)

ADDRESS = ("street_number", "street_direction", "street_name", "unit", "city", "state", "postal_code")
#: Addresses that mail can be sent to.
CONTACT = r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z]{2,}"

#: Columns of other people's sheets that are a part of a field, or a sign of one: part -> the headers that mean it.
PARTS: dict[str, tuple[str, ...]] = {
    "first_name": ("First Name", "FirstName", "ResidentialFirstName"),
    "middle_name": ("MI", "MiddleInitial", "Middle Name"),
    "last_name": ("Last Name", "LastName", "Surname", "ResidentialLastName"),
    "unit_type": ("LD", "LD1", "Unit Type"),
    "street_prefix": ("HousePrefix", "Street Prefix"),
    "street_type": ("StreetSuffix", "street_type", "SATH", "Street Type", "Thoroughfare"),
    "street_post_direction": ("PostDirectional", "street_post_dir", "SASS"),
    "is_wireless": ("isMobile", "wireless_number", "is_wireless", "Wireless", "Mobile?"),
    "subscriber_type": ("Subscriber Type", "customer_type", "location_type", "Res/Bus", "Bus/Res", "TOS"),
}

#: A row of the template whose reference is this is an example, and not read.
EXAMPLE_REFERENCE = "EXAMPLE - not read"
#: The columns that results workbooks add; they are known when they come back and only `Row ID` is read from them.
RESULT_LABELS = ("Port Result", "Order (PON)", "Confirmed Date", "What is wrong", "How to fix it", "Row ID")
#: The sheets of results workbooks; there may be several of the second and third, and the last, which drop-downs choose from, is hidden.
RESULT_SHEETS = ("Summary", "To fix", "All rows", "Lists")
