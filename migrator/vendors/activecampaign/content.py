"""Properties as the bodies of requests: the last step before they leave."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from migrator.model import ObjectType
from migrator.vendors.activecampaign.catalogue import DEAL_FIELDS
from migrator.vendors.activecampaign.values import Wire, to_wire
from migrator.vendors.shared.problems import BadValue

if TYPE_CHECKING:
    from collections.abc import Mapping

    from migrator.model import Op
    from migrator.vendors.activecampaign.tenant import Tenant
    from migrator.vendors.activecampaign.values import Money

_WHOLE = frozenset({"status", "percent"})
"""Written as numbers; ids and texts are written as texts."""


@dataclass
class Content:
    """A deal's built-in fields as the API wants them, and its custom values by field id."""

    plain: dict[str, object] = field(default_factory=dict)
    custom: dict[str, Wire] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    """Id of a custom field to our name of it."""

    def body(self) -> dict[str, object]:
        """All of it in one object; values inline."""
        if not self.custom:
            return dict(self.plain)
        fields = [
            {"customFieldId": int(id_) if id_.isdigit() else id_, **value.content()}
            for id_, value in self.custom.items()
        ]
        return {**self.plain, "fields": fields}


async def read_content(
    tenant: Tenant, properties: Mapping[str, str], currency: str | None = None
) -> Content:
    """Properties in wire form.

    Args:
        tenant: the account.
        properties: of a deal.
        currency: of the deal, when it is not among them.

    Raises:
        BadValue: one has no field in the account, or cannot be written.
    """
    content = Content()
    currency = properties.get("currency", currency)
    custom = {name: value for name, value in properties.items() if name not in DEAL_FIELDS}
    for name in properties.keys() - custom.keys():
        content.plain[name] = _plain(tenant.money, name, properties[name], currency)
    if not custom:
        return content
    fields = await tenant.fields()
    if any(fields.meta(name) is None for name in custom):
        tenant.forget()  # created after we looked, perhaps by this very run
        fields = await tenant.fields()
    for name, value in custom.items():
        meta = fields.meta(name)
        if meta is None:
            raise BadValue("unknown_field", f'The account has no deal field "{name}" any more.')
        if meta.type == "currency" and not meta.currency and not currency:
            currency = await tenant.currency_of(properties.get("group"))
        content.custom[meta.id] = to_wire(meta, value, tenant.money, currency)
        content.names[meta.id] = name
    return content


def _plain(money: Money, name: str, value: str, currency: str | None) -> object:
    if name == "value":
        return int(money.deal_cents(value, currency))
    if name not in _WHOLE:
        return value
    try:
        return int(value)
    except ValueError:
        raise BadValue("invalid_number", f'"{value}" is no whole number ({name}).') from None


async def new_deal(tenant: Tenant, op: Op) -> Content:
    """All that a deal must be created with: what the row leaves out is said explicitly.

    What is omitted ActiveCampaign decides by itself, and not always as documented: the owner by
    the pipeline's auto-assign, the stage, the status.

    Raises:
        BadValue: there is neither contact nor company, or a value cannot be written.
    """
    currency = await currency_wanted(tenant, op)
    content = await read_content(tenant, op.properties, currency)
    plain = content.plain
    plain["currency"] = currency
    plain.setdefault("value", 0)
    plain.setdefault("status", 0)
    if "owner" not in plain:
        plain["owner"] = (await tenant.me()).id
    for name, id_ in (await first_parents(tenant, op)).items():
        plain[name] = id_
    return content


async def currency_wanted(tenant: Tenant, op: Op) -> str:
    """The currency a deal is created with."""
    named = op.properties.get("currency")
    return named or await tenant.currency_of(op.properties.get("group"))


async def first_parents(tenant: Tenant, op: Op) -> dict[str, str]:
    """Ids of the contact and the company a deal is created with, by the API's names."""
    found: dict[str, str] = {}
    for link in op.links:
        name = "contact" if link.type is ObjectType.CONTACTS else "account"
        if link.id and link.type in {ObjectType.CONTACTS, ObjectType.COMPANIES}:
            found.setdefault(name, link.id)
    if not found:
        contact = await tenant.default_contact()
        if contact is None:
            raise BadValue(
                "no_contact",
                "ActiveCampaign wants a contact or a company for every deal, and this one has "
                "neither. Name one in the row, or set the option default_contact.",
            )
        found["contact"] = contact
    return found
