"""What an account lacks for a run, and creating it. Everything here may be repeated.

Attributes can be created, pipelines and stages cannot: the API has no call for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrator.errors import InputError, closest
from migrator.model import KEY_FIELD, FieldInfo, NewField, ObjectType
from migrator.vendors.brevo.answers import Refusal
from migrator.vendors.brevo.schema import KEYED, find_field, slug
from migrator.vendors.shared.names import folded
from migrator.vendors.shared.wanted import Making, lacking_pipelines, named, new_options

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from migrator.model import Account, NewPipeline, Provision
    from migrator.vendors.brevo.session import Session

_LONGEST_LABEL = 50

_TYPES: Mapping[str, str] = {
    "text": "text",
    "number": "number",
    "date": "date",
    "datetime": "date",
    "bool": "boolean",
    "choice": "single-select",
}
"""Our kind to Brevo's attributeType; for dates with a time it has nothing else."""

_CONTACT_TYPES: Mapping[str, str] = {
    "text": "text",
    "number": "float",
    "date": "date",
    "datetime": "date",
    "bool": "boolean",
}


# -- what is missing: pure -------------------------------------------------------------------------


def lacking(account: Account, wanted: Provision) -> Provision:
    """The part of ``wanted`` that the account does not have."""
    return MAKING.lacking(account, wanted)


def provisional(account: Account, missing: Provision) -> Account:
    """The account as it will be; of its pipelines, when a person has made them."""
    return MAKING.provisional(account, missing)


def _find(fields: Mapping[str, FieldInfo], new: NewField) -> FieldInfo | None:
    return find_field(fields, new.name, new.label)


def _field(new: NewField) -> FieldInfo:
    """There is one type of attribute for days and instants, and we read it as days."""
    return FieldInfo(new.name, _label(new), "date" if new.kind == "datetime" else new.kind)


def _label(new: NewField) -> str:
    """The label to create a field with: one that Brevo likely makes the wanted name of."""
    fits = slug(new.label) == new.name and len(new.label) <= _LONGEST_LABEL
    return new.label if fits else new.name


MAKING = Making(KEYED, find=_find, field=_field)


# -- creating it -----------------------------------------------------------------------------------


async def provision(session: Session, missing: Provision) -> None:
    """Create key attributes and fields.

    Raises:
        InputError: a pipeline is missing, or Brevo turns an attribute down.
    """
    session.forget()
    if missing.pipelines:
        await _check_pipelines(session, missing.pipelines)
    for type in missing.keys:
        await _provision_field(session, type, NewField(KEY_FIELD, KEY_FIELD))
    for type, news in missing.fields.items():
        for new in news:
            await _provision_field(session, type, new)
    session.forget()


async def _check_pipelines(session: Session, wanted: Sequence[NewPipeline]) -> None:
    """Nothing to do for those that are there by now; the others are listed for a person."""
    there = await session.pipelines()
    steps = []
    for pipeline in lacking_pipelines(there, wanted):
        found = named(there, pipeline.label)
        stages = [stage.label for stage in pipeline.stages]
        if found is None:
            near = closest(pipeline.label, [p.label for p in there], most=1)
            hint = f' (there is one called "{near[0]}")' if near else ""
            steps.append(f'the pipeline "{pipeline.label}"{hint} with {_listed(stages)}')
        else:
            steps.append(f'in the pipeline "{found.label}" {_listed(stages)}')
    if steps:
        raise InputError(
            "Brevo's API cannot create pipelines and stages. Create by hand, in Brevo under "
            f"Deals > pipeline settings: {'; '.join(steps)}. Or map the deals to what is there."
        )


def _listed(stages: Sequence[str]) -> str:
    return "the stages " + ", ".join(f'"{stage}"' for stage in stages)


async def _provision_field(session: Session, type: ObjectType, new: NewField) -> None:
    schema = await session.schema(type)
    found = _find(schema.fields, new)
    if found is not None:
        labels = new_options(found.options, new) if found.kind == "choice" else []
        if labels:
            await _extend_options(session, type, found, labels)
        return
    label = _label(new)
    if len(label) > _LONGEST_LABEL:
        raise InputError(
            f'The label "{label}" of a field has {len(label)} characters; Brevo takes '
            f"{_LONGEST_LABEL} at most. Shorten it in the template."
        )
    try:
        if type is ObjectType.CONTACTS:
            await _create_for_contacts(session, new)
        else:
            kind = _TYPES[new.kind]
            id_ = await session.calls.create_attribute(type, kind, label, new.options)
            if id_:
                session.attributes[type, folded(label)] = id_
    except Refusal as refusal:
        # A first try whose answer was lost has created it: labels are unique.
        session.forget()
        again = _find((await session.schema(type)).fields, new)
        if again is None:
            raise InputError(
                f'Brevo does not create the attribute "{label}" of {type}: {refusal.message}. '
                "Create it in Brevo under Settings, or map the column to another field."
            ) from refusal


async def _create_for_contacts(session: Session, new: NewField) -> None:
    """A contact's attribute has no label; its name is in capitals by custom."""
    name = new.name.upper()
    if new.kind == "choice":
        options = [{"value": i, "label": label} for i, label in enumerate(new.options, 1)]
        content = {"enumeration": options}
        await session.contact_calls.create_contact_attribute("category", name, content)
    else:
        content_type = {"type": _CONTACT_TYPES[new.kind]}
        await session.contact_calls.create_contact_attribute("normal", name, content_type)


async def _extend_options(
    session: Session, type: ObjectType, found: FieldInfo, labels: Sequence[str]
) -> None:
    """The options that are there go with the new ones: the list is replaced as a whole.

    The call wants the attribute's id, and no list shows it: only what this session created, or a
    list that does show ids, can be extended.
    """
    schema = await session.schema(type)
    created = session.attributes.get((type, folded(found.label)))
    id_ = schema.ids.get(found.name) or created
    said = ""
    if id_ and type is not ObjectType.CONTACTS:
        # UNCERTAIN: that a new option may choose its key, as the API's page lets one think.
        options = {**found.options, **{label: label for label in labels}}
        try:
            await session.calls.change_options(type, id_, options)
        except Refusal as refusal:
            said = f" ({refusal.message})"
        else:
            return
    raise InputError(
        f'The attribute "{found.label}" of {type} lacks options, and Brevo does not add them by '
        f"its API{said}. Add them in Brevo under Settings: {', '.join(labels)}."
    )
