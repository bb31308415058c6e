"""The objects of the API as we use them; reading them never fails on an odd row, it skips it.

Ids are texts here, whatever the API writes: numbers on some writes, texts on reads.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from migrator.vendors.activecampaign.answers import id_of, text_of, whole

if TYPE_CHECKING:
    from migrator.vendors.activecampaign.answers import Json


def instant(value: object) -> datetime | None:
    """An instant, in UTC; None for none, also when it is written ``0000-00-00 00:00:00``.

    Timestamps carry the account's offset; those of custom fields are in UTC, with it or without.
    """
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    if moment.tzinfo is None:
        return moment.replace(tzinfo=UTC)
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        return None


def flag(value: object) -> bool:
    """A flag, which may be ``1``, ``"1"``, ``true`` or their opposites."""
    return value is True or str(value).strip().casefold() in {"1", "true"}


@dataclass(frozen=True, slots=True)
class Deal:
    """A deal. ``disabled``: a stub of which the user may see nothing but the title.

    ``cents`` is the value as it stands there; ``contact`` is the primary one, ``account`` the
    company.
    """

    id: str
    title: str | None = None
    description: str | None = None
    cents: str | None = None
    currency: str | None = None
    group: str | None = None
    stage: str | None = None
    owner: str | None = None
    status: str | None = None
    percent: str | None = None
    contact: str | None = None
    account: str | None = None
    created: datetime | None = None
    updated: datetime | None = None
    disabled: bool = False

    def properties(self) -> dict[str, str | None]:
        """Its built-in fields by the API's names, but for the value."""
        return {
            "title": self.title,
            "description": self.description,
            "currency": self.currency,
            "group": self.group,
            "stage": self.stage,
            "owner": self.owner,
            "status": self.status,
            "percent": self.percent,
            "contact": self.contact,
            "account": self.account,
            "cdate": self.created.isoformat() if self.created else None,
            "mdate": self.updated.isoformat() if self.updated else None,
        }


def read_deal(row: Json) -> Deal | None:
    """A deal; its company is called ``account`` now and was ``organization`` before."""
    id_ = id_of(row.get("id"))
    if id_ is None:
        return None
    return Deal(
        id=id_,
        title=text_of(row.get("title")),
        description=text_of(row.get("description")),
        cents=text_of(row.get("value")),
        currency=text_of(row.get("currency")),
        group=id_of(row.get("group")),
        stage=id_of(row.get("stage")),
        owner=id_of(row.get("owner")),
        status=text_of(row.get("status")),
        percent=text_of(row.get("percent")),
        contact=id_of(row.get("contact")),
        account=id_of(row.get("account")) or id_of(row.get("organization")),
        created=instant(row.get("cdate")),
        updated=instant(row.get("mdate")),
        disabled=flag(row.get("isDisabled")),
    )


@dataclass(frozen=True, slots=True)
class Saved:
    """What a create or an update of a deal answers: an echo of the request, and two facts.

    Attributes:
        id: of the deal.
        fields_saved: whether its custom fields were stored; None = the answer does not say.
    """

    id: str
    fields_saved: bool | None


def read_saved(row: Json) -> Saved | None:
    """Reads ``customFieldSaveStatus``, which is not documented: anything but success is failure."""
    id_ = id_of(row.get("id"))
    status = row.get("customFieldSaveStatus")
    if isinstance(status, dict):
        status = status.get("status")
    saved = None if status is None else str(status).strip().casefold() == "success"
    return Saved(id_, saved) if id_ else None


@dataclass(frozen=True, slots=True)
class Datum:
    """One value of a custom field of one deal; ``id`` is the value's own, not the field's."""

    id: str
    deal: str
    field: str
    value: Any
    currency: str | None = None
    updated: datetime | None = None


def read_datum(row: Json) -> Datum | None:
    """A row of ``dealCustomFieldData``."""
    id_, deal = id_of(row.get("id")), id_of(row.get("dealId"))
    field = id_of(row.get("customFieldId")) or id_of(row.get("dealCustomFieldMetumId"))
    if id_ is None or deal is None or field is None:
        return None
    currency, updated = text_of(row.get("fieldCurrency")), instant(row.get("updatedTimestamp"))
    return Datum(id_, deal, field, row.get("fieldValue"), currency, updated)


