"""What an installation reaches: the mail server and the partners' servers, spoken to and told nothing."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from batchport.config import ConfigProblem, Sftp
from batchport.pipeline.doctor.lines import RED, YELLOW, Looking, Seen, count
from batchport.pipeline.doctor.patient import Patient
from batchport.pipeline.notify import delivery
from batchport.pipeline.tally import PassTally
from batchport.pipeline.ways import CannotOpen, look_at_keys, session_to
from batchport.transport import TransportError

#: Seconds that a server is waited for here; whoever calls the doctor stands beside it.
_PATIENCE = 10.0


def mail_server(patient: Patient) -> Looking:
    """Whether the mail server lets us in; no mail is sent."""
    app, smtp = patient.app, patient.app.settings.smtp
    if smtp is None:
        return f"none is set; mails are written into {patient.home / 'mail'}"
    quick = app.settings.model_copy(update={"smtp": smtp.model_copy(update={"timeout": min(smtp.timeout, _PATIENCE)})})
    try:
        trouble = asyncio.run(delivery(replace(app, settings=quick)).reached())
    except (ConfigProblem, ValueError) as error:
        trouble = str(error)
    if trouble:
        yield Seen(RED, trouble, "correct `smtp:`, or ask whoever runs the server; all mails are kept meanwhile")
    secure = {"starttls": "with STARTTLS", "implicit": "with TLS", "plain": "without TLS"}[smtp.tls]
    return f"{smtp.host}, port {smtp.port}, answers {secure}{f' and lets {smtp.username} in' if smtp.username else ''}; nothing was sent"


def partners(patient: Patient) -> Looking:
    """Whether partners' servers are the right ones, let us in and have their folders, and keys for PGP are there; nothing is written."""
    told = []
    for name, partner in patient.app.settings.partners.items():
        tally = PassTally()
        try:
            look_at_keys(patient.app, tally, name)
        except CannotOpen as error:
            yield Seen(RED, f"partner {name}: {error}", f"put the key right, or `pgp:` of {name}; its files are neither made nor read until then")
        for said in tally.troubles:
            yield Seen(YELLOW, said, f"agree on new keys with {name} in time")
        if not isinstance(partner.transport, Sftp):
            told.append(f"{name} by folder")
            continue
        try:
            yield from _server(patient, name, partner.transport)
        except TransportError as error:
            yield Seen(RED, f"partner {name}: {error}", f"follow what it says, or ask {name}; submissions are kept meanwhile")
        told.append(f"{name} by SFTP to {partner.transport.host}")
    return f"{count(len(told), 'partner')} can be reached: {', '.join(told)}" if told else "there are none"


def _server(patient: Patient, name: str, transport: Sftp) -> Looking:
    quick = transport.model_copy(update={"timeout": min(transport.timeout, _PATIENCE)})
    with session_to(patient.app, quick) as session:
        from batchport.transport.sftp import is_there

        for folder in filter(None, (transport.outbox, transport.responses, transport.move_to)):
            if not is_there(session, folder):
                yield Seen(RED, f"partner {name}: {transport.host} has no folder {folder}", f"ask {name} for the right folder, and correct its settings")
    return ""
