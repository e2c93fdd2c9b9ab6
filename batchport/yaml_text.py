"""YAML that people write, read so that every fault can be told by file, line and the nearest name.

Only what a settings file needs is understood: plain `true`, `false`, whole and decimal numbers and nothing at all are what they look like; everything
else is the text that stands there. So `13:00` is not 780, `NO` is not false, and `06` is not 6.
"""

from __future__ import annotations

import difflib
import re
import types
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Annotated, Any, Union, get_args, get_origin

import yaml
from pydantic import BaseModel, ValidationError

Path = tuple[str | int, ...]
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_WHOLE, _DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]*)"), re.compile(r"-?(?:0|[1-9][0-9]*)\.[0-9]+")
_QUOTED = re.compile("'([^']*)'")
_WORDS = {"true": True, "True": True, "false": False, "False": False, "null": None, "~": None, "": None}


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault of a file that somebody wrote: what is wrong, in words; the line where that is known; the path of keys to it."""

    file: str
    line: int | None
    words: str
    path: Path = ()

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}, line {self.line}"
        return f"{place}: {self.words}"


class UnreadableYaml(ValueError):
    """The text is not YAML of the kind above; `problem` says where and why."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Document:
    """A mapping with the place of everything in it.

    Attributes:
        file: what to call it when something is wrong.
        data: the values: mappings, lists, texts, numbers, true, false, None.
        lines: path of keys and list positions -> line, the first is 1; empty for data that was not read from a file.
    """

    file: str
    data: Mapping[str, Any]
    lines: Mapping[Path, int] = field(default_factory=dict)


def read_yaml(text: str, file: str) -> Document:
    """The document in a text; an empty one is an empty mapping.

    Raises:
        UnreadableYaml: not YAML, not a mapping at the top, a key that stands twice, a tag, or an alias inside what it stands for.
    """
    try:
        node = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise UnreadableYaml(Problem(file, mark.line + 1 if mark else None, f"this is not YAML: {error.problem or error.context}")) from None
    except yaml.YAMLError as error:
        raise UnreadableYaml(Problem(file, None, f"this is not YAML: {' '.join(str(error).split())}")) from None
    if node is None:
        return Document(file, {})
    if not isinstance(node, yaml.MappingNode):
        raise UnreadableYaml(Problem(file, node.start_mark.line + 1, "names with values are expected here, such as 'name: value'"))
    builder = _Builder(file)
    return Document(file, builder.build(node, ()), builder.lines)


class _Builder:
    def __init__(self, file: str) -> None:
        self.file = file
        self.lines: dict[Path, int] = {}
        self._open: set[int] = set()

    def build(self, node: yaml.Node, path: Path) -> Any:
        self.lines.setdefault(path, node.start_mark.line + 1)
        if node.tag.startswith("!"):
            raise self._fault(node, f"tags such as {node.tag} mean nothing here", path)
        if isinstance(node, yaml.ScalarNode):
            return _scalar(node)
        if id(node) in self._open:
            raise self._fault(node, "an alias stands inside what it stands for", path)
        self._open.add(id(node))
        built = self._mapping(node, path) if isinstance(node, yaml.MappingNode) else self._sequence(node, path)
        self._open.discard(id(node))
        return built

    def _sequence(self, node: yaml.Node, path: Path) -> list[Any]:
        return [self.build(item, (*path, place)) for place, item in enumerate(node.value)]

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, Any]:
        built: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                raise self._fault(key_node, "a name must be a single word or text", path)
            key = key_node.value
            if key in built:
                raise self._fault(key_node, f"'{key}' stands here twice; it is already in line {self.lines[*path, key]}", (*path, key))
            self.lines[*path, key] = key_node.start_mark.line + 1
            built[key] = self.build(value_node, (*path, key))
        return built

    def _fault(self, node: yaml.Node, words: str, path: Path) -> UnreadableYaml:
        return UnreadableYaml(Problem(self.file, node.start_mark.line + 1, words, path))


def _scalar(node: yaml.ScalarNode) -> Any:
    text: str = node.value
    if node.style:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _WHOLE.fullmatch(text):
        return int(text)
    return float(text) if _DECIMAL.fullmatch(text) else text


def merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """What `base` says, changed by what `over` says; mappings are joined key by key, everything else is replaced."""
    merged = dict(base)
    for key, value in over.items():
        old = merged.get(key)
        merged[key] = merge(old, value) if isinstance(old, Mapping) and isinstance(value, Mapping) else value
    return merged


