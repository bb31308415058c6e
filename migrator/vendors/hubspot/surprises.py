"""What HubSpot does with a load that people do not expect."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrator.model import CUSTOM_PREFIX, KEY_FIELD, ObjectType
from migrator.vendors.outlook import early_days, of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from migrator.vendors.outlook import Outlook

_ENFORCING = "2026-09"
"""From this version on, writes are held to the rules that forms are (changelog)."""

_INSTANTS = frozenset({"created_at", "close_date", "due_at"})


def surprises(outlook: Outlook, api_version: str) -> Iterator[str]:
    """Sentences about what HubSpot will do besides.

    Args:
        outlook: what would be written.
        api_version: as the option has it.
    """
    yield from _workflows(outlook)
    yield from _own_links(outlook)
    if outlook.type is ObjectType.DEALS:
        yield from _deals(outlook)
    yield from early_days(outlook, [name for name in outlook.early if _is_instant(outlook, name)])
    if outlook.creates and api_version[:1].isdigit() and api_version >= _ENFORCING:
        yield (
            f"With version {api_version} of the API HubSpot turns down records that lack what the "
            "account requires in its forms (required and conditional properties). Load a few with "
            "--sample first; with the option api_version=2026-03 it does not."
        )


def _workflows(outlook: Outlook) -> Iterator[str]:
    """Workflows and notifications fire on records that are created by the API too."""
    deals = outlook.type is ObjectType.DEALS
    if deals and outlook.creates:
        told = ", and owners may be told of their new deals" if "owner" in outlook.filled else ""
        yield (
            f"Workflows that begin with a new deal will start for {of(outlook.creates, 'deal')}"
            f"{told}. Turn them off for the load (Automation > Workflows), or let them begin only "
            f"where the property {KEY_FIELD} is unknown."
        )
    if deals and outlook.updates:
        what = "the stage" if "stage" in outlook.filled else "a property"
        yield (
            f"Workflows that begin with a change of {what} may start for the deals that change, up "
            f"to {outlook.updates:,}. Turn them off for the load (Automation > Workflows)."
        )
    if outlook.parents:
        names = " and ".join(sorted(outlook.parents))
        yield (
            f"Workflows that begin with new {names} will start for those that are created in "
            "passing. Turn them off for the load."
        )


def _own_links(outlook: Outlook) -> Iterator[str]:
    """Companies come by themselves with the domains of addresses."""
    if ObjectType.CONTACTS in outlook.parents:
        yield (
            "For contacts that are created HubSpot may create companies by the domains of their "
            "addresses and link them, unless that is turned off (Settings > Objects > Companies). "
            "An undo leaves such companies."
        )


def _deals(outlook: Outlook) -> Iterator[str]:
    if outlook.creates:
        days = (
            "The date of creation is the source's, but"
            if "created_at" in outlook.filled
            else "The date of creation is that of the load unless created_at is mapped, and"
        )
        yield (
            f"{days} a stage is entered on the day of the load: HubSpot lets nobody write the "
            "history of stages, so reports on time in stage begin then."
        )
    if outlook.undated and (outlook.creates or "stage" in outlook.filled):
        yield (
            f"{of(outlook.undated, 'deal')} won or lost without a close date: HubSpot may set the "
            "day of the load (UNCERTAIN). Map close_date, or leave those deals out."
        )
    home = outlook.account.currency
    foreign = sorted(outlook.currencies - {home}) if home else []
    if foreign:
        yield (
            f"Totals in HubSpot are in {home}: amounts in {', '.join(foreign)} are converted by "
            "the account's own exchange rates (Settings > Account defaults > Currency). Look at "
            "these rates before people compare sums."
        )


def _is_instant(outlook: Outlook, name: str) -> bool:
    """Whether the property behind a field keeps an instant; one that keeps days shows these."""
    if name in _INSTANTS:
        return True
    info = outlook.account.fields.get(outlook.type, {}).get(name.removeprefix(CUSTOM_PREFIX))
    return info is not None and info.kind == "datetime"
