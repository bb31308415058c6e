"""Makes an empty sandbox look like a real account, as ``migrator vendors describe`` wrote it.

The currency of the account is not taken over: a deal of Brevo has none.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, cast

from migrator.vendors import likeness
from migrator.vendors.brevo.sandbox.book import ContactAttribute
from migrator.vendors.brevo.sandbox.organization import ALWAYS_WINS
from migrator.vendors.brevo.sandbox.schema import KINDS, Attribute, Pipeline, Stage
from migrator.vendors.likeness import fields_of, items

if TYPE_CHECKING:
    from collections.abc import Mapping

    from migrator.vendors.brevo.sandbox.organization import Organization
    from migrator.vendors.likeness import Like, Parts


_TYPES = {
    "text": "text",
    "number": "number",
    "date": "date",
    "datetime": "date",
    "bool": "boolean",
    "choice": "single-select",
}
_CONTACT_TYPES = {"number": "float", "date": "date", "datetime": "date", "bool": "boolean"}
_LOST = 0


def imitate(organization: Organization, like: Like) -> None:
    """Give the organization the pipelines, owners and fields of ``like``.

    Raises:
        InputError: the file cannot be read or is not an account.
    """
    likeness.imitate(like, functools.partial(_apply, organization))


def _apply(organization: Organization, account: Parts) -> None:
    organization.id = str(account["id"])
    organization.name = str(account.get("name") or organization.name)
    organization.time_zone = str(account.get("time_zone") or organization.time_zone)
    pipelines = [_pipeline(one) for one in items(account["pipelines"])]
    organization.pipelines = pipelines or organization.pipelines
    owners = [
        (str(one["id"]), str(one["email"]))
        for one in items(account["owners"])
        if one.get("active") is not False
    ]
    if owners:
        organization.set_users(owners)
    fields = fields_of(account)
    for type, held in fields.items():
        for name, info in held.items():
            if type in KINDS:
                _field(organization, type, name, info)
            elif type == "contacts" and name not in {"EMAIL", *organization.book.attributes}:
                kind = _CONTACT_TYPES.get(str(info["kind"]), "text")
                organization.book.attributes[name] = ContactAttribute("normal", kind)


def _pipeline(given: Parts) -> Pipeline:
    stages = [
        Stage(str(one["id"]), str(one["label"]), _chance(one)) for one in items(given["stages"])
    ]
    return Pipeline(str(given["id"]), str(given["label"]), tuple(stages))


def _chance(given: Parts) -> int:
    probability = given.get("probability")
    if probability is not None:
        return round(float(str(probability)) * 100)
    return _LOST if given.get("status") == "lost" else ALWAYS_WINS


def _field(organization: Organization, type: str, name: str, given: Parts) -> None:
    """A field of the account; those that every account has keep their nature."""
    held = organization.attributes[type]
    label = str(given.get("label") or name)
    if name in held:
        held[name].label = label
        return
    kind = _TYPES[str(given["kind"])]
    if given.get("multiple"):
        kind = "multi-choice"
    options = cast("Mapping[str, str]", given.get("options") or {})
    if kind == "single-select" and not options:
        kind = "user"  # a choice whose options are elsewhere
    read_only = bool(given.get("read_only"))
    held[name] = Attribute(
        name, label, kind, organization.new_id(), read_only=read_only, options=dict(options)
    )
