"""Endpoints of properties and their groups."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from migrator.vendors.hubspot.sandbox.answers import (
    Answer,
    Refusal,
    as_objects,
    as_text,
    invalid,
    missing_fields,
    not_found,
)
from migrator.vendors.hubspot.sandbox.batches import batch_answer
from migrator.vendors.hubspot.sandbox.schema import FIELD_TYPES, Option, Property

if TYPE_CHECKING:
    from migrator.vendors.hubspot.sandbox.answers import Call, Json, Object
    from migrator.vendors.hubspot.sandbox.portal import Portal
    from migrator.vendors.hubspot.sandbox.schema import Kind

UNIQUE = 10
"""Most properties with ``hasUniqueValue`` per kind (crm-properties-v3 guide)."""

ACTIVITIES = {"notes", "tasks"}

_NAME = re.compile(r"[a-z][a-z0-9_]{0,99}", re.ASCII)


class Properties:
    """The endpoints ``properties/{type}``."""

    def __init__(self, portal: Portal) -> None:
        self._portal = portal

    def index(self, call: Call) -> Answer:
        """All properties, no paging; archived ones only with ``archived=true``."""
        kind = self._portal.kind(call.args["type"])
        archived = call.flag("archived")
        results: list[Json] = [
            self._show(prop)
            for prop in self._portal.properties[kind.name].values()
            if prop.archived == archived
        ]
        return Answer(200, {"results": results})

    def get(self, call: Call) -> Answer:
        """One property."""
        kind = self._portal.kind(call.args["type"])
        return Answer(200, self._show(self._find(kind, call.args["name"], call.flag("archived"))))

    def create(self, call: Call) -> Answer:
        """A new property, or an archived one of that name brought back."""
        kind = self._portal.kind(call.args["type"])
        return Answer(201, self._create(kind, call.object()))

    def update(self, call: Call) -> Answer:
        """Label, group, description, field type, options (the whole list).

        ``hasUniqueValue`` and ``type`` cannot change later; the former is silently ignored.
        """
        kind = self._portal.kind(call.args["type"])
        held = self._find(kind, call.args["name"], archived=False)
        body = call.object()
        field_type = as_text(body.get("fieldType")) or held.field_type
        if field_type not in FIELD_TYPES[held.type]:
            raise invalid(f"fieldType {field_type} does not go with type {held.type}.")
        changed = replace(
            held,
            label=as_text(body.get("label")) or held.label,
            group=self._group(kind, body) if "groupName" in body else held.group,
            description=as_text(body.get("description")) or held.description,
            field_type=field_type,
            options=_options(body, held.type) if "options" in body else held.options,
        )
        self._portal.put_property(kind, changed)
        return Answer(200, self._show(changed))

    def archive(self, call: Call) -> Answer:
        """Archive a custom property; its values stay and are hidden."""
        kind = self._portal.kind(call.args["type"])
        self._archive(kind, call.args["name"])
        return Answer(204)

    def batch_create(self, call: Call) -> Answer:
        """Several new properties; bad ones make it a 207."""
        kind = self._portal.kind(call.args["type"])
        results: list[Json] = []
        errors: list[Object] = []
        for given in call.inputs():
            try:
                results.append(self._create(kind, given))
            except Refusal as refusal:
                errors.append(refusal.row(name=[as_text(given.get("name"))]))
        return batch_answer(self._portal, 201, results, errors)

    def batch_read(self, call: Call) -> Answer:
        """Several properties by name."""
        kind = self._portal.kind(call.args["type"])
        archived = call.object().get("archived") is True
        results: list[Json] = []
        errors: list[Object] = []
        for given in call.inputs():
            name = as_text(given.get("name"))
            try:
                results.append(self._show(self._find(kind, name, archived)))
            except Refusal as refusal:
                errors.append(refusal.row(name=[name]))
        return batch_answer(self._portal, 200, results, errors)

    def batch_archive(self, call: Call) -> Answer:
        """Archive several custom properties."""
        kind = self._portal.kind(call.args["type"])
        for given in call.inputs():
            self._archive(kind, as_text(given.get("name")))
        return Answer(204)

    def groups(self, call: Call) -> Answer:
        """The groups of a kind."""
        groups = self._portal.groups[self._portal.kind(call.args["type"]).name]
        results: list[Json] = [_group(name, label) for name, label in groups.items()]
        return Answer(200, {"results": results})

    def create_group(self, call: Call) -> Answer:
        """A new group."""
        groups = self._portal.groups[self._portal.kind(call.args["type"]).name]
        name, label = as_text(call.object().get("name")), as_text(call.object().get("label"))
        if not name or not label:
            raise missing_fields("name", "label")
        if name in groups:
            raise Refusal(409, "OBJECT_ALREADY_EXISTS", f"Property group {name} already exists.")
        groups[name] = label
        return Answer(201, _group(name, label))

    def _find(self, kind: Kind, name: str, archived: bool) -> Property:  # noqa: FBT001
        prop = self._portal.properties[kind.name].get(name)
        if prop is None or prop.archived != archived:
            raise not_found(f"Property {name} does not exist.")
        return prop

    def _archive(self, kind: Kind, name: str) -> None:
        prop = self._portal.property(kind, name)
        if prop is None:
            return
        if prop.hubspot_defined:
            raise invalid(f"Property {name} is defined by HubSpot and cannot be archived.")
        self._portal.put_property(kind, replace(prop, archived=True))

    def _create(self, kind: Kind, body: Object) -> Object:
        wanted = ("name", "label", "type", "fieldType", "groupName")
        missing = [name for name in wanted if not as_text(body.get(name))]
        if missing:
            raise missing_fields(*missing)
        if kind.name in ACTIVITIES and not self._portal.options.activity_properties:
            raise invalid(f"Objects of type {kind.caps} have no custom properties.")
        prop = self._checked(kind, body)
        held = self._portal.properties[kind.name].get(prop.name)
        if held is not None and not held.archived:
            message = f'A property named "{prop.name}" already exists.'
            raise Refusal(
                409,
                "OBJECT_ALREADY_EXISTS",
                message,
                sub_category="Properties.PROPERTY_WITH_NAME_EXISTS",
            )
        if prop.unique:
            self._check_unique_limit(kind)
        self._portal.put_property(kind, prop)
        return self._show(prop)

    def _checked(self, kind: Kind, body: Object) -> Property:
        name, type_ = as_text(body["name"]), as_text(body["type"])
        if not _NAME.fullmatch(name):
            raise invalid(f'"{name}" is not a valid property name: a-z, 0-9 and _ only.')
        if type_ not in FIELD_TYPES:
            raise invalid(f'"{type_}" is not a valid property type.')
        field_type = as_text(body["fieldType"])
        if field_type not in FIELD_TYPES[type_]:
            raise invalid(f"fieldType {field_type} does not go with type {type_}.")
        unique = body.get("hasUniqueValue") is True
        if unique and type_ not in {"string", "number"}:
            raise invalid(f"Properties of type {type_} cannot have unique values.")
        return Property(
            name,
            as_text(body["label"]),
            type_,
            field_type,
            self._group(kind, body),
            options=_options(body, type_),
            description=as_text(body.get("description")),
            unique=unique,
            hubspot_defined=False,
        )

    def _group(self, kind: Kind, body: Object) -> str:
        group = as_text(body.get("groupName"))
        if group not in self._portal.groups[kind.name]:
            raise invalid(f"Property group {group} does not exist.")
        return group

    def _check_unique_limit(self, kind: Kind) -> None:
        held = self._portal.properties[kind.name].values()
        used = sum(one.unique and not one.hubspot_defined and not one.archived for one in held)
        if used >= UNIQUE:
            raise invalid(f"At most {UNIQUE} properties with unique values are allowed per object.")

    def _show(self, prop: Property) -> Object:
        options: list[Json] = [
            {
                "label": option.label,
                "value": option.value,
                "displayOrder": index,
                "hidden": option.hidden,
            }
            for index, option in enumerate(prop.options)
        ]
        body: Object = {
            "name": prop.name,
            "label": prop.label,
            "type": prop.type,
            "fieldType": prop.field_type,
            "groupName": prop.group,
            "description": prop.description,
            "options": options,
            "displayOrder": -1,
            "calculated": prop.calculated,
            "externalOptions": prop.external,
            "archived": prop.archived,
            "hasUniqueValue": prop.unique,
            "hidden": False,
            "hubspotDefined": prop.hubspot_defined,
            "formField": not prop.read_only,
            "createdAt": self._portal.born,
            "updatedAt": self._portal.born,
            "modificationMetadata": {
                "archivable": not prop.hubspot_defined,
                "readOnlyDefinition": prop.hubspot_defined,
                "readOnlyOptions": prop.hubspot_defined and prop.external,
                "readOnlyValue": prop.read_only,
            },
        }
        if prop.name == "hubspot_owner_id":
            body["referencedObjectType"] = "OWNER"
        return body


def _options(body: Object, type_: str) -> tuple[Option, ...]:
    """The choices of a new property: required for enumerations, true and false for booleans."""
    options = tuple(
        Option(as_text(one.get("value")), as_text(one.get("label")), one.get("hidden") is True)
        for one in as_objects(body.get("options"))
    )
    if type_ == "enumeration" and not options:
        raise missing_fields("options")
    if any(not option.value or not option.label for option in options):
        raise missing_fields("options.value", "options.label")
    if len({option.value for option in options}) < len(options):
        raise invalid("Property options must have values that differ.")
    if type_ == "bool" and sorted(option.value for option in options) != ["false", "true"]:
        refusal = invalid("Boolean properties must have exactly the options true and false.")
        refusal.sub_category = "INVALID_BOOLEAN_OPTION"
        raise refusal
    return options


def _group(name: str, label: str) -> Object:
    return {"name": name, "label": label, "displayOrder": -1, "archived": False}
