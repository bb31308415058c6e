"""The parts of a template as frozen models; their descriptions are its documentation."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping  # noqa: TC003 - pydantic reads it at run time
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Literal, Self
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, Field, PrivateAttr, model_validator
from pydantic_core import PydanticCustomError

from migrator.errors import did_you_mean
from migrator.model import (
    CUSTOM_PREFIX,
    FIELDS,
    UNKEYED,
    ObjectType,
    OnConflict,
    OnMissing,
    Provision,
)
from migrator.template.base import Aliases, Part, Text, Texts
from migrator.template.creation import Create
from migrator.template.existing import Existing  # noqa: TC001 - pydantic reads it at run time
from migrator.template.names import LINK_FIELDS, all_names, check_name, check_on_missing
from migrator.template.steps import RuleStep, TransformStep, Typed, check_kinds

if TYPE_CHECKING:
    from collections.abc import Iterable


class Pick(StrEnum):
    """Which of the columns named by ``from`` give the value."""

    FIRST_PRESENT = "first_present"
    FIRST_FILLED = "first_filled"
    JOIN = "join"


class Unmapped(StrEnum):
    """What becomes of a value that the value map does not name."""

    KEEP = "keep"
    REJECT = "reject"


class IfUnknown(StrEnum):
    """What becomes of a value for which the account has no field."""

    REJECT = "reject"
    LEAVE_OUT = "leave_out"


class Duplicates(StrEnum):
    """Which of several records with one key is loaded."""

    FIRST = "first"
    LAST = "last"
    STOP = "stop"


class Newest(Part):
    """Of several records with one key, load the one with the latest date in a field."""

    newest: str = Field(description="A canonical field that is a date or an instant.")


class ValueRow(Part):
    """One line of a value map.

    ``pipeline`` is the pipeline as it stands in the source; None = in any pipeline.
    """

    pipeline: str | None = None
    source: str
    target: Text


def _known_zone(name: str) -> str:
    if name not in available_timezones():
        near = did_you_mean(name, available_timezones())
        message = f'"{name}" is no time zone; write it as in Europe/Paris or UTC.{near}'
        raise ValueError(message)
    return ZoneInfo(name).key


Zone = Annotated[str, AfterValidator(_known_zone)]
DecimalMark = Literal[".", ",", "auto"]
DateFormats = Literal["auto"] | Texts


class FileOptions(Part):
    """How to read the file, where looking at it is not enough."""

    delimiter: str | None = Field(None, description="What separates cells, such as ';'.")
    encoding: str | None = Field(None, description="Such as utf-8 or cp1252.")
    format: Literal["csv", "parquet", "xlsx", "ndjson"] | None = Field(
        None, description="The kind of file, if its content does not tell."
    )
    sheet: str | None = Field(None, description="Name of the worksheet.")
    header_line: int | None = Field(None, ge=1, description="Line of the header, from 1.")
    footers: Texts = Field((), description="Texts at which a footer begins.")


class KeyPart(Part):
    """One of the columns that together name a record."""

    from_: Aliases = Field(alias="from", description="Headers of the column, in any spelling.")


class Key(Part):
    """The record's id in the source; it is kept in the target and never changes."""

    from_: Aliases | None = Field(
        None, alias="from", description="Headers of the column that holds the id."
    )
    parts: tuple[KeyPart, ...] = Field(
        (),
        description=(
            "Several columns that together are the id, where the file has no column of `from`. "
            "One of them may be blank, but not all."
        ),
    )
    separator: str = Field("|", description="Between the parts.")
    prefix: Text = Field("", description="Put before the id, to tell sources apart.")

    @model_validator(mode="after")
    def _names_a_column(self) -> Self:
        if self.from_ is None and not self.parts:
            raise ValueError("a key needs `from`, or `parts`")
        return self


