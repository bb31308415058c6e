"""A draft as the text of a template, with a comment on every guess."""

from __future__ import annotations

import json
import re
import textwrap
from typing import TYPE_CHECKING, Any

from migrator.guess.columns import ColumnKind
from migrator.guess.matching import field_name, meaning
from migrator.guess.scoring import percent
from migrator.model import CUSTOM_PREFIX, DealStatus

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from migrator.guess.columns import Column
    from migrator.guess.draft import Draft, Field
    from migrator.model import Account, NewPipeline

_WIDE = 100
_PLAIN = re.compile(r"^[A-Za-z_][\w./ +-]*(?<! )$")
_WORDS = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})


def as_yaml(draft: Draft, name: str, files: Iterable[str], account: Account | None) -> str:
    """The text of the template.

    Args:
        draft: what is written.
        name: of the template.
        files: the names of the files it was guessed from.
        account: whose names the value maps have; None = no account was looked at.
    """
    lines = [
        *_head(draft, list(files), account),
        f"name: {_text(name)}",
        *_options(draft, account),
        *_key(draft),
        "fields:",
        *(line for each in draft.fields for line in _field(each, draft)),
        *_absent(draft),
        *_unmapped(draft),
        *_create(draft),
    ]
    return "\n".join(lines) + "\n"


def _head(draft: Draft, files: list[str], account: Account | None) -> Iterator[str]:
    rows = draft.matching.profile.rows
    many = "1 record" if rows == 1 else f"{rows:,} records"
    told = f"Guessed by `migrator init` from {', '.join(files)} ({many}). "
    layout = draft.matching.layout
    if layout:
        fit = percent(layout.score)
        told += f"The layout is that of the shipped template {layout.template.name} ({fit} of it). "
    told += "Every guess says how sure it is and why; change what is wrong. "
    if draft.sheets:
        told += f"The files in {draft.values}/ say what becomes of each value: fill in the column "
        told += "target; a value without one stays as it is. "
    if account:
        told += f"Candidates are those of the {account.vendor} account {account.id}."
    yield from _comment(told)
    if draft.foreign:
        yield from _comment(f"QUESTION: {draft.foreign}.")


def _options(draft: Draft, account: Account | None) -> Iterator[str]:
    if draft.files:
        yield f"files: {_flow(draft.files)}"
    if draft.missing:
        yield from _comment("These texts stand for a blank in the file.")
        yield f"missing_values: {_flow(['', *draft.missing])}"
    if draft.zoneless and draft.zone:
        yield f"timezone: {_text(draft.zone)}"
    elif draft.zoneless:
        home = account.time_zone if account else None
        hint = f" The account's is {home}." if home else ""
        yield from _comment(
            f"QUESTION: times without a time zone: {', '.join(draft.zoneless)}. Whose are they? "
            f"Write it as in Europe/Paris.{hint}"
        )
        yield "timezone: UTC"


def _key(draft: Draft) -> Iterator[str]:
    yield from _comment(_said(draft.matching.match("key"), draft.key_notes, draft))
    if draft.key_question:
        yield from _comment(f"QUESTION: {draft.key_question}.")
    yield f"key: {_flow(draft.key)}"
    columns = draft.matching.columns("key")
    key = draft.matching.profile.column(columns[0]) if len(columns) == 1 else None
    if key and key.distinct < key.filled:
        again = key.filled - key.distinct
        yield from _comment(
            f"QUESTION: records that repeat an id: {again:,}. Which is loaded? A check stops until "
            "this is answered: first, last, or {newest: close_date}."
        )
        yield "# duplicates: first"


def _said(match: Any, notes: Iterable[str], draft: Draft) -> str:  # noqa: ANN401 - Match or None
    sure = f"{match.score:.0%}".replace("%", " %") if match else "0 %"
    return f"{sure}: {'; '.join(notes)}{_filled(match, draft)}"


def _filled(match: Any, draft: Draft) -> str:  # noqa: ANN401
    columns = [draft.matching.profile.column(name) for name in match.columns] if match else []
    if len(columns) != 1:
        return ""
    column = columns[0]
    return f"; {percent(column.fill)} filled, such as {_sample(column)}" if column.filled else ""


def _sample(column: Column) -> str:
    shown = [" ".join(sample.split()) for sample in column.samples[:2]]
    return ", ".join(text if len(text) <= 30 else f"{text[:29]}…" for text in shown)


