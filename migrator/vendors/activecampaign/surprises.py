"""What ActiveCampaign does with a load that people do not expect."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrator.model import ObjectType
from migrator.vendors.activecampaign.catalogue import CLOSE_DATE, find
from migrator.vendors.outlook import creation_lost, early_days, of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from migrator.vendors.activecampaign.options import ActiveCampaignOptions
    from migrator.vendors.outlook import Outlook


def surprises(outlook: Outlook, options: ActiveCampaignOptions) -> Iterator[str]:
    """Sentences about what ActiveCampaign will do besides."""
    if outlook.type is ObjectType.DEALS:
        yield from _automations(outlook)
        yield from _defaults(outlook, options)
        yield from _dates(outlook)
    if ObjectType.CONTACTS in outlook.parents:
        yield (
            "Automations that begin with a new contact start for the contacts that are created in "
            "passing. Pause them for the load."
        )
    if outlook.type is ObjectType.NOTES:
        yield from _notes(outlook)
    else:
        yield from creation_lost(outlook, "ActiveCampaign")
    yield from early_days(outlook, [name for name in outlook.early if _is_instant(outlook, name)])


def _automations(outlook: Outlook) -> Iterator[str]:
    """Automations run on creation, update and change of stage; deals have no switch for it."""
    if outlook.creates:
        yield (
            f'Automations and webhooks that begin with "deal added" start for '
            f"{of(outlook.creates, 'deal')}; ActiveCampaign has no switch for that. Pause them for "
            "the load."
        )
    if outlook.updates:
        what = [name for name in ("stage", "status", "owner") if name in outlook.filled]
        of_what = " or ".join(what) or "a field"
        yield (
            f"Automations that begin with a change of {of_what} may start for the deals that "
            f"change, up to {outlook.updates:,}. Pause them for the load."
        )


def _defaults(outlook: Outlook, options: ActiveCampaignOptions) -> Iterator[str]:
    """What a deal must have is filled in where the row does not name it."""
    if not outlook.creates:
        return
    if count := outlook.lacks("owner"):
        yield (
            f"{of(count, 'row')} without an owner: new deals belong to the user of the API key, "
            "for ActiveCampaign wants an owner. Map owner, or give it a default."
        )
    if count := outlook.lacks("currency"):
        currency = options.currency.upper() or "the currency of their pipeline"
        yield (
            f"{of(count, 'row')} without a currency: new deals are in {currency}. Map currency, or "
            "set the option currency."
        )
    if count := outlook.lacks("amount"):
        yield (
            f"{of(count, 'row')} without an amount: new deals have the amount 0, for "
            "ActiveCampaign wants one. Leave these rows out if that is wrong."
        )
    if options.default_contact:
        yield (
            "New deals that name neither a contact nor a company are given "
            f"{options.default_contact} (option default_contact)."
        )


def _dates(outlook: Outlook) -> Iterator[str]:
    deals = outlook.account.fields.get(ObjectType.DEALS, {})
    if "close_date" in outlook.filled and CLOSE_DATE in deals:
        yield (
            'The close date stands in the field "Forecasted Close Date", for won and lost deals '
            "too: ActiveCampaign's deals have no other."
        )
    if outlook.closed and (outlook.creates or {"status", "stage"} & outlook.filled.keys()):
        yield (
            f"{of(outlook.closed, 'deal')} won or lost: to ActiveCampaign's reports they are won "
            "or lost on the day of the load, which nobody can set. Keep the day in the close date "
            "or in a custom field, and report on that."
        )


def _notes(outlook: Outlook) -> Iterator[str]:
    if outlook.creates and {"owner", "created_at"} & outlook.filled.keys():
        yield (
            "Notes are written by the user of the API key, now: their author and day stand in the "
            "last line of their text."
        )


def _is_instant(outlook: Outlook, name: str) -> bool:
    """Whether the field keeps an instant; one that keeps days shows these."""
    if outlook.type is ObjectType.TASKS:
        return name == "due_at"
    info = find(outlook.account.fields.get(outlook.type, {}), name.removeprefix("custom."))
    return info is not None and info.kind == "datetime"