class FieldSpec(Part):
    """Where a canonical field comes from and what is done to it.

    In this order: pick the column, tidy, blank out missing values, map values, put in the default,
    transform, check the rules.
    """

    from_: Aliases | None = Field(
        None,
        alias="from",
        description="Headers of the column; letter case and outer spaces do not matter.",
    )
    pick: Pick = Field(
        Pick.FIRST_PRESENT,
        description=(
            "first_present: the first of these columns that the file has. first_filled: row by "
            "row the first of them that is not blank. join: all of them with `separator` between."
        ),
    )
    separator: str = Field(" - ", description="Between the columns of `pick: join`.")
    tidy: bool = Field(
        default=True,
        description=(
            "Strip outer spaces, turn no-break spaces into spaces, remove invisible characters, "
            "normalise Unicode (NFC)."
        ),
    )
    missing_values: Texts | None = Field(
        None, description="Texts that mean blank in this field, instead of the file's."
    )
    values: Mapping[str, Text] = Field(
        default_factory=dict,
        description="Source value to canonical value; letter case does not matter.",
    )
    values_file: str | None = Field(
        None,
        description=(
            "A CSV file beside the template with the columns pipeline, source and target; "
            "pipeline (as in the source) may stay blank for any. A target of (blank) leaves the "
            "value out; a line without a target is not decided yet."
        ),
    )
    unmapped: Unmapped = Field(
        Unmapped.KEEP, description="keep or reject a value that the value map does not name."
    )
    default: str | None = Field(None, description="The value where the source is blank.")
    transform: tuple[TransformStep, ...] | None = Field(
        None, description="Steps that change the value; see `migrator transforms`."
    )
    rules: tuple[RuleStep, ...] = Field((), description="Checks; see `migrator rules`.")
    decimal: DecimalMark | None = Field(None, description="Decimal mark of this field.")
    date_formats: DateFormats | None = Field(None, description="Date formats of this field.")
    timezone: Zone | None = Field(None, description="Time zone of this field.")
    on_conflict: OnConflict = Field(
        OnConflict.OVERWRITE,
        description="What to do where the account holds another value: overwrite, fill_blank, "
        "never.",
    )
    if_unknown: IfUnknown = Field(
        IfUnknown.REJECT,
        description="What to do with a value where the account has no such field: reject the row, "
        "or leave_out the value and say so.",
    )
    on_missing: OnMissing = Field(
        OnMissing.PARK,
        description="Contacts, companies and deals only: what to do when the account lacks them; "
        "deals cannot be created in passing.",
    )

    @model_validator(mode="after")
    def _gets_a_value(self) -> Self:
        if self.from_ is None and self.default is None:
            raise ValueError("a field needs `from`, or a `default` for all records")
        return self

    @property
    def required(self) -> bool:
        """Whether a blank value is refused, and so an absent column is."""
        return any(step.name == "required" for step in self.rules) and self.default is None


class Group(Part):
    """A deal that stands on several lines: what to do with each field of those lines.

    Fields named nowhere are taken from the first line that fills them.
    """

    by: Literal["key"] = Field("key", description="Lines with the same key are one deal.")
    sum: Texts = Field((), description="Fields to add up: amount or other numbers.")
    join: Mapping[str, str] = Field(
        default_factory=dict, description="Text fields to join, each with its separator."
    )


