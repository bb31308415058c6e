"""Why a row cannot go to its record, or to a new one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrator.model import Problem, Reference

if TYPE_CHECKING:
    from migrator.model import Account, ObjectType, Record


def id_in(account: Account, type: ObjectType, text: str) -> str | None:
    """The id of the account's own record that a text refers to; None when it refers to none."""
    named = Reference.parse(text)
    if named is None:
        return None
    own = (named.vendor, named.account, named.type) == (account.vendor, account.id, type)
    return named.id if own else None


def is_of(record: Record, account: Account) -> bool:
    """Whether a record's key refers to a record of this very account."""
    return id_in(account, record.type, record.key) is not None


def own_record(record: Record) -> Problem:
    """The row is an export of a record of the account that has no source key."""
    message = (
        "The row is about a record of this very account, which no load of ours has written: it "
        "would be there twice. To change it, load the file with --update-only."
    )
    return Problem("key", "own_record", message, record.key)


def absent_from(record: Record, account: Account) -> Problem:
    """The account has no such record."""
    named = Reference.parse(record.key)
    if named is not None and (named.vendor, named.account) != (account.vendor, account.id):
        message = (
            f"The row is about a record of {named.vendor} account {named.account}, and this is "
            f"{account.vendor} account {account.id}. Load the file without --update-only, or match "
            "by key (--match key)."
        )
        return Problem("record", "other_account", message, record.key)
    message = (
        f"The account has no {record.type} that it names. Nothing is created with --update-only: "
        "the record was deleted, or was never there."
    )
    return Problem("key", "not_in_account", message, record.key)


def moved_since(record: Record, field: str, context: str, there: str) -> Problem:
    """The record differs in what its row takes for granted: its field would mean another thing."""
    given = record.values.get(context)
    says = f'the row says "{given}"' if given else "the row does not say so"
    message = (
        f'The {context} of the record is "{there}", and {says}, so its {field} cannot be changed '
        f"by itself. Export it again, or write both: --only {context},{field}."
    )
    return Problem(context, f"other_{context}", message, given or "")


def changed_twice(record: Record) -> Problem:
    """Another row of the file changes the same record."""
    message = "Another row of the file names the same record. Leave one of them in the file."
    return Problem("record", "duplicate_record", message, record.key)
