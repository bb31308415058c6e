"""What an import does with one row of its file."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Final

from migrator.vendors.brevo.sandbox.answers import Refusal
from migrator.vendors.brevo.sandbox.attributes import Values
from migrator.vendors.brevo.sandbox.schema import DEALS
from migrator.vendors.brevo.sandbox.values import day, number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from migrator.vendors.brevo.sandbox.answers import Json, Object
    from migrator.vendors.brevo.sandbox.imports import Mapping
    from migrator.vendors.brevo.sandbox.organization import Organization
    from migrator.vendors.brevo.sandbox.records import Records
    from migrator.vendors.brevo.sandbox.schema import Attribute, Kind
    from migrator.vendors.brevo.sandbox.store import Instant, Row

ID_COLUMN: Final = {"deals": "deal_id", "companies": "company_id"}
ASSOCIATED: Final[dict[str, dict[str, str]]] = {
    "deals": {"associated_contact": "contacts", "associated_company": "companies"},
    "companies": {"associated_contact": "contacts", "associated_deal": "deals"},
}
"""Special columns, to the kind of record they name."""

_STAGE = ("pipeline", "deal_stage")
_TRUE, _FALSE = frozenset({"true", "1"}), frozenset({"false", "0"})


class _BadRow(Exception):
    """The row is dropped; nobody is told."""


class _BadImport(Exception):
    """The import stops here; the rows before stay."""


class RowImport:
    """The work of one import, row by row.

    With ``unlink_entities`` the named records are unlinked; together with ``link_entities`` the
    named ones replace those linked before (UNCERTAIN: neither is documented more closely).
    """

    def __init__(  # one file with all that says how to read it
        self,
        organization: Organization,
        kind: Kind,
        records: Records,
        switches: Mapping,
        header: Sequence[str],
        rows: Sequence[Sequence[str]],
    ) -> None:
        self._org = organization
        self._kind = kind
        self._records = records
        self._switches = switches
        self._rows = rows
        self._width = len(header)
        self._values = Values(organization)
        columns = {name: index for index, name in enumerate(header)}
        held = organization.attributes[kind.name]
        self._id = columns.get(ID_COLUMN[kind.name])
        self._stage = [columns.get(name) for name in _STAGE] if kind is DEALS else [None, None]
        self._columns = [
            (index, held[name])
            for name, index in columns.items()
            if name in held and not held[name].read_only and name not in _STAGE
        ]
        self._links = [
            (columns[name], other)
            for name, other in ASSOCIATED[kind.name].items()
            if name in columns and (switches.link_entities or switches.unlink_entities)
        ]

    @property
    def size(self) -> int:
        """How many rows there are."""
        return len(self._rows)

    def result(self) -> Object:
        """Nothing: only imports of contacts report (documented)."""
        return {}

    def step(self, number: int, at: Instant) -> bool:
        """Do one row; a wrong one is dropped without a word."""
        try:
            self._row(self._rows[number], at)
        except _BadRow:
            return True
        except _BadImport:
            return False
        return True

    def _row(self, cells: Sequence[str], at: Instant) -> None:
        if len(cells) > self._width:
            raise _BadRow
        if len(cells) < self._width:
            cells = [*cells, *[""] * (self._width - len(cells))]
        row = self._target(cells)
        values = self._checked(cells, update=row is not None)
        parents = [(kind, self._parents(kind, cells[index])) for index, kind in self._links]
        title = self._kind.title_attribute
        if row is None:
            if not values.get(title):
                raise _BadRow
            row = self._records.add(values, at)
        elif values:
            self._records.change(row, values, at)
        for kind, named in parents:
            self._connect(row, kind, named, at)

    def _target(self, cells: Sequence[str]) -> Row | None:
        """The record to update; None = create one, as always when updates are switched off."""
        if self._id is None or not self._switches.update_existing_records:
            return None
        id = cells[self._id].strip()
        if not id:
            return None
        row = self._org.find(self._kind.name, id)
        if row is None:  # UNCERTAIN: an unknown id is no reason to create here.
            raise _BadRow
        return row

    def _checked(self, cells: Sequence[str], *, update: bool) -> dict[str, Json]:
        values: dict[str, Json] = {}
        unset = update and self._switches.unset_empty_attributes
        for index, attribute in self._columns:
            text = cells[index]
            if not text or text.isspace():
                if unset and not attribute.required:
                    values[attribute.name] = None
                continue
            try:
                values[attribute.name] = self._value(attribute, text)
            except ValueError as error:
                self._bad_value(error)
        try:
            values.update(self._place(cells))
        except ValueError as error:
            self._bad_value(error)
        return values

    def _bad_value(self, error: ValueError) -> None:
        if self._org.options.bad_value == "drop_row":
            raise _BadRow from error

    def _value(self, attribute: Attribute, text: str) -> Json:
        if attribute.type == "text":
            return text
        value: Json = text.strip()
        match attribute.type:
            case "number":
                value = number(text.strip())
            case "boolean":
                word = text.strip().lower()
                value = None if word not in _TRUE | _FALSE else word in _TRUE
            case "date" if "T" not in text:
                value = day(text.strip(), self._org.options.import_date)
            case "single-select":
                value = self._choice(attribute, text)
            case "multi-choice":
                value = [self._choice(attribute, one) for one in self._several(text)]
        try:
            return self._values.value(attribute, value)
        except Refusal as refusal:
            raise ValueError(text) from refusal

    def _choice(self, attribute: Attribute, text: str) -> str:
        wanted = text.strip()
        if self._org.options.import_choice_as == "key":
            return wanted
        by_label = {label: key for key, label in attribute.options.items()}
        return by_label.get(wanted, "")

    def _several(self, text: str) -> list[str]:
        separator = self._org.options.associated_separator
        return [one.strip() for one in text.split(separator) if one.strip()]

    def _place(self, cells: Sequence[str]) -> dict[str, Json]:
        """Pipeline and stage; one without the other, or a stage of another pipeline, is wrong."""
        pipeline, stage = ("" if at is None else cells[at].strip() for at in self._stage)
        if not pipeline and not stage:
            return {}
        by_name = self._org.options.import_stage_as == "name"
        for one in self._org.pipelines:
            if pipeline == (one.name if by_name else one.id):
                for step in one.stages:
                    if stage == (step.name if by_name else step.id):
                        return {"pipeline": one.id, "deal_stage": step.id}
        raise ValueError(stage)

    def _parents(self, kind: str, text: str) -> list[Row]:
        """The records a cell names; what an unknown one does is UNCERTAIN."""
        found = []
        for name in self._several(text):
            row = self._parent(kind, name)
            if row is not None:
                found.append(row)
            elif self._org.options.bad_association == "reject_row":
                raise _BadRow
            elif self._org.options.bad_association == "fail_import":
                raise _BadImport
        return found

    def _parent(self, kind: str, name: str) -> Row | None:
        options = self._org.options
        if kind == "contacts" and options.associated_format == "email":
            return self._org.book.by_email(name)
        if kind == "contacts":
            return self._org.find(kind, int(name)) if name.isascii() and name.isdigit() else None
        if kind == "companies" and options.associated_company_format == "name":
            return self._companies.get(name.casefold())
        return self._org.find(kind, name)

    @cached_property
    def _companies(self) -> dict[str, Row]:
        """The companies by name, as they are when the first row asks; the oldest of a name."""
        found: dict[str, Row] = {}
        for row in self._org.companies.rows.values():
            found.setdefault(str(row.values.get("name", "")).casefold(), row)
        return found

    def _connect(self, row: Row, kind: str, named: Sequence[Row], at: Instant) -> None:
        own = self._kind.name
        if self._switches.unlink_entities:
            gone = list(row.linked.get(kind, ()))
            if not self._switches.link_entities:
                gone = [one.id for one in named]
            for id in gone:
                self._org.unlink(own, row, kind, id, at.clock)
        if self._switches.link_entities:
            for one in named:
                self._org.link(own, row, kind, one, at.clock)