_RAW = ("text_value", "text_blob", "date_value", "number_value", "currency_value")


def read_included(row: Json) -> Datum | None:
    """A row of the list that ``include=dealCustomFieldData`` adds: another spelling of the same.

    Each kind of value has a column of its own; the one that is filled tells.
    """
    id_, deal = id_of(row.get("id")), id_of(row.get("deal_id"))
    field = id_of(row.get("custom_field_id"))
    if id_ is None or deal is None or field is None:
        return read_datum(row)
    columns = (row.get(f"custom_field_{name}") for name in _RAW)
    value = next((value for value in columns if value not in (None, "")), None)
    currency = text_of(row.get("custom_field_currency_type"))
    return Datum(id_, deal, field, value, currency, instant(row.get("updated_timestamp")))


@dataclass(frozen=True, slots=True)
class FieldMeta:
    """A custom field of deals; ``personalization`` is its merge tag, ``known`` marks built-ins.

    ``required`` binds people in forms; whether it binds the API as well is UNCERTAIN.
    """

    id: str
    label: str
    type: str
    options: tuple[str, ...] = ()
    personalization: str = ""
    known: int | None = None
    currency: str | None = None
    required: bool = False


def read_meta(row: Json) -> FieldMeta | None:
    """A row of ``dealCustomFieldMeta``."""
    id_ = id_of(row.get("id"))
    if id_ is None:
        return None
    options = row.get("fieldOptions")
    return FieldMeta(
        id=id_,
        label=text_of(row.get("fieldLabel")) or f"Field {id_}",
        type=(text_of(row.get("fieldType")) or "text").casefold(),
        options=tuple(str(option) for option in options) if isinstance(options, list) else (),
        personalization=text_of(row.get("personalization")) or "",
        known=whole(row.get("knownFieldId")),
        currency=text_of(row.get("fieldDefaultCurrency")),
        required=flag(row.get("isRequired")),
    )


@dataclass(frozen=True, slots=True)
class StageRow:
    """A stage; ``order`` may repeat inside a pipeline, and ``created`` be missing."""

    id: str
    title: str
    group: str | None
    order: int


def read_stage(row: Json) -> StageRow | None:
    """A row of ``dealStages``."""
    id_ = id_of(row.get("id"))
    if id_ is None:
        return None
    title = text_of(row.get("title")) or id_
    return StageRow(id_, title, id_of(row.get("group")), whole(row.get("order")) or 0)


@dataclass(frozen=True, slots=True)
class Group:
    """A pipeline; ``stages`` are ids, in no order that is promised."""

    id: str
    title: str
    currency: str | None
    stages: tuple[str, ...]


def read_group(row: Json) -> Group | None:
    """A row of ``dealGroups``."""
    id_ = id_of(row.get("id"))
    if id_ is None:
        return None
    stages = row.get("stages")
    ids = [id_of(stage) for stage in stages] if isinstance(stages, list) else []
    return Group(
        id_,
        text_of(row.get("title")) or id_,
        text_of(row.get("currency")),
        tuple(stage for stage in ids if stage),
    )


@dataclass(frozen=True, slots=True)
class Secondary:
    """A secondary contact of a deal; ``id`` is the association's own."""

    id: str
    contact: str
    deal: str
    role: str | None = None


def read_secondary(row: Json) -> Secondary | None:
    """A row of ``contactDeals``."""
    id_, contact, deal = (id_of(row.get(name)) for name in ("id", "contact", "deal"))
    if id_ is None or contact is None or deal is None:
        return None
    return Secondary(id_, contact, deal, id_of(row.get("role")))


@dataclass(frozen=True, slots=True)
class Titled:
    """A deal role or a task type; a task type that is no longer in use has ``active`` False."""

    id: str
    title: str
    active: bool = True


def read_titled(row: Json) -> Titled | None:
    """A row of ``dealRoles`` or ``dealTasktypes``."""
    id_ = id_of(row.get("id"))
    if id_ is None:
        return None
    return Titled(id_, text_of(row.get("title")) or id_, active=not flag(row.get("status")))
