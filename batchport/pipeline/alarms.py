"""What the operator hears at once, because it cannot wait for the night's mail: each thing once between two nights."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Connection

from batchport.pipeline.app import App
from batchport.pipeline.mails import queue_for_operator
from batchport.pipeline.notify import notify
from batchport.pipeline.run import one_pass
from batchport.pipeline.tally import PassTally
from batchport.store import acts
from batchport.store.queued import LOOK
from batchport.store.schema import passes


def sound(app: App, tally: PassTally, pass_id: int) -> None:
    """Write to the operator at once about what of this pass needs somebody and was not told since the last night."""
    problems = list(dict.fromkeys((*tally.set_aside, *tally.troubles)))
    with app.store.reading() as connection:
        heard = _heard(connection)
    new = [said for said in problems if said not in heard]
    if not new:
        return
    with app.store.transaction() as connection:
        connection.execute(passes.update().where(passes.c.id == pass_id).values(summary=json.dumps({"alarms": new})))
        queue_for_operator(app, connection, pass_id, "alarm")
    notify(app, tally, pass_id)


def cry(app: App, said: str) -> None:
    """Tell the operator, in a pass of its own, of a pass that failed."""

    def stage(app: App, tally: PassTally, pass_id: int) -> None:
        tally.trouble(said)
        sound(app, tally, pass_id)

    one_pass(app, LOOK, stage)


def _heard(connection: Connection) -> set[str]:
    """What alarms told since the last night."""
    summaries: list[Any] = [json.loads(summary) for summary in acts.summaries_since_the_night(connection)]
    return {said for summary in summaries for said in summary.get("alarms", ())}
