"""The tables.

Rows are narrow and orders are wide: a row is a handful of whole numbers, what its order shares stands once in `orders`, and the text of the sheet (the
customer's own cells and the normalised fields) lies in sealed Arrow pieces of 50,000 rows. So a night's million rows cost a million small inserts, one
statement moves all rows of a submission, and no PIN or account number is ever in a table as text.

`rows.live` says whether a row may still change; both telephone number indexes are partial on it, so that years of history do not slow tonight's intake,
and an update of `state` does not touch an index.

Of a sent order a further version may wait: `orders.next_sup` says of which kind, `next_date` with which date where that is a new one, `changes` which
fields it changes. A field that the order shares and that was corrected on one row is told by `shared`: field -> the row that says it for all (`next_shared`
while that is not sent). `rows.sent_as` is the row whose text the partner has, for a row that corrects it and is not sent; `was` and `was_foc` are the state
and date that a row gets back when the partner turns the version down, as long as that is not `settled`; `leaves`: the next version goes without it. An order that is cancelled so that a
new one can take its place `reorders`. Parts of an account that is too large for one order are orders of one key: `part` 1 goes first, `gone_before` is
how many numbers went in earlier parts.

`files.counted` is how many rows a file has in each state once none of them goes on any more, and a submission is in `closed` once all its lines are answered
(`store.count`). `submissions.line_rows` says of which row of which order each line of a submission is (`store.lines`), since a row may go on in other versions and orders.
`answers` are the lines of responses that counted or were noted, `exceptions` those that were not; one that speaks of an order names it, and `counts` once
it counts after all. `orders.warned` are the deadlines of an order that somebody was told of.

A mail tells of the passes from its own to `until_pass`; without one it still gathers what the night's mail will tell (`store.outbox`). While it is on its way
it is taken by a process until a time after which another one may take it over.

`destinations` holds the rows of customers with a roster that go to a line for one number, and of nobody else: it answers whether a line is taken without
opening earlier sheets. `papers` are what came beside sheets, sealed; `file_papers` says which paper a sheet meant by a name. `waiting` are files in the
inboxes that cannot be dealt with yet: sheets without their papers, and papers that no sheet has named.
What is kept no longer leaves its record: `pieces.pins` says whether PINs may still stand in a piece, a paper without bytes that had no `trouble` and a
submission with none were purged (`store.purge`).
A file whose columns were not certain keeps its proposal (sealed, since examples of cells stand in it); `retake` says that its columns were confirmed
since, and that the next pass is to make rows of it.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
    column,
    false,
    func,
    text,
    true,
)  # fmt: skip

metadata = MetaData(naming_convention={"ix": "ix_%(table_name)s_%(column_0_name)s", "uq": "uq_%(table_name)s_%(column_0_name)s"})

#: SQLite numbers rows by itself only where the key is called INTEGER.
Id = BigInteger().with_variant(Integer, "sqlite")
Time = String(32)
#: Orders that can be sent, and orders that wait for another one of their account or for a route.
READY_ORDER = "held_by = '' and (ver = 0 or next_sup <> '') and taken_by is null and lines > 0"
WAITING_ORDER = "held_by in ('order-account-busy', 'carrier-no-route', 'order-split')"
#: Sent orders of which a further version waits, and orders of which what is left goes into new ones when they are cancelled.
NEXT_VERSION = "next_sup <> ''"
GOING_ON = "reorders"
#: Orders of which the last look before they were to go found that their date cannot be met any more, or that a paper lacks.
HELD_AT_LAST = "held_by in ('date-too-soon', 'loa-missing', 'loa-not-found', 'loa-unusable', 'invoice-missing', 'invoice-not-found', 'invoice-unusable')"
#: Lines that turn something down.
REFUSAL = "status = 'REJECT'"
#: Files whose columns were not certain.
UNMAPPED = "state = 'unmapped'"
#: Mails that did not reach whom they were for, and will not.
UNDELIVERED = "state in ('failed', 'bounced', 'suppressed')"

meta = Table("meta", metadata, Column("name", String(40), primary_key=True), Column("value", LargeBinary, nullable=False))

passes = Table(
    "passes", metadata,
    Column("id", Id, primary_key=True),
    Column("command", String(20), nullable=False),
    Column("started", Time, nullable=False),
    Column("finished", Time),
    Column("summary", Text, nullable=False),
)  # fmt: skip

files = Table(
    "files", metadata,
    Column("id", Id, primary_key=True),
    Column("customer", String(80), nullable=False),
    Column("name", Text, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("state", String(12), nullable=False),
    Column("received", Time, nullable=False),
    Column("pass_id", Id, ForeignKey("passes.id"), nullable=False),
    Column("first_row", BigInteger, nullable=False),
    Column("rows", Integer, nullable=False),
    Column("sheets", Text, nullable=False),
    Column("problems", Text, nullable=False),
    Column("same_as", Id, ForeignKey("files.id")),
    Column("put_away", Boolean, nullable=False),
    Column("results_due", Boolean, nullable=False),
    Column("proposal", LargeBinary),
    Column("retake", Boolean, nullable=False, server_default=false()),
    Column("counted", Text, nullable=False, server_default=""),
    Index("ix_files_content", "customer", "sha256"),
    # What is asked of many files has an index with all of it, since the description of the sheets would be read on the way.
    Index("ix_files_first_row", "first_row", "rows"),
    Index("ix_files_customer", "customer"),
    Index("ix_files_name", "name"),
    Index("ix_files_received", "received"),
    Index("ix_files_pass", "pass_id"),
    Index("ix_files_retake", "id", sqlite_where=text("retake"), postgresql_where=text("retake")),
    Index("ix_files_unmapped", "customer", sqlite_where=text(UNMAPPED), postgresql_where=text(UNMAPPED)),
    Index("ix_files_uncounted", "first_row", "rows", "customer", sqlite_where=text("counted = ''"), postgresql_where=text("counted = ''")),
    Index("ix_files_counted", "customer", "counted", "rows", sqlite_where=text("counted <> ''"), postgresql_where=text("counted <> ''")),
    Index("ix_files_results_due", "id", sqlite_where=text("results_due"), postgresql_where=text("results_due")),
)  # fmt: skip

mappings = Table(
    "mappings", metadata,
    Column("id", Id, primary_key=True),
    Column("customer", String(80), nullable=False),
    Column("fingerprint", String(64), nullable=False),
    Column("headers", Text, nullable=False),
    Column("columns", Text, nullable=False),
    Column("at", Time, nullable=False),
    Column("who", Text, nullable=False),
    Column("why", Text, nullable=False),
    Index("ix_mappings_customer", "customer", "fingerprint"),
)  # fmt: skip

pieces = Table(
    "pieces", metadata,
    Column("file_id", Id, ForeignKey("files.id"), nullable=False),
    Column("start", Integer, nullable=False),
    Column("sheet", Integer, nullable=False),
    Column("rows", Integer, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("pins", Boolean, nullable=False, server_default=true()),
    PrimaryKeyConstraint("file_id", "start"),
    Index("ix_pieces_with_pins", "file_id", sqlite_where=text("pins"), postgresql_where=text("pins")),
)  # fmt: skip

papers = Table(
    "papers", metadata,
    Column("id", Id, primary_key=True),
    Column("customer", String(80), nullable=False),
    Column("name", Text, nullable=False),
    Column("alike", Text, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("form", String(8), nullable=False),
    Column("trouble", Text, nullable=False),
    Column("sealed", LargeBinary),
    UniqueConstraint("customer", "alike", "sha256"),
)  # fmt: skip

file_papers = Table(
    "file_papers", metadata,
    Column("file_id", Id, ForeignKey("files.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("paper_id", Id, ForeignKey("papers.id"), nullable=False),
    PrimaryKeyConstraint("file_id", "name"),
    sqlite_with_rowid=False,
)  # fmt: skip

waiting = Table(
    "waiting", metadata,
    Column("customer", String(80), nullable=False),
    Column("name", Text, nullable=False),
    Column("changed", BigInteger, nullable=False),
    Column("since", BigInteger, nullable=False),
    Column("wants", Text, nullable=False),
    PrimaryKeyConstraint("customer", "name"),
    sqlite_with_rowid=False,
)  # fmt: skip

orders = Table(
    "orders", metadata,
    Column("id", Id, primary_key=True),
    Column("key", LargeBinary(16), nullable=False),
    Column("account", LargeBinary(16), nullable=False),
    Column("live", Boolean, nullable=False),
    Column("customer", String(80), nullable=False),
    Column("partner", String(80), nullable=False),
    Column("number_class", String(10), nullable=False),
    Column("country", String(2), nullable=False),
    Column("losing_carrier", Text, nullable=False),
    Column("btn", BigInteger),
    Column("partial", String(1), nullable=False),
    Column("lines", Integer, nullable=False),
    Column("ver", SmallInteger, nullable=False),
    Column("sup", String(1), nullable=False),
    Column("parent_id", Id, ForeignKey("orders.id")),
    Column("held_by", String(40), nullable=False),
    Column("released", Boolean, nullable=False),
    Column("requested_date", String(10), nullable=False),
    Column("taken_by", Id, ForeignKey("submissions.id")),
    Column("since", Time, nullable=False),
    Column("on_hold", Boolean, nullable=False, server_default=false()),
    Column("part", SmallInteger, nullable=False, server_default=text("0")),
    Column("gone_before", Integer, nullable=False, server_default=text("0")),
    Column("redated", String(10), nullable=False, server_default=""),
    Column("was_date", String(10), nullable=False, server_default=""),
    Column("shared", Text, nullable=False, server_default=""),
    Column("next_sup", String(1), nullable=False, server_default=""),
    Column("next_date", String(10), nullable=False, server_default=""),
    Column("next_shared", Text, nullable=False, server_default=""),
    Column("changes", Text, nullable=False, server_default=""),
    Column("reorders", Boolean, nullable=False, server_default=false()),
    Column("warned", String(120), nullable=False, server_default=""),
    Index("ix_orders_customer", "customer"),
    Index("ix_orders_account_live", "account", sqlite_where=text("live"), postgresql_where=text("live")),
    Index("ix_orders_ready", "partner", sqlite_where=text(READY_ORDER), postgresql_where=text(READY_ORDER)),
    Index("ix_orders_waiting", "id", sqlite_where=text(WAITING_ORDER), postgresql_where=text(WAITING_ORDER)),
    Index("ix_orders_next_version", "id", sqlite_where=text(NEXT_VERSION), postgresql_where=text(NEXT_VERSION)),
    Index("ix_orders_parent", "parent_id", sqlite_where=text("parent_id is not null"), postgresql_where=text("parent_id is not null")),
    Index("ix_orders_held_at_last", "since", sqlite_where=text(HELD_AT_LAST), postgresql_where=text(HELD_AT_LAST)),
    Index("ix_orders_going_on", "id", sqlite_where=text(GOING_ON), postgresql_where=text(GOING_ON)),
    Index("ix_orders_on_hold", "id", sqlite_where=text("on_hold"), postgresql_where=text("on_hold")),
    Index("ix_orders_taken_by", "taken_by", sqlite_where=text("taken_by is not null"), postgresql_where=text("taken_by is not null")),
)  # fmt: skip

order_findings = Table(
    "order_findings", metadata,
    Column("order_id", Id, ForeignKey("orders.id"), nullable=False),
    Column("code", String(40), nullable=False),
    Column("field", String(40), nullable=False),
    Column("detail", Text, nullable=False),
    Column("rejected_too", Boolean, nullable=False),
    PrimaryKeyConstraint("order_id", "code", "field"),
    sqlite_with_rowid=False,
)  # fmt: skip

rows = Table(
    "rows", metadata,
    Column("id", Id, primary_key=True),
    Column("file_id", Id, ForeignKey("files.id"), nullable=False),
    Column("row", Integer, nullable=False),
    Column("order_id", Id, ForeignKey("orders.id")),
    Column("state", SmallInteger, nullable=False),
    Column("tn", BigInteger),
    Column("live", Boolean, nullable=False),
    Column("ver", SmallInteger, nullable=False),
    Column("answered", Boolean, nullable=False),
    Column("answer_id", BigInteger),
    Column("foc", Integer),
    Column("since", BigInteger, nullable=False),
    Column("sent_as", BigInteger),
    Column("was", SmallInteger),
    Column("was_foc", Integer),
    Column("leaves", Boolean, nullable=False, server_default=false()),
    Column("settled", Boolean, nullable=False, server_default=false()),
    Index("ix_rows_tn_live", "tn", sqlite_where=text("live"), postgresql_where=text("live")),
    Index("ix_rows_tn_past", "tn", sqlite_where=text("not live"), postgresql_where=text("not live")),
    Index("ix_rows_order", "order_id", sqlite_where=text("order_id is not null"), postgresql_where=text("order_id is not null")),
)  # fmt: skip

findings = Table(
    "findings", metadata,
    Column("row_id", Id, ForeignKey("rows.id"), nullable=False),
    Column("code", String(40), nullable=False),
    Column("field", String(40), nullable=False),
    Column("detail", Text, nullable=False),
    Column("suggestion", Text),
    PrimaryKeyConstraint("row_id", "code", "field"),
    sqlite_with_rowid=False,
)  # fmt: skip

holds = Table(
    "holds", metadata,
    Column("row_id", Id, ForeignKey("rows.id"), nullable=False),
    Column("order_id", Id, ForeignKey("orders.id"), nullable=False),
    PrimaryKeyConstraint("order_id", "row_id"),
    Index("ix_holds_row_id", "row_id"),
    sqlite_with_rowid=False,
)  # fmt: skip

destinations = Table(
    "destinations", metadata,
    Column("customer", String(80), nullable=False),
    Column("line", Text, nullable=False),
    Column("row_id", Id, ForeignKey("rows.id"), nullable=False),
    PrimaryKeyConstraint("customer", "line", "row_id"),
    sqlite_with_rowid=False,
)  # fmt: skip

submissions = Table(
    "submissions", metadata,
    Column("id", Id, primary_key=True),
    Column("partner", String(80), nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("orders", Integer, nullable=False),
    Column("lines", Integer, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("protected", LargeBinary),
    Column("manifest", LargeBinary, nullable=False),
    Column("state", String(10), nullable=False),
    Column("pass_id", Id, ForeignKey("passes.id"), nullable=False),
    Column("stored", Time, nullable=False),
    Column("sent", Time),
    Column("line_rows", LargeBinary, nullable=False),
    UniqueConstraint("partner", "sequence"),
    Index("ix_submissions_name", "name"),
    # All that the report asks of them, since their bytes would be read on the way to `state` and `sent`.
    Index("ix_submissions_sent", "sent", "partner", "lines", "state", sqlite_where=text("state = 'sent'"), postgresql_where=text("state = 'sent'")),
)  # fmt: skip

#: Submissions all of whose lines are answered; apart, since a change of a submission writes all its bytes anew.
closed = Table("closed", metadata, Column("submission_id", Id, ForeignKey("submissions.id"), primary_key=True), Column("lines", Integer, nullable=False))

#: Papers that go beside a submission; `protected` are their bytes as they are sent, sealed, where these are not the paper's own.
enclosures = Table(
    "enclosures", metadata,
    Column("submission_id", Id, ForeignKey("submissions.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("paper_id", Id, ForeignKey("papers.id"), nullable=False),
    Column("protected", LargeBinary),
    PrimaryKeyConstraint("submission_id", "name"),
    sqlite_with_rowid=False,
)  # fmt: skip

#: What became of bringing a submission to its partner: the first time, and each time that it was sent again by hand.
sendings = Table(
    "sendings", metadata,
    Column("id", Id, primary_key=True),
    Column("submission_id", Id, ForeignKey("submissions.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("state", String(10), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("asked", Time, nullable=False),
    Column("sent", Time),
    Column("trouble", Text, nullable=False),
    Index("ix_sendings_submission_id", "submission_id"),
    Index("ix_sendings_name", "name"),
    Index("ix_sendings_open", "id", sqlite_where=text("state <> 'sent'"), postgresql_where=text("state <> 'sent'")),
)  # fmt: skip

versions = Table(
    "versions", metadata,
    Column("order_id", Id, ForeignKey("orders.id"), nullable=False),
    Column("ver", SmallInteger, nullable=False),
    Column("sup", String(1), nullable=False),
    Column("submission_id", Id, ForeignKey("submissions.id"), nullable=False),
    Column("lines", Integer, nullable=False),
    Column("answered", Integer, nullable=False),
    PrimaryKeyConstraint("order_id", "ver"),
    Index("ix_versions_submission_id", "submission_id"),
    sqlite_with_rowid=False,
)  # fmt: skip

responses = Table(
    "responses", metadata,
    Column("id", Id, primary_key=True),
    Column("partner", String(80), nullable=False),
    Column("name", Text, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("lines", Integer, nullable=False),
    Column("applied", Integer, nullable=False),
    Column("first_answer", BigInteger, nullable=False),
    Column("answers", Integer, nullable=False),
    Column("received", Time, nullable=False),
    Column("pass_id", Id, ForeignKey("passes.id"), nullable=False),
    UniqueConstraint("partner", "sha256"),
    Index("ix_responses_name", "name"),
    Index("ix_responses_pass", "pass_id"),
    Index("ix_responses_partner", "partner", "received"),
    Index("ix_responses_received", "received"),
)  # fmt: skip

#: What lines say, each once for a response file.
sayings = Table(
    "sayings", metadata,
    Column("id", Id, primary_key=True),
    Column("status", String(10), nullable=False),
    Column("code", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("foc_date", String(10), nullable=False),
    Index("ix_sayings_refusals", "id", sqlite_where=text(REFUSAL), postgresql_where=text(REFUSAL)),
)  # fmt: skip

#: A million of these come in a night: whole numbers alone, `at` in microseconds since 1970 (0 for none), no reference is looked up, and those of a file are found
#: by their numbers, which follow each other (`responses.first_answer`, and how many); but for those that found their order later, which are exception lines too.
answers = Table(
    "answers", metadata,
    Column("id", Id, primary_key=True),
    Column("response_id", BigInteger, nullable=False),
    Column("line", Integer, nullable=False),
    Column("order_id", BigInteger, nullable=False),
    Column("row_id", BigInteger),
    Column("ver", SmallInteger, nullable=False),
    Column("saying_id", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("applied", Boolean, nullable=False),
    Index("ix_answers_order_id", "order_id"),
)  # fmt: skip

exceptions = Table(
    "exceptions", metadata,
    Column("id", Id, primary_key=True),
    Column("response_id", Id, ForeignKey("responses.id"), nullable=False),
    Column("line", Integer, nullable=False),
    Column("pon", Text, nullable=False),
    # Whatever number a partner gives.
    Column("ver", SmallInteger().with_variant(Integer(), "postgresql"), nullable=False),
    Column("tn", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("foc_date", String(10), nullable=False),
    Column("at", Time, nullable=False),
    Column("reason", String(40), nullable=False),
    Column("since", Time, nullable=False),
    Column("resolved", Time),
    Column("resolved_by", Text),
    Column("why", Text),
    Column("order_id", BigInteger),
    Column("counts", Boolean, nullable=False, server_default=false()),
    Index("ix_exceptions_response_id", "response_id"),
    Index("ix_exceptions_tn", "tn"),
    Index("ix_exceptions_counts", "resolved", sqlite_where=text("counts"), postgresql_where=text("counts")),
    Index("ix_exceptions_order_id", "order_id", sqlite_where=text("order_id is not null"), postgresql_where=text("order_id is not null")),
    Index("ix_exceptions_open", "id", sqlite_where=text("resolved is null"), postgresql_where=text("resolved is null")),
)  # fmt: skip

mails = Table(
    "mails", metadata,
    Column("id", Id, primary_key=True),
    Column("pass_id", Id, ForeignKey("passes.id"), nullable=False),
    Column("kind", String(12), nullable=False),
    Column("customer", String(80), nullable=False),
    Column("recipient", Text, nullable=False),
    Column("state", String(10), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("created", Time, nullable=False),
    Column("next_try", Time, nullable=False),
    Column("sent", Time),
    Column("trouble", Text, nullable=False),
    Column("until_pass", Id),
    Column("taken_by", String(40), nullable=False, server_default=""),
    Column("taken_until", Time, nullable=False, server_default=""),
    UniqueConstraint("pass_id", "kind", "customer", "recipient"),
    Index("ix_mails_waiting", "next_try", sqlite_where=text("state = 'waiting'"), postgresql_where=text("state = 'waiting'")),
    Index("ix_mails_gathering", "customer", sqlite_where=text("state = 'gathering'"), postgresql_where=text("state = 'gathering'")),
    Index("ix_mails_several", "until_pass", sqlite_where=text("until_pass > pass_id"), postgresql_where=text("until_pass > pass_id")),
    Index("ix_mails_recipient", func.lower(column("recipient"))),
    Index("ix_mails_undelivered", "created", sqlite_where=text(UNDELIVERED), postgresql_where=text(UNDELIVERED)),
    Index("ix_mails_sending", "taken_until", sqlite_where=text("state = 'sending'"), postgresql_where=text("state = 'sending'")),
)  # fmt: skip

#: Addresses that nothing is sent to any more, since they bounced for good; in small letters.
suppressed = Table(
    "suppressed", metadata,
    Column("address", Text, primary_key=True),
    Column("since", Time, nullable=False),
    Column("why", Text, nullable=False),
    Column("mail_id", Id, ForeignKey("mails.id")),
    sqlite_with_rowid=False,
)  # fmt: skip

#: Who did what, when, why and from which file, numbered without gaps, each record chained to the one before by `hash` (`store.journal`). Triggers refuse to
#: change or delete a record that is in the chain; a later migration may not make the table anew, which would lose them. No reference is held to what a record
#: speaks of, since it outlives that. `why` is what an operator gave as the reason; what the program does by itself has none.
journal = Table(
    "journal", metadata,
    Column("id", Id, primary_key=True),
    Column("at", Time, nullable=False),
    Column("who", Text, nullable=False),
    Column("what", String(40), nullable=False),
    Column("why", Text, nullable=False),
    Column("about", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("pass_id", BigInteger),
    Column("file_id", BigInteger),
    Column("order_id", BigInteger),
    Column("submission_id", BigInteger),
    Column("response_id", BigInteger),
    Column("exception_id", BigInteger),
    Column("hash", LargeBinary(32)),
    Index("ix_journal_at", "at"),
    Index("ix_journal_order_id", "order_id", sqlite_where=text("order_id is not null"), postgresql_where=text("order_id is not null")),
    Index("ix_journal_submission_id", "submission_id", sqlite_where=text("submission_id is not null"), postgresql_where=text("submission_id is not null")),
)  # fmt: skip

#: Who may do what one process at a time does. Each taking gets a higher `token`, of all leases together; whoever holds an older one is refused.
#: `until` is in seconds since 1970 by the machine's clock, whatever the time to go by is.
leases = Table(
    "leases", metadata,
    Column("name", String(20), primary_key=True),
    Column("token", BigInteger, nullable=False),
    Column("holder", Text, nullable=False),
    Column("until", Float, nullable=False),
)  # fmt: skip

#: What the schedule has done: a job and the time that it was due at, once. `token` is of who did it last, `pass_id` the pass that it was done with: several that
#: were slept through are made up for by one.
windows = Table(
    "windows", metadata,
    Column("job", String(80), nullable=False),
    Column("due", Time, nullable=False),
    Column("state", String(10), nullable=False),
    Column("token", BigInteger, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("started", Time, nullable=False),
    Column("finished", Time),
    Column("pass_id", Id, ForeignKey("passes.id")),
    Column("trouble", Text, nullable=False),
    PrimaryKeyConstraint("job", "due"),
    Index("ix_windows_open", "job", sqlite_where=text("state <> 'done'"), postgresql_where=text("state <> 'done'")),
    sqlite_with_rowid=False,
)  # fmt: skip

#: Units of work that are at hand, or could not be done so far; what was done is not here any more. `token` is of the lease of who has it at hand, and `mark` what
#: the tries go by: a file that was changed since is another unit, and begins anew.
units = Table(
    "units", metadata,
    Column("kind", String(20), nullable=False),
    Column("key", Text, nullable=False),
    Column("mark", Text, nullable=False),
    Column("token", BigInteger, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("since", Time, nullable=False),
    Column("next_try", Time, nullable=False),
    Column("parked", Boolean, nullable=False),
    Column("trouble", Text, nullable=False),
    PrimaryKeyConstraint("kind", "key"),
    sqlite_with_rowid=False,
)  # fmt: skip

#: Units of work of the pass that is at work, as it spreads them over all processes that help it; gone when it has ended (`store.work`). `token` is of the pass's lease,
#: `lease` of that of the process that has the unit at hand. Units of one `line` (a keyed hash: a customer, a partner) are done in their order, and beside one that
#: is `alone` there is no other of its line.
work = Table(
    "work", metadata,
    Column("id", Id, primary_key=True),
    Column("pass_id", Id, ForeignKey("passes.id"), nullable=False),
    Column("token", BigInteger, nullable=False),
    Column("kind", String(20), nullable=False),
    Column("key", Text, nullable=False),
    Column("mark", Text, nullable=False),
    Column("line", LargeBinary(16)),
    Column("alone", Boolean, nullable=False),
    Column("small", Boolean, nullable=False),
    Column("priority", Integer, nullable=False),
    Column("state", String(8), nullable=False),
    Column("lease", BigInteger),
    Column("told", Text, nullable=False),
    Index("ix_work_line", "line", "id", sqlite_where=text("line is not null"), postgresql_where=text("line is not null")),
    Index("ix_work_next", "priority", "id", sqlite_where=text("state = 'waiting'"), postgresql_where=text("state = 'waiting'")),
)  # fmt: skip
