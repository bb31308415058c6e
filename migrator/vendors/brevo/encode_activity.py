"""Notes and tasks in Brevo's terms. They have no attributes: their fields are those of the API.

A note is its text: its author is the user of the API key, its moment that of its creation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrator.errors import did_you_mean
from migrator.model import CUSTOM_PREFIX, ObjectType
from migrator.vendors.brevo.encode import IGNORED
from migrator.vendors.brevo.lookups import TERMS
from migrator.vendors.brevo.names import FIELDS
from migrator.vendors.shared import values
from migrator.vendors.shared.draft import Draft
from migrator.vendors.shared.problems import BadValue

if TYPE_CHECKING:
    from collections.abc import Callable

    from migrator.model import Encoded, Record
    from migrator.vendors.brevo.lookups import Lookups

LONGEST_NOTE = 3_000
"""Characters of a note."""

TASK_TYPE = "taskTypeId"


def encode(record: Record, lookups: Lookups) -> Encoded:
    """The properties of a note or a task, or every problem it has."""
    draft = Draft(record, TERMS)
    note = record.type is ObjectType.NOTES
    writers = _note_writers() if note else _task_writers(lookups)
    for field in record.values:
        if field in IGNORED or f"{record.type}.{field}" in IGNORED:
            continue
        if field in writers:
            draft.convert(FIELDS[record.type][field], field, writers[field])
        else:
            name = field.removeprefix(CUSTOM_PREFIX)
            draft.problem(field, TERMS.unknown_field(record.type, name, writers))
    for field, message in _WANTED[record.type].items():
        if not record.values.get(field, "").strip():
            code = f"missing_{field}"
            draft.problem(field, BadValue(code, message, field, only_to_create=True))
    return draft.done()


_WANTED = {
    ObjectType.NOTES: {"body": "Brevo wants a text for every note."},
    ObjectType.TASKS: {
        "title": "Brevo wants a title for every task.",
        "due_at": "Brevo wants a date and time for every task.",
    },
}
"""Fields without which nothing can be created, and why."""


def _note_writers() -> dict[str, Callable[[str], str]]:
    return {"body": _note_text}


def _note_text(text: str) -> str:
    if len(text) > LONGEST_NOTE:
        raise BadValue(
            "too_long",
            f"Brevo's notes have at most {LONGEST_NOTE:,} characters, not {len(text):,}.",
        )
    return text


def _task_writers(lookups: Lookups) -> dict[str, Callable[[str], str]]:
    zone = values.zone_of(lookups.account.time_zone)
    return {
        "title": str,
        "body": str,
        "kind": lambda text: _task_type(text, lookups),
        "due_at": lambda text: values.zulu(values.instant(text, zone)),
        "done": values.flag,
        "owner": lookups.owner,
    }


def _task_type(text: str, lookups: Lookups) -> str:
    """A type of task, whatever hyphens and spaces its name is written with."""
    info = lookups.field(ObjectType.TASKS, TASK_TYPE)
    options = info.options if info else {}
    if text in options:
        return text
    wanted = letters(text)
    for id_, title in options.items():
        if letters(title) == wanted:
            return id_
    near = did_you_mean(text, options.values())
    known = ", ".join(options.values())
    raise BadValue("unknown_option", f'"{text}" is no type of task; they are: {known}.{near}')


def letters(text: str) -> str:
    """Letters and digits of a text, in small letters.

    >>> letters("To-do"), letters("TODO")
    ('todo', 'todo')
    """
    return "".join(c for c in text.casefold() if c.isalnum())
