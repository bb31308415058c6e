"""Deals' custom fields: ``dealCustomFieldMeta``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from migrator.vendors.activecampaign.sandbox.answers import (
    Answer,
    Refusal,
    not_found,
    text_of,
    whole,
)
from migrator.vendors.activecampaign.sandbox.listing import page
from migrator.vendors.activecampaign.sandbox.rows import Field
from migrator.vendors.activecampaign.sandbox.tenant import utc
from migrator.vendors.activecampaign.sandbox.values import CHOICES, TYPES

if TYPE_CHECKING:
    from migrator.vendors.activecampaign.sandbox.answers import Call, Json, Object
    from migrator.vendors.activecampaign.sandbox.tenant import Tenant

_META_PAGE = 100
"""Rows of a list of fields when nobody says how many."""

_TAKEN = frozenset(
    f"DEAL_{name}"
    for name in ("TITLE", "VALUE", "CURRENCY", "STAGE", "PIPELINE", "OWNER", "STATUS", "ID")
)
"""Tags of what every deal has; a custom field called "title" becomes ``DEAL_TITLE_1``."""


class Fields:
    """The endpoints of ``/dealCustomFieldMeta``."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant

    def index(self, call: Call) -> Answer:
        """All fields; there is no ``meta`` in this list."""
        rows = page(list(self._tenant.fields), call, _META_PAGE)
        return Answer(200, {"dealCustomFieldMeta": [self._row(one) for one in rows]})

    def get(self, call: Call) -> Answer:
        """One field."""
        return Answer(200, {"dealCustomFieldMetum": self._row(self._find(call))})

    def create(self, call: Call) -> Answer:
        """A new field; live answers say 201 where the documentation says 200."""
        given = call.wrapped("dealCustomFieldMetum")
        label = text_of(given.get("fieldLabel")).strip()
        if not label:
            raise _required("label")
        type = given.get("fieldType")
        if not isinstance(type, str) or not type:
            raise _required("type")
        if type not in TYPES:
            raise _unprocessable("The selected field type is invalid.")
        table, time = self._tenant.fields, self._tenant.time()
        tag = personalization(label, {one.personalization for one in table})
        field = Field(
            id=table.next_id(),
            label=label,
            type=type,
            options=None,
            personalization=tag,
            created=time,
            updated=time,
            required=_flag(given.get("isRequired")),
            order=len(table) + 1,
        )
        _apply(field, given)
        table.put(field.id, field)
        return Answer(201, {"dealCustomFieldMetum": self._row(field)})

    def update(self, call: Call) -> Answer:
        """Change a field; its type stays, and another wrapper changes nothing (recorded)."""
        field = self._find(call)
        given = call.wrapped("dealCustomFieldMetum")
        if given:
            field.label = text_of(given.get("fieldLabel")).strip() or field.label
            _apply(field, given)
            field.updated = self._tenant.time()
        return Answer(200, {"dealCustomFieldMetum": self._row(field)})

    def delete(self, call: Call) -> Answer:
        """Take a field away, and its values with it."""
        field = self._find(call)
        self._tenant.fields.remove(field.id)
        for deal in self._tenant.deals:
            for datum in deal.values.pop(field.id, ()):
                self._tenant.data.remove(datum)
        return Answer(200, {"message": "DealCustomFieldMeta deleted."})

    def _find(self, call: Call) -> Field:
        field = self._tenant.fields.find(call.id)
        if field is None:
            raise not_found()
        return field

    def _row(self, field: Field) -> Object:
        link = f"/api/3/dealCustomFieldMeta/{field.id}/dealCustomFieldData"
        return {
            "id": str(field.id),
            "fieldLabel": field.label,
            "fieldType": field.type,
            "fieldOptions": field.options,
            "fieldDefault": field.default,
            "fieldDefaultCurrency": field.default_currency,
            "isFormVisible": field.visible,
            "isRequired": field.required,
            "displayOrder": field.order,
            "personalization": field.personalization,
            "knownFieldId": field.known,
            "hideFieldFlag": 0,
            "createdTimestamp": utc(field.created),
            "updatedTimestamp": utc(field.updated),
            "links": {"dealCustomFieldData": link},
        }


def personalization(label: str, taken: set[str]) -> str:
    """The tag of a field: made of its label, with a number when it is taken."""
    words = re.sub(r"[^A-Z0-9]+", "_", label.upper()).strip("_")
    tag = f"DEAL_{words or 'FIELD'}"
    found, number = tag, 0
    while found in taken or found in _TAKEN:
        number += 1
        found = f"{tag}_{number}"
    return found


def _apply(field: Field, given: Object) -> None:
    """What both a create and an update can set."""
    options = given.get("fieldOptions")
    if isinstance(options, list) and field.type in CHOICES:
        field.options = [text_of(one) for one in options]
    if "fieldDefault" in given:
        field.default = given["fieldDefault"]
    if "fieldDefaultCurrency" in given:
        field.default_currency = text_of(given["fieldDefaultCurrency"]).lower() or None
    if "isFormVisible" in given:
        field.visible = _flag(given["isFormVisible"])
    order = whole(given.get("displayOrder"))
    if order is not None:
        field.order = order


def _flag(value: Json) -> int:
    return int(value is True or value in (1, "1"))


def _required(name: str) -> Refusal:
    return _unprocessable(f"The field {name} field is required.")


def _unprocessable(title: str) -> Refusal:
    """The documentation's example, made valid JSON."""
    return Refusal(422, {"errors": [{"title": title, "detail": "", "code": 422}]})
