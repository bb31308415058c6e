"""``POST /crm/deals/import`` and ``POST /companies/import``: a file in, a process id out."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, NamedTuple

from migrator.vendors.brevo.sandbox.answers import Answer, Refusal
from migrator.vendors.brevo.sandbox.import_rows import ASSOCIATED, ID_COLUMN, RowImport
from migrator.vendors.brevo.sandbox.multipart import parts

if TYPE_CHECKING:
    from migrator.vendors.brevo.sandbox.answers import Call
    from migrator.vendors.brevo.sandbox.jobs import Jobs
    from migrator.vendors.brevo.sandbox.multipart import Part
    from migrator.vendors.brevo.sandbox.organization import Organization
    from migrator.vendors.brevo.sandbox.records import Records
    from migrator.vendors.brevo.sandbox.schema import Kind

_DELIMITERS = ",;\t"


class Mapping(NamedTuple):
    """The four switches of an import; absent = false (UNCERTAIN)."""

    link_entities: bool = False
    unlink_entities: bool = False
    update_existing_records: bool = False
    unset_empty_attributes: bool = False


class Imports:
    """The import endpoint of deals or of companies."""

    def __init__(
        self, organization: Organization, kind: Kind, records: Records, jobs: Jobs
    ) -> None:
        self._org = organization
        self._kind = kind
        self._records = records
        self._jobs = jobs

    def upload(self, call: Call) -> Answer:
        """Accept a file; no ids and no errors of rows are ever told."""
        form = parts(call)
        switches = _mapping(form.get("mapping"))
        header, rows = _table(form.get("file"))
        self._check(header)
        work = RowImport(self._org, self._kind, self._records, switches, header, rows)
        name = self._org.options.process_name
        return Answer(200, {"processId": self._jobs.add(name, work, crm=True)})

    def _check(self, header: list[str]) -> None:
        if len(set(header)) < len(header):
            raise _unusable("the header has a column twice")
        id_column = ID_COLUMN[self._kind.name]
        known = {id_column, *ASSOCIATED[self._kind.name], *self._org.attributes[self._kind.name]}
        if self._org.options.unknown_column == "refuse" and not known.issuperset(header):
            raise _unusable("unknown column in the header")
        if not {self._kind.title_attribute, id_column} & set(header):
            raise _unusable(f"{self._kind.title_attribute} is missing in the header")


def _unusable(reason: str) -> Refusal:
    """The documented 400 of an import; it has no code."""
    return Refusal(400, None, f"Bad request : {reason}")


def _mapping(part: Part | None) -> Mapping:
    if part is None:
        raise _unusable("mapping is missing")
    try:
        given = json.loads(part.content)
    except ValueError as error:
        raise _unusable("mapping is not valid JSON") from error
    if not isinstance(given, dict):
        raise _unusable("mapping is not an object")
    known = {name: value for name, value in given.items() if name in Mapping._fields}
    if not all(isinstance(value, bool) for value in known.values()):
        raise _unusable("mapping has values that are not booleans")
    return Mapping(**known)


def _table(part: Part | None) -> tuple[list[str], list[list[str]]]:
    """Header and rows of a CSV in UTF-8; the header decides on the delimiter (help centre)."""
    if part is None:
        raise _unusable("file is missing")
    try:
        text = part.content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _unusable("file is not UTF-8") from error
    first = text.split("\n", 1)[0]
    delimiter = max(_DELIMITERS, key=first.count)
    try:
        read = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        rows = [row for row in read if row]
    except csv.Error as error:
        raise _unusable(f"file is not a CSV ({error})") from error
    if len(rows) < 2:
        raise _unusable("file has no rows")
    header = [name.strip() for name in rows[0]]
    if not all(header):
        raise _unusable("the header has a column without a name")
    return header, rows[1:]
