"""What linked records are called in an export: contacts, companies, and the deals of notes."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from migrator.model import KEY_FIELD, ObjectType, Reference

if TYPE_CHECKING:
    from migrator.export.spool import Spool
    from migrator.model import Account, Held
    from migrator.vendors.base import Vendor


def naming(vendor: Vendor, type: ObjectType) -> list[str]:
    """The properties that hold a contact's or company's name; a deal is called by its key."""
    if type is ObjectType.DEALS:
        return []
    by_domain, by_name = (vendor.parent(type, one) for one in ("example.com", "Example"))
    return [name for name in {**by_domain, **by_name} if name != KEY_FIELD]


def called(vendor: Vendor, account: Account, held: Held, *, to_create: bool) -> list[str]:
    """What others may call a record, the best first.

    A domain tells companies apart; but where they are ``to_create``, it would be their name.
    """
    if held.type is ObjectType.DEALS:
        return [held.key or str(Reference(account.vendor, account.id, held.type, held.id))]
    values = vendor.decode(held, account)
    names = ["name", "domain"] if to_create else ["domain", "name"]
    return [values[name] for name in ("email", *names) if values.get(name)]


def chosen(spool: Spool) -> dict[str, str]:
    """One name for each record that has any, by id: the first that no other record has.

    Args:
        spool: rows of ``id`` and ``called``, which is what :func:`called` gives.
    """
    given = {str(row["id"]): row["called"] for row in spool.rows() if row["called"]}
    counts = Counter(names[0].casefold() for names in given.values())
    return {
        id_: next((name for name in names if counts[name.casefold()] < 2), names[0])
        for id_, names in given.items()
    }
