"""What a plan would do, as far as a CRM must know it to say what will happen besides.

CRMs do more with a record than to keep it: they start workflows, choose an owner, note the day by
themselves. What of that concerns a plan, its vendor says; each sentence ends in the way out.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from migrator.model import Account, ObjectType


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a plan would do.

    Attributes:
        type: what is loaded.
        account: where.
        records: rows that passed the file's own checks.
        creates: records that would be created.
        updates: those that would be changed.
        parents: types of contacts or companies of which some would be created in passing.
        filled: canonical field to how many of the records have a value; without those that the
            plan does not write because nobody asked for it.
        closed: deals that are won or lost.
        undated: those of them without a close date.
        early: fields whose instants are the beginning of a day in the source's time zone and still
            the day before in the account's: of how many records.
        currencies: that the deals are in.
        kept: canonical field to the custom field that is filled from the same column.
    """

    type: ObjectType
    account: Account
    records: int
    creates: int = 0
    updates: int = 0
    parents: frozenset[ObjectType] = frozenset()
    filled: Mapping[str, int] = field(default_factory=dict)
    closed: int = 0
    undated: int = 0
    early: Mapping[str, int] = field(default_factory=dict)
    currencies: frozenset[str] = frozenset()
    kept: Mapping[str, str] = field(default_factory=dict)

    @property
    def writes(self) -> bool:
        """Whether there is anything to be surprised about."""
        return bool(self.creates or self.updates or self.parents)

    def lacks(self, name: str) -> int:
        """How many records have no value of a field."""
        return self.records - self.filled.get(name, 0)


def of(count: int, one: str, many: str | None = None) -> str:
    """A number of things in words.

    >>> of(1, "deal"), of(1200, "deal"), of(2, "company", "companies")
    ('1 deal', '1,200 deals', '2 companies')
    """
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def west_of_greenwich(account: Account) -> bool:
    """Whether midnight in UTC is the evening before for the people of an account.

    >>> from migrator.model import Account
    >>> west_of_greenwich(Account("v", "1", "n", (), (), {}, time_zone="America/New_York"))
    True
    >>> west_of_greenwich(Account("v", "1", "n", (), (), {}, time_zone="Europe/London"))
    False
    """
    zone = zone_of(account)
    if zone is None:
        return False
    moments = (datetime(2026, month, 1, tzinfo=UTC).astimezone(zone) for month in (1, 7))
    return any((moment.utcoffset() or UTC.utcoffset(None)).days < 0 for moment in moments)


def zone_of(account: Account) -> ZoneInfo | None:
    """The time zone of an account, if it says one that is known."""
    try:
        return ZoneInfo(account.time_zone) if account.time_zone else None
    except (KeyError, ValueError, OSError):
        return None


def creation_lost(outlook: Outlook, title: str) -> Iterator[str]:
    """The day of creation cannot be set; the field that keeps it instead, or how to get one."""
    count = outlook.filled.get("created_at", 0)
    if not (outlook.creates and count):
        return
    keeper = outlook.kept.get("created_at")
    way = (
        f"The day that the source names is kept in {keeper}."
        if keeper
        else "To keep the day that the source names, fill a custom field from the same column too "
        "(custom.created_in_source: {from: ...}) and have it made under `create: fields:`."
    )
    yield (
        f"{title} notes by itself when a record was created: {of(count, 'record')} will look as if "
        f"made on the day of the load. {way}"
    )


def early_days(outlook: Outlook, fields: Collection[str]) -> Iterator[str]:
    """Days of the source that people will see as the day before."""
    zone = outlook.account.time_zone
    for name in sorted(outlook.early.keys() & set(fields)):
        count = outlook.early[name]
        yield (
            f"{name} will be shown a day early in {of(count, 'record')}: the source has days, "
            "which begin at midnight of the template's time zone, and that is the evening before "
            f"in the account's ({zone}). With `timezone: {zone}` in the template they begin there."
        )
