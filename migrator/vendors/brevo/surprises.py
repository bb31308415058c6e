"""What Brevo does with a load that people do not expect."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrator.model import ObjectType
from migrator.vendors.outlook import creation_lost, early_days, of, west_of_greenwich

if TYPE_CHECKING:
    from collections.abc import Iterator

    from migrator.vendors.brevo.options import BrevoOptions
    from migrator.vendors.outlook import Outlook


def surprises(outlook: Outlook, options: BrevoOptions) -> Iterator[str]:
    """Sentences about what Brevo will do besides."""
    if outlook.type in {ObjectType.DEALS, ObjectType.TASKS}:
        yield from _webhooks(outlook)
    if outlook.type is ObjectType.DEALS:
        yield from _defaults(outlook)
        yield from _days(outlook)
    if ObjectType.CONTACTS in outlook.parents:
        yield (
            "Contacts that are created in passing are put on the list "
            f'"{options.contact_list}", for an import of Brevo wants one: automations that begin '
            "with that list write to these people. Name a list that none begins with (option "
            "contact_list)."
        )
    yield from creation_lost(outlook, "Brevo")
    yield from early_days(outlook, outlook.early)


def _webhooks(outlook: Outlook) -> Iterator[str]:
    """Webhooks are documented for these events; of automations nothing is said (UNCERTAIN)."""
    one = outlook.type.singular
    if outlook.creates:
        yield (
            f'Webhooks of "{one} created" are sent for {of(outlook.creates, one)}, and automations '
            "that begin with it may start (UNCERTAIN). Pause both for the load."
        )
    if outlook.updates:
        yield (
            f"Webhooks of changes are sent for up to {of(outlook.updates, one)}, and automations "
            "that begin with them may start (UNCERTAIN). Pause both for the load."
        )


def _defaults(outlook: Outlook) -> Iterator[str]:
    if not outlook.creates:
        return
    if count := outlook.lacks("owner"):
        yield (
            f"{of(count, 'row')} without an owner: Brevo gives new deals the user of the API key. "
            "Map owner, or give it a default."
        )
    if count := outlook.lacks("stage"):
        yield (
            f"{of(count, 'row')} without a stage: Brevo puts new deals into the first stage of its "
            "default pipeline. Map stage, or give it a default."
        )
    yield (
        "To Brevo a deal enters its stage on the day of the load, whatever its dates say; nobody "
        "can write that. Do not report on time in stage before the load."
    )


def _days(outlook: Outlook) -> Iterator[str]:
    """How Brevo keeps a day is not documented."""
    if "close_date" in outlook.filled and west_of_greenwich(outlook.account):
        yield (
            "Close dates go over as days. Should Brevo keep them as midnight UTC (UNCERTAIN), "
            f"people in the account's time zone ({outlook.account.time_zone}) see the day before: "
            "load a few with --sample and look at one in Brevo before you load the rest."
        )
