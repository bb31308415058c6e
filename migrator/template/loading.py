"""Read a template from YAML: text in, a checked :class:`Template` or one clear error out."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from migrator.errors import TemplateError, did_you_mean
from migrator.template.locate import shipped_paths
from migrator.template.spec import Template, ValueRow
from migrator.template.tables import VALUE_COLUMNS, is_blank, read_sheet

Lines = dict[tuple[str | int, ...], int]
"""Path inside the file to line number, from 1."""

_DEEPEST = 20
_SHOWN = 8


def load_template(source: Path | str) -> Template:
    """The template in a file, or the shipped one of that name.

    Raises:
        TemplateError: no such template, or it is wrong; every fault with its line.
    """
    path = Path(source)
    known = shipped_paths()
    if not path.is_file() and str(source) in known:
        path = known[str(source)]
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        hint = did_you_mean(str(source), known) or f" Shipped templates: {', '.join(known)}."
        raise TemplateError(f'There is no template "{source}".{hint}') from None
    except (OSError, UnicodeDecodeError) as error:
        raise TemplateError(f"{source}: the template cannot be read: {error}.") from error
    return parse_template(text, origin=str(source), folder=path.parent)


def parse_template(text: str, *, origin: str = "template", folder: Path | None = None) -> Template:
    """The template in a text; ``folder`` is where its sidecar files are.

    Raises:
        TemplateError: every fault with its line.
    """
    data, lines = _read_yaml(text, origin)
    try:
        template = Template.model_validate(data)
    except ValidationError as error:
        raise TemplateError(_explain(error, lines, origin)) from None
    sidecars = {
        name: _read_sidecar((folder or Path()) / spec.values_file, origin)
        for name, spec in template.fields.items()
        if spec.values_file
    }
    return template.completed(origin, sidecars)


def shipped_data(name: str) -> dict[str, Any]:
    """What a shipped template says, as plain data of texts: a place to start from."""
    data, _ = _read_yaml(shipped_paths()[name].read_text(encoding="utf-8-sig"), name)
    return dict(data)


def json_schema() -> dict[str, Any]:
    """The JSON Schema of a template, for editors that complete and check YAML."""
    schema = Template.model_json_schema(by_alias=True)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def _read_yaml(text: str, origin: str) -> tuple[Any, Lines]:
    lines: Lines = {}
    try:
        node = YAML(typ="safe", pure=True).compose(io.StringIO(text))
        if not isinstance(node, MappingNode):
            raise TemplateError(f"{origin}: a template is a mapping such as `name: my-export`.")
        return _plain(node, (), lines, origin), lines
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f", line {mark.line + 1}" if mark else ""
        raise TemplateError(f"{origin}{line}: this is not YAML: {error.problem}.") from None
    except YAMLError as error:
        raise TemplateError(f"{origin}: this is not YAML: {error}.") from None


def _plain(node: Node, path: tuple[str | int, ...], lines: Lines, origin: str) -> Any:  # noqa: ANN401
    """Plain data with every scalar as it is written, and the line of each part.

    Constructing numbers would make 7 of the stage id ``007`` and a float of ``1e3``.
    """
    line = node.start_mark.line + 1
    lines.setdefault(path, line)
    if len(path) > _DEEPEST:
        raise TemplateError(f"{origin}, line {line}: nested too deeply (an alias inside itself?).")
    if isinstance(node, SequenceNode):
        return [_plain(item, (*path, n), lines, origin) for n, item in enumerate(node.value)]
    if isinstance(node, MappingNode):
        result: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = str(key_node.value)
            at = key_node.start_mark.line + 1
            if not isinstance(key_node, ScalarNode) or key in result:
                raise TemplateError(
                    f'{origin}, line {at}: "{key}" stands here twice, or is no plain key.'
                )
            lines[(*path, key)] = at
            result[key] = _plain(value_node, (*path, key), lines, origin)
        return result
    unwritten = str(node.tag).endswith(":null") and getattr(node, "style", None) is None
    return None if unwritten else str(node.value)


def _explain(error: ValidationError, lines: Lines, origin: str) -> str:
    faults = []
    for detail in error.errors():
        path = tuple(part for part in detail["loc"] if part in _parts(lines))
        path = (*path, *detail.get("ctx", {}).get("key", ()))
        line = next(
            (lines[path[:n]] for n in range(len(path), -1, -1) if path[:n] in lines),
            1,
        )
        where = ".".join(str(part) for part in path)
        text = detail["msg"].removeprefix("Value error, ")
        faults.append(f"{origin}, line {line}{f', {where}' if where else ''}: {text}")
    unique = list(dict.fromkeys(faults))
    rest = f"\nand {len(unique) - _SHOWN} more." if len(unique) > _SHOWN else ""
    return "\n".join(unique[:_SHOWN]) + rest


def _parts(lines: Lines) -> set[str | int]:
    """Names and numbers that stand in the file; pydantic's paths also name alternatives of ours."""
    return {part for path in lines for part in path}


def _read_sidecar(path: Path, origin: str) -> tuple[ValueRow, ...]:
    """A value map; lines without a target are not decided yet, and change nothing."""
    sheet = read_sheet(path, f"{origin}: values_file {path}", "a value map", VALUE_COLUMNS)
    return tuple(
        ValueRow(
            pipeline=row.get("pipeline") or None,
            source=row["source"],
            target="" if is_blank(row["target"]) else row["target"],
        )
        for row in sheet.rows
        if row["source"] and row["target"]
    )
