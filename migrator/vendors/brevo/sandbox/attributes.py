"""Attributes of deals and companies: the endpoints, and what values they take."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from migrator.vendors.brevo.sandbox.answers import (
    Answer,
    bad_route_id,
    invalid,
    list_of,
    missing,
    not_found,
    text_of,
)
from migrator.vendors.brevo.sandbox.schema import (
    CHOICES,
    COMPANIES,
    DEALS,
    KINDS,
    MAX_LABEL,
    TYPES,
    Attribute,
)
from migrator.vendors.brevo.sandbox.values import is_id, moment

if TYPE_CHECKING:
    from collections.abc import Mapping

    from migrator.vendors.brevo.sandbox.answers import Call, Json, Object, Refusal
    from migrator.vendors.brevo.sandbox.organization import Organization
    from migrator.vendors.brevo.sandbox.schema import Kind

_OTHER = re.compile(r"[^a-z0-9]")


def bad_attribute() -> Refusal:
    """The 400 for attributes; recorded, and it does not say which."""
    return invalid("Invalid attribute")


class Attributes:
    """The endpoints ``/crm/attributes``."""

    def __init__(self, organization: Organization) -> None:
        self._org = organization

    def of_deals(self, _call: Call) -> Answer:
        """``GET /crm/attributes/deals``."""
        return Answer(200, self._listed(DEALS))

    def of_companies(self, _call: Call) -> Answer:
        """``GET /crm/attributes/companies``."""
        return Answer(200, self._listed(COMPANIES))

    def create(self, call: Call) -> Answer:
        """``POST /crm/attributes``; the answer has the id and not the internal name."""
        body = call.object()
        kind = text_of(body, "objectType")
        type = text_of(body, "attributeType")
        label = (text_of(body, "label") or "").strip()
        if kind not in KINDS:
            raise invalid("objectType should be one of companies, deals")
        if type not in TYPES:
            raise invalid("attributeType is not valid")
        if not label:
            raise missing("label")
        self._check_label(kind, label)
        labels = [str(one) for one in list_of(body, "optionsLabels")]
        if type in CHOICES and not labels:
            raise missing("optionsLabels")
        options = {self._org.new_id(): one for one in labels} if type in CHOICES else {}
        name = self._internal_name(kind, label)
        made = Attribute(name, label, type, self._org.new_id(), options=options)
        self._org.attributes[kind][name] = made
        return Answer(200, {"id": made.id})

    def update(self, call: Call) -> Answer:
        """``PATCH /crm/attributes/{id}``: the label, and options by key."""
        kind, attribute = self._by_id(call)
        body = call.object()
        label = text_of(body, "label")
        if label is not None and label != attribute.label:
            self._check_label(kind, label)
            attribute.label = label
        for option in list_of(body, "optionsLabels"):
            if not isinstance(option, dict) or not option.get("key") or not option.get("value"):
                raise invalid("optionsLabels should have key and value")
            attribute.options[str(option["key"])] = str(option["value"])
        return Answer(204)

    def delete(self, call: Call) -> Answer:
        """``DELETE /crm/attributes/{id}``: its values go with it."""
        kind, attribute = self._by_id(call)
        del self._org.attributes[kind][attribute.name]
        for row in self._org.table(kind).rows.values():
            row.values.pop(attribute.name, None)
        return Answer(204)

    def _by_id(self, call: Call) -> tuple[str, Attribute]:
        id = call.args["id"]
        if not is_id(id):
            raise bad_route_id()
        for kind, held in self._org.attributes.items():
            for attribute in held.values():
                if attribute.id == id:
                    return kind, attribute
        raise not_found("Attribute")

    def _check_label(self, kind: str, label: str) -> None:
        if len(label) > MAX_LABEL:
            raise invalid(f"label should not exceed {MAX_LABEL} characters")
        folded = label.casefold()
        for held in self._org.attributes[kind].values():
            if folded in {held.label.casefold(), held.name}:
                raise invalid("Attribute with the same label already exists or is reserved")

    def _internal_name(self, kind: str, label: str) -> str:
        """UNCERTAIN: Brevo does not say how it makes it; see the option ``internal_names``."""
        held = self._org.attributes[kind]
        base = _OTHER.sub("_", label.lower())
        numbered = self._org.options.internal_names == "numbered"
        name, count = (f"{base}_2", 2) if numbered else (base, 1)
        while name in held:
            count += 1
            name = f"{base}_{count}"
        return name

    def _listed(self, kind: Kind) -> Json:
        return [self._item(kind, one) for one in self._org.attributes[kind.name].values()]

    def _item(self, kind: Kind, attribute: Attribute) -> Object:
        options: list[Json] = [
            {"key": key, "value": label} for key, label in attribute.options.items()
        ]
        if attribute.type == "user" and (kind is COMPANIES or self._org.options.owner_options):
            options = [{"key": one.id, "value": one.email} for one in self._org.users.values()]
        return {
            "internalName": attribute.name,
            "attributeTypeName": attribute.type,
            "label": attribute.label,
            "attributeOptions": options,
            kind.required_flag: attribute.required,
            "isValueReadonly": attribute.read_only,
        }


class Values:
    """Checks of the attributes that a request gives."""

    def __init__(self, organization: Organization) -> None:
        self._org = organization

    def check(self, kind: Kind, given: Mapping[str, Json]) -> dict[str, Json]:
        """The values to keep, null = clear it; a wrong one is a 400."""
        options = self._org.options
        held = self._org.attributes[kind.name]
        kept: dict[str, Json] = {}
        for name, value in given.items():
            attribute = held.get(name)
            if attribute is None:
                if options.unknown_attribute == "refuse":
                    raise bad_attribute()
            elif attribute.read_only:
                if options.read_only == "refuse":
                    raise bad_attribute()
            elif name in {"pipeline", "deal_stage"}:
                kept[name] = value
            elif value is None or (value == "" and attribute.type == "text"):
                if attribute.required or (value is None and not options.null_unsets):
                    raise bad_attribute()
                kept[name] = None
            else:
                kept[name] = self.value(attribute, value)
        if kind is DEALS and {"pipeline", "deal_stage"} & kept.keys():
            self._check_stage(kept.get("pipeline"), kept.get("deal_stage"))
        return kept

    def value(self, attribute: Attribute, value: Json) -> Json:
        """A value as the record keeps it, or a 400."""
        match attribute.type, value:
            case "number", bool():
                raise bad_attribute()
            case ("number", int() | float()) | ("boolean", bool()) | ("text", str()):
                return value
            case "date", str():
                as_written = self._org.options.dates == "as_written"
                found = moment(value, as_written=as_written)
                if found is not None:
                    return found
            case "user", str():
                user = self._org.user(value)
                if user is not None:
                    return user.id
            case "single-select", str() if value in attribute.options:
                return value
            case "multi-choice", list() if all(one in attribute.options for one in value):
                return value
        raise bad_attribute()

    def _check_stage(self, pipeline: Json, stage: Json) -> None:
        """A deal moves only when both are named, and the stage is one of the pipeline."""
        found = self._org.pipeline(pipeline)
        if found is None or not isinstance(stage, str) or found.stage(stage) is None:
            raise bad_attribute()
