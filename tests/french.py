"""English in sentences that are to be French."""

from __future__ import annotations

import re

#: Words that no French sentence has, and that few English ones do without.
_ENGLISH = re.compile(
    r"\b(?:the|and|or|of|is|are|was|were|it|its|this|that|these|has|have|had|not|no|to|in|from|with|without|by|for|at|your|you|we|row|rows|number|numbers|"
    r"carrier|account|order|sheet|file|column|cell|cells|digits|letters|signs|blank|than|more|must|cannot|write|send|ask|take|nothing|sent|moved|"
    r"rejected|held|ready|submitted|acknowledged|delayed|confirmed|completed|cancelled|superseded|street|unit|day|observed|holiday)\b",
    re.IGNORECASE,
)
#: What is quoted is somebody's value, a label or a choice of the template.
_QUOTED = re.compile("«\u00a0.*?\u00a0»", re.DOTALL)


def english_in(text: str) -> list[str]:
    """The English words in a text, but for those in guillemets.

    >>> english_in("La ligne is vide, voir «\u00a0Number Type\u00a0».")
    ['is']
    """
    return _ENGLISH.findall(_QUOTED.sub("", text))
