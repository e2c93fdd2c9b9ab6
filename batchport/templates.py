"""Templates of what people are given: where they are looked for, and what is wrong with one that cannot be rendered."""

from __future__ import annotations

import re
import traceback
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateSyntaxError, select_autoescape

# Control characters, line breaks of every kind, what turns the direction of writing, and halves of characters.
_HIDDEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff]+")
_SURROGATES = re.compile(r"[\ud800-\udfff]")


class TemplateFault(Exception):
    """A template that cannot be rendered; the message says which file, which line and why."""


def clean(text: str) -> str:
    r"""The text without what cannot be seen: it can neither change the lines around it nor dress up as something else.

    >>> clean("bill\u202e.csv\n")
    'bill .csv '
    """
    return _SURROGATES.sub("\ufffd", _HIDDEN.sub(" ", text))


def moment(value: datetime) -> str:
    """A time to the minute, with its zone."""
    return f"{value:%Y-%m-%d %H:%M %Z}".strip()


def template_folder() -> Path:
    """The folder of the packaged templates: inside the package when it is installed, beside it in a checkout."""
    package = Path(__file__).parent
    installed = package / "templates"
    return installed if installed.is_dir() else package.parent / "templates"


def environment(folders: Sequence[Path], **options: Any) -> Environment:
    """Templates from some folders, first to last; HTML escapes what it is given, and a name that does not exist is an error."""
    return Environment(
        loader=FileSystemLoader(list(folders)), undefined=StrictUndefined, autoescape=select_autoescape(("html",)), trim_blocks=True, lstrip_blocks=True, **options
    )


def rendered(templates: Environment, name: str, /, **values: object) -> str:
    """A template filled in.

    Raises:
        TemplateFault: it cannot be.
    """
    try:
        return templates.get_template(name).render(values)
    except TemplateSyntaxError as error:
        raise TemplateFault(f"{error.filename or error.name or name}, line {error.lineno}: {error.message}") from None
    except Exception as error:
        # Whatever a template does wrong, from an undefined name to a division by zero, shows as a frame of the template's own file.
        raise TemplateFault(f"{_place(templates, error) or name}: {error}") from error


def _place(templates: Environment, error: Exception) -> str:
    folders = tuple(map(str, templates.loader.searchpath)) if isinstance(templates.loader, FileSystemLoader) else ()
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename.startswith(folders)]
    return f"{frames[-1].filename}, line {frames[-1].lineno}" if frames else ""