def explain(error: ValidationError, model: type[BaseModel], documents: Sequence[Document]) -> tuple[Problem, ...]:
    """What pydantic found wrong, each with the place in the first document that says something there, and the nearest name for an unknown one."""
    return tuple(_problem(detail["loc"], detail, model, documents) for detail in error.errors(include_url=False))


def nearest(name: str, known: Sequence[str]) -> str:
    """'; did you mean ...?' with the most alike of the known names, or blank when none is like it."""
    found = difflib.get_close_matches(name.casefold(), [each.casefold() for each in known], 1, 0.5)
    match = next((each for each in known if found and each.casefold() == found[0]), None)
    return f"; did you mean '{match}'?" if match else ""


def _problem(path: Path, detail: Any, model: type[BaseModel], documents: Sequence[Document]) -> Problem:
    known, path = _names_at(model, path[:-1]), _untagged(path, documents)
    kind, said = detail["type"], ".".join(str(step) for step in path if step != "[key]")
    if kind == "extra_forbidden":
        words = f"there is no setting '{said}'{nearest(str(path[-1]), known)}"
    elif kind == "missing":
        words = f"the setting '{said}' is missing"
    elif kind == "union_tag_not_found":
        words = f"the setting '{said}.kind' is missing"
    elif kind == "union_tag_invalid":
        wrong, expected = detail["ctx"]["tag"], detail["ctx"]["expected_tags"]
        words = f"{said}: '{wrong}' is none of {expected}{nearest(wrong, _QUOTED.findall(expected))}"
    elif kind == "literal_error":
        wrong, expected = str(detail["input"]), detail["ctx"]["expected"]
        words = f"{said}: '{wrong}' is none of {expected}{nearest(wrong, _QUOTED.findall(expected))}"
    else:
        reason = str(detail["msg"]).removeprefix("Value error, ")
        words = f"{said}: {reason}" if said else reason
    file, line = _place(path, documents)
    return Problem(file, line, words, path)


def _untagged(path: Path, documents: Sequence[Document]) -> Path:
    """The path as it is written: pydantic puts the kind of a thing that comes in kinds into it, which stands there as its `kind`, or alone."""
    plain: Path = ()
    for step in path:
        if not any(step in (said, said.get("kind") if isinstance(said, Mapping) else None) for said in _said_at(plain, documents) if not _has(said, (step,))):
            plain = (*plain, step)
    return plain


def _said_at(path: Path, documents: Sequence[Document]) -> list[Any]:
    found = []
    for document in documents:
        data: Any = document.data
        if _has(data, path):
            for step in path:
                data = data[step]
            found.append(data)
    return found


def _place(path: Path, documents: Sequence[Document]) -> tuple[str, int | None]:
    """Where the path is said; the nearest thing above it where it is said nowhere. The first document that has a list has the whole of it."""
    names = tuple(takewhile(lambda step: isinstance(step, str), path))
    for length in range(len(names), 0, -1):
        for document in documents:
            if _has(document.data, names[:length]):
                said = next(path[:end] for end in range(len(path), 0, -1) if _has(document.data, path[:end]))
                return document.file, document.lines.get(said)
    return documents[0].file, None


def _has(data: Any, path: Path) -> bool:
    for step in path:
        try:
            data = data[step]
        except (KeyError, IndexError, TypeError):
            return False
    return True


def _names_at(model: Any, path: Path) -> list[str]:
    """The names that may stand at a path of a model."""
    kind = model
    for step in path:
        kind = _member(kind, step)
    shape = _model_in(kind)
    return list(shape.model_fields) if shape else []


def _member(kind: Any, step: str | int) -> Any:
    shape = _model_in(kind)
    tagged = [each for each in get_args(kind) if (of_kind := _model_in(each)) and "kind" in of_kind.model_fields and step in get_args(of_kind.model_fields["kind"].annotation)]
    if tagged:
        return tagged[0]
    if shape and step in shape.model_fields:
        return shape.model_fields[str(step)].annotation
    arguments = [each for each in get_args(kind) if each is not Ellipsis]
    return arguments[-1] if arguments else None


def _model_in(kind: Any) -> type[BaseModel] | None:
    """The model that a type is, or may be."""
    if get_origin(kind) is Annotated:
        return _model_in(get_args(kind)[0])
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return kind
    if get_origin(kind) in (Union, types.UnionType):
        return next((shape for each in get_args(kind) if (shape := _model_in(each))), None)
    return None