class Template(Part):
    """A mapping file."""

    name: str = Field(description="Short name of the layout.")
    description: str = Field("", description="What it is for, in one sentence.")
    object: ObjectType = Field(
        ObjectType.DEALS, description=f"The kind of record: {' or '.join(FIELDS)}."
    )
    files: FileOptions = Field(FileOptions(), description="How to read the file.")
    missing_values: Texts = Field(
        ("",), description="Texts that mean blank, after tidying; letter case does not matter."
    )
    timezone: Zone = Field("UTC", description="Of dates with a time but no zone.")
    decimal: DecimalMark = Field(
        "auto", description="Decimal mark of numbers; auto decides over each whole column."
    )
    date_formats: DateFormats = Field(
        "auto",
        description="auto decides over each whole column; or a list such as ['%d/%m/%Y'], or "
        "epoch_ms.",
    )
    key: Key = Field(description="The record's id in the source.")
    record: Aliases | None = Field(
        None,
        description="Headers of the column that refers to a record of an account, as an export "
        "writes it; `--update-only` finds records by it.",
    )
    fields: Mapping[str, FieldSpec] = Field(
        min_length=1,
        description=f"By canonical name: {all_names()}. Beside them {CUSTOM_PREFIX}<field of the "
        "target>.",
    )
    group: Group | None = Field(None, description="When a deal stands on several lines.")
    duplicates: Duplicates | Newest = Field(
        Duplicates.STOP, description="Which of several records with one key is loaded."
    )
    existing: Existing | None = Field(
        None,
        description="What becomes of rows whose deals are in the account already, without a key of "
        "ours; left out, nobody looks.",
    )
    create: Create = Field(Create(), description="What to create in the target beforehand.")

    _origin: str = PrivateAttr("template")
    _sidecars: dict[str, tuple[ValueRow, ...]] = PrivateAttr(default_factory=dict)

    @model_validator(mode="after")
    def _hangs_together(self) -> Self:
        if self.object not in FIELDS:
            known = ", ".join(FIELDS)
            raise ValueError(f"object: {self.object} cannot be loaded by themselves; use {known}")
        if self.object in UNKEYED and (self.create.fields or self.create.pipelines):
            raise ValueError(f"create: no CRM lets fields or pipelines of {self.object} be created")
        for name, spec in self.fields.items():
            try:
                _check_field(self.object, name, spec, grouped=self.group is not None)
            except ValueError as error:
                raise PydanticCustomError(
                    "misplaced", "{text}", {"text": str(error), "key": ("fields", name)}
                ) from None
        self._check_references()
        if self.existing:
            self.check_existing(self.existing)
        return self

    def check_existing(self, rule: Existing) -> None:
        """Refuse a rule about deals that are there which does not fit.

        Raises:
            ValueError: it is about what is not filled, or this is no template of deals.
        """
        if self.object is not ObjectType.DEALS:
            raise ValueError(f"existing: only deals are looked for, no {self.object}")
        rule.ensure_filled(self.fields)

    def _check_references(self) -> None:
        group = self.group
        named = {*group.sum, *group.join} if group else set()
        if isinstance(self.duplicates, Newest):
            named.add(self.duplicates.newest)
            if group:
                raise ValueError("duplicates: newest cannot be combined with group")
        for name in sorted(named - set(self.fields)):
            hint = did_you_mean(name, self.fields)
            raise ValueError(f'group or duplicates name "{name}", which is no field here.{hint}')
        kinds = {name: self.typed(name).kind for name in named}
        for name in group.sum if group else ():
            if kinds[name] != "decimal":
                raise ValueError(f"group: {name} cannot be added up, it is no number")
        for name in group.join if group else ():
            if kinds[name] != "text":
                raise ValueError(f"group: {name} cannot be joined, it is no text")
        if isinstance(self.duplicates, Newest) and kinds[self.duplicates.newest] not in (
            "date",
            "datetime",
        ):
            raise ValueError(f"duplicates: {self.duplicates.newest} is no date")

    def typed(self, name: str) -> Typed:
        """The steps of a field with its default conversion, and the kind of value they give."""
        return check_kinds(self.object, name, self.field(name).transform, ())

    def field(self, name: str) -> FieldSpec:
        """The field of this canonical name; ``custom.*`` stands for all it matches.

        A field the template does not name (the key, say) has a field's defaults.
        """
        spec = self.fields.get(name)
        if spec is None and name.startswith(CUSTOM_PREFIX):
            spec = self.fields.get(CUSTOM_PREFIX + "*")
        return spec or FieldSpec(default="")

    def value_map(self, name: str) -> tuple[ValueRow, ...]:
        """The value map of a field, lines of its sidecar file first."""
        inline = self.field(name).values.items()
        rows = tuple(ValueRow(source=source, target=target) for source, target in inline)
        return self._sidecars.get(name, ()) + rows

    def with_value_map(self, name: str, rows: Iterable[ValueRow]) -> Template:
        """The same template with another value map of a field, instead of all it had."""
        fields = dict(self.fields)
        if name in fields:
            fields[name] = fields[name].model_copy(update={"values": {}})
        copy = self.model_copy(update={"fields": fields})
        return copy.completed(self._origin, {**self._sidecars, name: tuple(rows)})

    def provision(self) -> Provision:
        """What the template asks the account to have: key fields, fields, pipelines."""
        parents = (
            type
            for name, type in LINK_FIELDS.items()
            if name in self.fields and self.fields[name].on_missing is OnMissing.CREATE
        )
        return Provision(
            keys=tuple(type for type in (self.object, *parents) if type not in UNKEYED),
            fields=self.create.new_fields(self.object),
            pipelines=self.create.new_pipelines(),
        )

    @property
    def origin(self) -> str:
        """The file it was read from, for messages."""
        return self._origin

    @property
    def fingerprint(self) -> str:
        """SHA-256 (hex) of all it says, sidecar files too; layout and comments do not count."""
        content = {
            "template": self.model_dump(mode="json", by_alias=True),
            "values": {
                name: [row.model_dump() for row in rows] for name, rows in self._sidecars.items()
            },
        }
        text = json.dumps(content, sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()

    def completed(self, origin: str, sidecars: Mapping[str, Iterable[ValueRow]]) -> Template:
        """The same template, knowing its file and the content of its sidecar files."""
        copy = self.model_copy()
        copy._origin = origin  # noqa: SLF001 - a copy of our own
        copy._sidecars = {name: tuple(rows) for name, rows in sidecars.items()}  # noqa: SLF001
        return copy


def _check_field(type: ObjectType, name: str, spec: FieldSpec, *, grouped: bool) -> None:
    check_name(type, name)
    if "on_missing" in spec.model_fields_set:
        check_on_missing(type, name, spec.on_missing)
    if grouped and any(rule.name == "unique" for rule in spec.rules):
        raise ValueError(f"{name}: the rule unique looks at lines and cannot be used with group")
    check_kinds(type, name, spec.transform, spec.rules)
