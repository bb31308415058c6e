"""What an import is asked to do: the ``importRequest`` of its form, checked (imports guide).

Files that are joined by a common column, labels of associations and events are left out: a request
for them is a 400.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from migrator.vendors.hubspot.sandbox.answers import (
    Refusal,
    as_object,
    as_objects,
    as_text,
    invalid,
    malformed,
    missing_fields,
)
from migrator.vendors.hubspot.sandbox.multipart import parts
from migrator.vendors.hubspot.sandbox.schema import KIND_BY_PATH
from migrator.vendors.hubspot.sandbox.writes import ANY_OF, required

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from migrator.vendors.hubspot.sandbox.answers import Call, Object
    from migrator.vendors.hubspot.sandbox.multipart import Part
    from migrator.vendors.hubspot.sandbox.portal import Portal
    from migrator.vendors.hubspot.sandbox.schema import Kind

OPERATIONS = ("CREATE", "UPDATE", "UPSERT")
DATE_FORMATS = ("MONTH_DAY_YEAR", "DAY_MONTH_YEAR", "YEAR_MONTH_DAY")
FILE_FORMATS = ("CSV", "SPREADSHEET")
STANDARD, RECORD_ID, ALTERNATE_ID = "STANDARD", "HUBSPOT_OBJECT_ID", "HUBSPOT_ALTERNATE_ID"
RECORD_ID_NAME = "hs_object_id"

MATCHED_BY = {"contacts": "email", "companies": "domain"}
"""What HubSpot knows records by though no column says so: contacts, companies (import FAQ)."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a file, and what it holds.

    Attributes:
        position: its place among the mappings, from 0.
        kind: None = the column is not imported.
        role: STANDARD, RECORD_ID or ALTERNATE_ID.
    """

    position: int
    name: str
    kind: Kind | None
    property: str
    role: str


@dataclass(frozen=True, slots=True)
class File:
    """One file of an import."""

    name: str
    spreadsheet: bool
    has_header: bool
    columns: tuple[Column, ...]
    content: bytes

    @property
    def kinds(self) -> list[Kind]:
        """What its rows are made of."""
        return list({one.kind.name: one.kind for one in self.columns if one.kind}.values())


@dataclass(frozen=True, slots=True)
class ImportRequest:
    """A whole import.

    Attributes:
        operations: by the names of kinds; those not named are UPSERT.
        body: the request as it came.
    """

    name: str
    operations: Mapping[str, str]
    date_format: str
    files: tuple[File, ...]
    body: Object


def read_request(portal: Portal, call: Call) -> ImportRequest:
    """The request of a form.

    Raises:
        Refusal: it cannot be carried out as it stands (400).
    """
    form = parts(call)
    body = _json([part for part in form if part.name == "importRequest"])
    name = as_text(body.get("name"))
    given = as_objects(body.get("files"))
    if not name or not given:
        raise missing_fields("name", "files")
    operations = _operations(as_object(body.get("importOperations") or {}))
    sent = {part.file_name: part for part in form if part.name == "files" and part.file_name}
    files = tuple(_file(portal, one, sent) for one in given)
    if len({file.name for file in files}) < len(files):
        raise invalid("The files of an import must have names that differ.")
    for file in files:
        _check(portal, file, operations)
    default = as_text(given[0].get("dateFormat")) or DATE_FORMATS[0]
    date_format = _one_of(body, "dateFormat", DATE_FORMATS, default)
    return ImportRequest(name, operations, date_format, files, body)


def _json(found: list[Part]) -> Object:
    if len(found) != 1:
        raise malformed("the form needs one part importRequest.")
    try:
        return as_object(json.loads(found[0].content))
    except ValueError as error:
        raise malformed(str(error)) from error


def _one_of(body: Object, name: str, allowed: Iterable[str], default: str) -> str:
    given = as_text(body.get(name)) or default
    if given not in allowed:
        raise invalid(f"{name}: {given} is none of {', '.join(allowed)}.")
    return given


def _operations(given: Object) -> dict[str, str]:
    found = {}
    for type_id in given:
        kind = KIND_BY_PATH.get(type_id.lower())
        if kind is None:
            raise invalid(f"importOperations: unknown object type {type_id}.")
        found[kind.name] = _one_of(given, type_id, OPERATIONS, "")
    return found


def _file(portal: Portal, given: Object, sent: Mapping[str, Part]) -> File:
    name = as_text(given.get("fileName"))
    part = sent.get(name)
    if part is None:
        # UNCERTAIN: files are told apart by their names in public code; the wording is our own.
        raise invalid(f'No file "{name}" came with the request.')
    if len(part.content) > portal.options.import_bytes:
        raise invalid(f'The file "{name}" is larger than {portal.options.import_bytes} bytes.')
    page = as_object(given.get("fileImportPage") or {})
    mappings = as_objects(page.get("columnMappings"))
    if not mappings:
        raise missing_fields("columnMappings")
    columns = tuple(_column(portal, number, one) for number, one in enumerate(mappings))
    spreadsheet = _one_of(given, "fileFormat", FILE_FORMATS, "CSV") == "SPREADSHEET"
    return File(name, spreadsheet, page.get("hasHeader") is not False, columns, part.content)


def _column(portal: Portal, position: int, given: Object) -> Column:
    """One mapping, in its present or its older spelling."""
    type_ = as_text(given.get("columnObjectTypeId")) or as_text(given.get("columnObjectType"))
    role = as_text(given.get("columnType")) or as_text(given.get("idColumnType")) or STANDARD
    name, property_ = as_text(given.get("columnName")), as_text(given.get("propertyName"))
    if role not in {STANDARD, RECORD_ID, ALTERNATE_ID}:
        raise invalid(f"Columns of type {role} are not imported here.")
    if role == STANDARD and not property_:
        return Column(position, name, None, "", role)
    kind = KIND_BY_PATH.get(type_.lower())
    if kind is None:
        raise invalid(f'Column "{name}": unknown object type {type_ or "(blank)"}.')
    if role == RECORD_ID:
        return Column(position, name, kind, RECORD_ID_NAME, role)
    prop = portal.property(kind, property_)
    # UNCERTAIN from here on: real imports may tell this row by row.
    if prop is None:
        raise _wrong(name, "PROPERTY_DOESNT_EXIST", f'Property "{property_}" does not exist')
    if prop.read_only or prop.calculated:
        raise _wrong(name, "READ_ONLY_VALUE", f'"{property_}" is a read only property.')
    if role == ALTERNATE_ID and not prop.unique and MATCHED_BY.get(kind.name) != property_:
        raise _wrong(name, "INVALID_ALTERNATE_ID", f'"{property_}" has no unique values.')
    return Column(position, name, kind, property_, role)


def _wrong(column: str, code: str, message: str) -> Refusal:
    detail: Object = {"message": message, "code": code, "context": {"columnName": [column]}}
    return Refusal(400, "VALIDATION_ERROR", f'Column "{column}": {message}', errors=[detail])


def _check(portal: Portal, file: File, operations: Mapping[str, str]) -> None:
    """Refuse what no row could be imported by, such as a create without a required column."""
    for kind in file.kinds:
        own = [column for column in file.columns if column.kind is kind]
        names = [column.property for column in own]
        operation = operations.get(kind.name, "UPSERT")
        if len(set(names)) < len(names):
            raise invalid(f"Two columns are mapped to one property of {kind.name}.")
        if operation == "CREATE":
            _check_required(portal, kind, names)
        elif operation == "UPDATE" and not (
            MATCHED_BY.get(kind.name) in names or any(one.role != STANDARD for one in own)
        ):
            raise invalid(f"An UPDATE of {kind.name} needs a column that says which record.")


def _check_required(portal: Portal, kind: Kind, names: list[str]) -> None:
    """Imports that create need columns for what new records must have (changelog)."""
    missing = [name for name in required(portal, kind) if name not in names]
    any_of = ANY_OF.get(kind.name, ())
    if any_of and not any(name in names for name in any_of):
        missing.extend(any_of)
    if missing:
        message = f"Columns for required properties of {kind.caps} are missing."
        context: Object = {"properties": list(missing)}
        detail: Object = {
            "message": message,
            "code": "MISSING_REQUIRED_PROPERTY",
            "context": context,
        }
        raise Refusal(
            400, "VALIDATION_ERROR", message, errors=[detail], context={"properties": missing}
        )