def _field(field: Field, draft: Draft) -> Iterator[str]:
    match = field.match
    evidence = [
        reading.evidence
        for name in match.columns
        if (reading := draft.matching.profile.column(name).reading) and reading.pinned
    ]
    reasons = [*match.reasons]
    reasons += [text for text in evidence if not any(text in reason for reason in reasons)]
    yield from _comment(_said(match, reasons, draft), "  ")
    for note in field.notes:
        yield from _comment(note[0].upper() + note[1:] + ".", "  ")
    for question in field.questions:
        yield from _comment(f"QUESTION: {question}", "  ")
    lines = list(_mapping(match.field, field.spec, "  "))
    if match.doubt:
        yield from _comment(f"NOT IN USE: {match.doubt}:", "  ")
        lines = [f"  # {line[2:]}" for line in lines]
    yield from lines


def _mapping(name: str, spec: Mapping[str, Any], indent: str) -> Iterator[str]:
    line = f"{indent}{_text(name)}: {_flow(spec)}"
    if len(line) <= _WIDE:
        yield line
        return
    yield f"{indent}{_text(name)}:"
    for key, value in spec.items():
        line = f"{indent}  {key}: {_flow(value)}"
        if len(line) <= _WIDE or not isinstance(value, list):
            yield line
            continue
        yield f"{indent}  {key}:"
        yield from (f"{indent}    - {_flow(item)}" for item in value)


def _absent(draft: Draft) -> Iterator[str]:
    if draft.absent:
        named = ", ".join(draft.absent)
        yield ""
        yield from _comment(
            f"No column was found for {named}. Add them if the file has them.", "  "
        )


def _unmapped(draft: Draft) -> Iterator[str]:
    left = draft.matching.unmapped
    waiting = {name for m in draft.matching.matches if m.doubt for name in m.columns}
    left = tuple(column for column in left if column.name not in waiting)
    if not left:
        return
    taken = {match.field.removeprefix(CUSTOM_PREFIX) for match in draft.matching.matches}
    yield ""
    yield from _comment(
        "Columns that are not loaded. To load one into a field of the target's own, uncomment its "
        "line; where the target lacks the field, name it under create, fields as well.",
        "  ",
    )
    for column in left:
        told = meaning(column)
        if column.kind is ColumnKind.BLANK:
            yield from _comment(f"{column.name}: {told}", "  ")
            continue
        name = field_name(column.name, taken)
        taken.add(name)
        why = f"{told}; " if told else ""
        yield f"  # custom.{name}: {{from: [{_text(column.name)}]}}"
        yield from _comment(
            f"    {why}{column.kind.value}, {percent(column.fill)} filled, {column.distinct:,} "
            f"different, such as {_sample(column)}",
            "  ",
        )


def _create(draft: Draft) -> Iterator[str]:
    if not (draft.create or draft.places.create):
        return
    yield ""
    yield from _comment("Created in the target before the run, where it is missing.")
    yield "create:"
    if draft.create:
        yield "  fields:"
        for new in draft.create:
            yield f"    - {{name: {_text(new.name)}, label: {_text(new.label)}}}"
    if draft.places.create:
        yield "  pipelines:"
        for pipeline in draft.places.create:
            yield from _pipeline(pipeline)


def _pipeline(pipeline: NewPipeline) -> Iterator[str]:
    yield f"    - label: {_text(pipeline.label)}"
    yield "      stages:"
    for stage in pipeline.stages:
        status = "" if stage.status is DealStatus.OPEN else f", status: {stage.status.value}"
        chance = f', probability: "{stage.probability}"' if stage.probability else ""
        yield f"        - {{label: {_text(stage.label)}{status}{chance}}}"


def _comment(text: str, indent: str = "") -> Iterator[str]:
    """A text as lines of comment; what stands in a file cannot end one."""
    printable = "".join(c if c.isprintable() else " " for c in text)
    inner = re.match(" *", printable)
    deep = f"{indent}# {inner[0] if inner else ''}"
    yield from textwrap.wrap(
        printable.strip(),
        _WIDE - 4,
        initial_indent=deep,
        subsequent_indent=deep,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _flow(value: Any) -> str:  # noqa: ANN401 - plain data
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_text(k)}: {_flow(v)}" for k, v in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_flow(each) for each in value) + "]"
    return _text(str(value))


def _text(text: str) -> str:
    """A text as YAML takes it: bare where that is plain, else in quotation marks."""
    if _PLAIN.match(text) and text.isascii() and text.lower() not in _WORDS and ": " not in text:
        return text
    if text.isdecimal():
        return text
    quoted = json.dumps(text, ensure_ascii=False)
    return "".join(
        c if c.isprintable() else f"\\u{ord(c):04x}" if ord(c) < 0x10000 else f"\\U{ord(c):08x}"
        for c in quoted
    )
