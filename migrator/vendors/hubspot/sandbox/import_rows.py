"""Imports rows, one by one: each fails by itself, under an ``errorType`` of the spec."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from migrator.vendors.hubspot.sandbox.answers import Refusal
from migrator.vendors.hubspot.sandbox.import_request import (
    ALTERNATE_ID,
    MATCHED_BY,
    RECORD_ID,
    STANDARD,
)
from migrator.vendors.hubspot.sandbox.import_values import Cells
from migrator.vendors.hubspot.sandbox.values import Invalid, millis_of
from migrator.vendors.hubspot.sandbox.writes import Writer, required

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from migrator.vendors.hubspot.sandbox.answers import Object
    from migrator.vendors.hubspot.sandbox.import_request import Column, ImportRequest
    from migrator.vendors.hubspot.sandbox.import_sheets import Sheet
    from migrator.vendors.hubspot.sandbox.portal import Portal
    from migrator.vendors.hubspot.sandbox.schema import Kind
    from migrator.vendors.hubspot.sandbox.store import Row

# UNCERTAIN which type stands for which refusal: the types are the spec's, their causes our reading.
_TYPES = {
    "PROPERTY_DOESNT_EXIST": "PROPERTY_DEFINITION_NOT_FOUND",
    "INVALID_OPTION": "INVALID_ENUMERATION_OPTION",
    "INVALID_DATE": "COULD_NOT_PARSE_DATE",
    "INVALID_LONG": "COULD_NOT_PARSE_DATE",
    "INVALID_INTEGER": "COULD_NOT_PARSE_NUMBER",
    "INVALID_EMAIL": "INVALID_EMAIL",
    "INVALID_OWNER_ID": "COULD_NOT_FIND_OWNER",
    "CONFLICTING_UNIQUE_VALUE": "DUPLICATE_UNIQUE_PROPERTY_VALUE",
    "PROPERTY_VALUE_TOO_LONG": "COLUMN_TOO_LARGE",
    "MISSING_REQUIRED_PROPERTY": "MISSING_REQUIRED_PROPERTY",
    "MISSING_CONDITIONAL_REQUIRED_PROPERTY": "MISSING_REQUIRED_PROPERTY",
}


class Cell(NamedTuple):
    """A value of a row that is imported."""

    column: Column
    text: str


class Identity(NamedTuple):
    """What a row says about which record it means."""

    role: str
    property: str
    text: str


class Problem(Exception):
    """Why a row, or a cell of it, is not imported."""

    def __init__(self, type: str, message: str, property: str | None = None) -> None:
        super().__init__(message)
        self.type = type
        self.message = message
        self.property = property


@dataclass(frozen=True, slots=True)
class Line:
    """One row of data at its time.

    Attributes:
        number: as errors name it.
        ago: how many seconds ago it was worked on.
    """

    sheet: Sheet
    number: int
    cells: list[str]
    ago: float


class Rows:
    """Imports the rows of one import.

    Attributes:
        counters: what came of them, by the names that answers carry.
        errors: as the errors endpoint gives them in full.
    """

    def __init__(self, portal: Portal, request: ImportRequest, *, enforces: bool) -> None:
        self.counters: Counter[str] = Counter()
        self.errors: list[Object] = []
        self._portal = portal
        self._operations = request.operations
        self._enforces = enforces
        self._cells = Cells(portal, request.date_format)
        self._written: set[tuple[str, int]] = set()
        self._named: set[tuple[int, str, Identity]] = set()

    def add(self, sheet: Sheet, index: int, ago: float) -> None:
        """Import one row; ``index`` counts the rows of data from 0."""
        line = Line(sheet, sheet.first_line + index, sheet.rows[index], ago)
        if len(line.cells) != sheet.width:
            message = f"The row has {len(line.cells)} cells, the header {sheet.width}."
            self._tell(line, Problem("INCORRECT_NUMBER_OF_COLUMNS", message))
            return
        found: list[tuple[Kind, Row]] = []
        for kind in sheet.file.kinds:
            try:
                row = self._record(line, kind)
            except Problem as problem:
                self._tell(line, problem, kind)
            else:
                if row is not None:
                    found.append((kind, row))
        self._link(found)

    def fail(self, file_id: int, type: str, message: str, ago: float) -> None:
        """Tell about a whole file, as line 0."""
        at = self._millis(ago)
        self._store(at, type, message, {"fileId": file_id, "lineNumber": 0, "rowData": []})

    def _record(self, line: Line, kind: Kind) -> Row | None:
        """The record that a row means, written; None = the row says nothing about this kind."""
        places = line.sheet.places
        cells = {
            one.property: Cell(one, line.cells[places[one.position]])
            for one in line.sheet.file.columns
            if one.kind is kind
        }
        if not any(cell.text for cell in cells.values()):
            if len(line.sheet.file.kinds) > 1:
                return None
            message = "The row has no values."
            raise Problem("FAILED_TO_PROCESS_OBJECT_WITH_EMPTY_PROPERTY_VALUES", message)
        identity = _identity(kind, cells)
        row = self._match(line, kind, identity)
        operation = self._operations.get(kind.name, "UPSERT")
        if row is None and operation == "UPDATE":
            raise Problem("UPDATE_ONLY_IMPORT", "No record matches the row.", _named(identity))
        if row is not None and operation == "CREATE":
            raise Problem("CREATE_ONLY_IMPORT", "The record is there already.", _named(identity))
        values = self._understood(line, kind, cells, row)
        if row is not None and not values:
            return row
        row, created = self._write(line, kind, values, row)
        self.counters["CREATED_OBJECTS" if created else "UPDATED_OBJECTS"] += 1
        self._written.add((kind.name, row.id))
        self.counters["UNIQUE_OBJECTS_WRITTEN"] = len(self._written)
        return row

    def _match(self, line: Line, kind: Kind, identity: Identity | None) -> Row | None:
        if identity is None:
            return None
        table = self._portal.tables[kind.name]
        self._check_twice(line, kind, identity)
        if identity.role == RECORD_ID:
            row = table.by_id(identity.text)
            if row is None:
                message = f"No {kind.singular} has the record ID {identity.text}."
                raise Problem("INVALID_OBJECT_ID", message, identity.property)
            return row
        if identity.property in table.unique:
            return table.by_value(identity.property, identity.text)
        wanted = identity.text.casefold()
        found = [
            row
            for row in table.after(0)
            if row.archived_at is None
            and row.properties.get(identity.property, "").casefold() == wanted
        ]
        if len(found) > 1:
            message = f"{len(found)} companies have the domain {identity.text}."
            raise Problem("MULTIPLE_COMPANIES_WITH_THIS_DOMAIN", message, identity.property)
        return found[0] if found else None

    def _check_twice(self, line: Line, kind: Kind, identity: Identity) -> None:
        """A record named twice; where a row has several kinds, parents are named again and again.

        UNCERTAIN: the types of error are documented, not which of the rows they spare.
        """
        if not self._portal.options.import_refuses_duplicates or len(line.sheet.file.kinds) > 1:
            return
        folded = self._portal.tables[kind.name].folded(identity.property, identity.text)
        named = (line.sheet.file_id, kind.name, identity._replace(text=folded))
        if named in self._named:
            type_ = "OBJECT_ID" if identity.role == RECORD_ID else "ALTERNATE_ID"
            message = f"{identity.text} stands in an earlier row as well."
            raise Problem(f"DUPLICATE_{type_}", message, identity.property)
        self._named.add(named)

    def _understood(
        self, line: Line, kind: Kind, cells: Mapping[str, Cell], row: Row | None
    ) -> dict[str, str]:
        """The values of a row as the API takes them; blank = clear."""
        properties = self._portal.properties[kind.name]
        clears = self._portal.options.import_blank_clears and row is not None
        values: dict[str, str] = {}
        problems: list[Problem] = []
        # Which stage a label means depends on the pipeline, so the stage comes last.
        for name in sorted(cells, key="dealstage".__eq__):
            text = cells[name].text
            if cells[name].column.role == RECORD_ID or not (text or clears):
                continue
            try:
                if text and name == "dealstage":
                    values[name] = self._cells.stage(self._pipeline(values, row), text)
                else:
                    values[name] = text and self._cells.value(properties[name], text)
            except Invalid as error:
                problems.append(Problem(error.code, error.message, name))
        self._judge(line, kind, problems, row, cells.keys())
        return values

    def _judge(
        self,
        line: Line,
        kind: Kind,
        problems: list[Problem],
        row: Row | None,
        cells: Collection[str],
    ) -> None:
        """Tell what is wrong, and whether the rest of the row is written without these cells.

        Raises:
            Problem: it is not.
        """
        needed = required(self._portal, kind) if row is None else []
        costs_row = self._portal.options.import_bad_cell == "row"
        fatal: list[Problem] = []
        for problem in problems:
            if costs_row or problem.property not in cells:
                fatal.append(problem)
            elif problem.property in needed:
                type_ = "INVALID_REQUIRED_PROPERTY"
                fatal.append(Problem(type_, problem.message, problem.property))
            else:
                self._tell(line, problem, kind)
        if fatal:
            for problem in fatal[:-1]:
                self._tell(line, problem, kind)
            raise fatal[-1]

    def _pipeline(self, values: Mapping[str, str], row: Row | None) -> str:
        held = row.properties if row else {}
        default = self._portal.pipelines[0].id if self._portal.pipelines else ""
        return values.get("pipeline") or held.get("pipeline") or default

    def _write(
        self, line: Line, kind: Kind, values: dict[str, str], row: Row | None
    ) -> tuple[Row, bool]:
        """Create or update; and whether it was a create."""
        while True:
            writer = Writer(self._portal, kind, enforces=self._enforces, ago=line.ago)
            given: Object = {"properties": {**values}}
            try:
                draft = writer.update(given, row) if row else writer.create(given)
            except Refusal as refusal:
                problems = _problems(refusal)
                self._judge(line, kind, problems, row, values.keys())
                dropped = {one.property for one in problems}
                values = {name: text for name, text in values.items() if name not in dropped}
                continue
            self.counters["PROPERTY_VALUES_EMITTED"] += len(values)
            return writer.store(draft), row is None

    def _link(self, found: list[tuple[Kind, Row]]) -> None:
        """Records of one row are linked with each other, by the unlabeled types."""
        portal = self._portal
        for number, (kind, row) in enumerate(found):
            for other, other_row in found[number + 1 :]:
                key = portal.link_types.default(kind.name, other.name)
                if key is None:
                    continue
                self.counters["ASSOCIATIONS_EMITTED"] += 1
                if other_row.id not in portal.links.of(kind.name, row.id, other.name):
                    self.counters["ASSOCIATIONS_CREATED"] += 1
                    portal.links.add(row.id, other_row.id, [key])

    def _tell(self, line: Line, problem: Problem, kind: Kind | None = None) -> None:
        source: Object = {
            "fileId": line.sheet.file_id,
            "lineNumber": line.number,
            "rowData": [*line.cells],
        }
        more: Object = {}
        if kind is not None:
            more |= {"objectType": kind.caps, "objectTypeId": kind.type_id}
        column = next(
            (
                one
                for one in line.sheet.file.columns
                if one.kind is kind and one.property == problem.property
            ),
            None,
        )
        if column is not None:
            place = line.sheet.places[column.position]
            more |= {"knownColumnNumber": place, "extraContext": column.property}
            more |= {"invalidValue": line.cells[place], "invalidValueToDisplay": line.cells[place]}
        self._store(self._millis(line.ago), problem.type, problem.message, source, more)

    def _store(
        self, at: int, type: str, message: str, source: Object, more: Object | None = None
    ) -> None:
        self.counters["ERRORS"] += 1
        source |= {"pageName": None, "containsEncryptedProperties": False}
        self.errors.append(
            {
                "id": str(len(self.errors) + 1),
                "createdAt": at,
                "errorType": type,
                "errorMessage": message,
                "sourceData": source,
                **(more or {}),
            }
        )

    def _millis(self, ago: float) -> int:
        return millis_of(self._portal.time(ago)) or 0


def _identity(kind: Kind, cells: Mapping[str, Cell]) -> Identity | None:
    """Which record a row means: by record id before unique value before what HubSpot looks at."""
    matched = cells.get(MATCHED_BY.get(kind.name, ""))
    for role in (RECORD_ID, ALTERNATE_ID):
        for name, cell in cells.items():
            if cell.column.role == role and cell.text:
                return Identity(role, name, cell.text)
    if matched is not None and matched.column.role == STANDARD and matched.text:
        return Identity(ALTERNATE_ID, matched.column.property, matched.text)
    return None


def _named(identity: Identity | None) -> str | None:
    return identity.property if identity else None


def _problems(refusal: Refusal) -> list[Problem]:
    """What the API would have said of a record, in the terms of an import."""
    if refusal.status == 409 and not refusal.errors:
        return [Problem("DUPLICATE_UNIQUE_PROPERTY_VALUE", refusal.message, "email")]
    problems = []
    for detail in refusal.errors:
        context = detail.get("context")
        named = context if isinstance(context, dict) else {}
        listed = named.get("propertyName") or named.get("properties")
        names = listed if isinstance(listed, list) else [None]
        type_ = _TYPES.get(str(detail.get("code")), "UNKNOWN_BAD_REQUEST")
        problems += [
            Problem(type_, str(detail.get("message")), str(name) if name else None)
            for name in names
        ]
    return problems or [Problem("UNKNOWN_BAD_REQUEST", refusal.message)]
