"""What has to be joined while much is read: on disk, so that memory stays flat.

ActiveCampaign lists deals, values of custom fields and secondary contacts apart, each in an order
of its own. Values and contacts are put down here first; then deals pass by and pick theirs up.
"""

from __future__ import annotations

import json
import sqlite3
from datetime import datetime
from typing import TYPE_CHECKING

from migrator.vendors.activecampaign.things import Datum

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from migrator.vendors.activecampaign.people_things import Works
    from migrator.vendors.activecampaign.things import Secondary

_TABLES = """
CREATE TABLE data (
    datum INTEGER PRIMARY KEY, deal TEXT, field TEXT, value TEXT, currency TEXT, updated TEXT
);
CREATE INDEX data_deal ON data (deal);
CREATE INDEX data_value ON data (field, value);
CREATE TABLE contacts (
    deal TEXT, contact TEXT, role TEXT, PRIMARY KEY (deal, contact)
) WITHOUT ROWID;
CREATE TABLE works (contact TEXT, company TEXT, PRIMARY KEY (contact, company)) WITHOUT ROWID;
CREATE INDEX works_company ON works (company);
"""

_AT_ONCE = 500
"""Ids in one question; SQLite allows 999 parameters at least."""


class Scratch:
    """A private database that SQLite puts into a temporary file and deletes at the end."""

    def __init__(self) -> None:
        self._db = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._db.executescript(_TABLES)

    def close(self) -> None:
        """Delete everything."""
        self._db.close()

    def __del__(self) -> None:
        self._db.close()

    def put(self, data: Iterable[Datum]) -> None:
        """Put values down; one that comes twice stays once."""
        rows = [
            (
                int(one.id),
                one.deal,
                one.field,
                json.dumps(one.value),
                one.currency,
                one.updated.isoformat() if one.updated else None,
            )
            for one in data
            if one.id.isdigit()
        ]
        self._db.execute("BEGIN")
        self._db.executemany("INSERT OR REPLACE INTO data VALUES (?, ?, ?, ?, ?, ?)", rows)
        self._db.execute("COMMIT")

    def drop(self, deal: str) -> None:
        """Forget a deal: it is no longer known which values it has."""
        self._db.execute("DELETE FROM data WHERE deal = ?", (deal,))

    def put_contacts(self, secondary: Iterable[Secondary]) -> None:
        """Put secondary contacts down; one that comes twice has the role that it came with last."""
        rows = [(one.deal, one.contact, one.role) for one in secondary]
        self._db.executemany("INSERT OR REPLACE INTO contacts VALUES (?, ?, ?)", rows)

    def of_deals(self, deals: Iterable[str]) -> dict[str, list[Datum]]:
        """The values of these deals, by deal; of two for one field the newer comes last."""
        found: dict[str, list[Datum]] = {}
        for ids in _at_once(deals):
            marks = ",".join("?" * len(ids))
            query = f"SELECT * FROM data WHERE deal IN ({marks}) ORDER BY datum"  # noqa: S608  # marks only
            for datum, deal, field, value, currency, updated in self._db.execute(query, ids):
                moment = datetime.fromisoformat(updated) if updated else None
                one = Datum(str(datum), deal, field, json.loads(value), currency, moment)
                found.setdefault(deal, []).append(one)
        return found

    def has(self, deal: str) -> bool:
        """Whether any value of this deal was put down."""
        found = self._db.execute("SELECT 1 FROM data WHERE deal = ? LIMIT 1", (deal,))
        return found.fetchone() is not None

    def has_any(self) -> bool:
        """Whether any value was put down."""
        return self._db.execute("SELECT 1 FROM data LIMIT 1").fetchone() is not None

    def has_roles(self) -> bool:
        """Whether any secondary contact has a role."""
        found = self._db.execute("SELECT 1 FROM contacts WHERE role IS NOT NULL LIMIT 1")
        return found.fetchone() is not None

    def put_works(self, works: Iterable[Works]) -> None:
        """Put down who belongs to which company."""
        rows = [(one.contact, one.company) for one in works]
        self._db.executemany("INSERT OR IGNORE INTO works VALUES (?, ?)", rows)

    def contacts_of(self, deals: Iterable[str]) -> dict[str, list[str]]:
        """Ids of the secondary contacts of these deals, by deal."""
        return self._pairs("SELECT deal, contact FROM contacts WHERE deal", deals)

    def roles_of(self, deals: Iterable[str]) -> dict[str, dict[str, str]]:
        """Ids of roles of secondary contacts, by deal and contact; of those that have one."""
        found: dict[str, dict[str, str]] = {}
        for ids in _at_once(deals):
            marks = ",".join("?" * len(ids))
            query = (
                f"SELECT deal, contact, role FROM contacts WHERE deal IN ({marks}) "  # noqa: S608  # marks only
                "AND role IS NOT NULL"
            )
            for deal, contact, role in self._db.execute(query, ids):
                found.setdefault(deal, {})[contact] = role
        return found

    def companies_of(self, contacts: Iterable[str]) -> dict[str, list[str]]:
        """Ids of the companies of these contacts, by contact."""
        return self._pairs("SELECT contact, company FROM works WHERE contact", contacts)

    def contacts_of_companies(self, companies: Iterable[str]) -> dict[str, list[str]]:
        """Ids of the contacts of these companies, by company."""
        return self._pairs("SELECT company, contact FROM works WHERE company", companies)

    def _pairs(self, query: str, wanted: Iterable[str]) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for ids in _at_once(wanted):
            marks = ",".join("?" * len(ids))
            for one, other in self._db.execute(f"{query} IN ({marks})", ids):
                found.setdefault(one, []).append(other)
        return found

    def holders(self, field: str, values: Iterable[str]) -> dict[str, list[str]]:
        """Deals whose field has one of these texts, by text, in the order they were given it."""
        texts = {json.dumps(value): value for value in values}
        found: dict[str, list[str]] = {}
        for some in _at_once(texts):
            marks = ",".join("?" * len(some))
            query = (
                f"SELECT value, deal FROM data WHERE field = ? AND value IN ({marks}) "  # noqa: S608  # marks only
                "ORDER BY datum"
            )
            for value, deal in self._db.execute(query, (field, *some)):
                found.setdefault(texts[value], []).append(deal)
        return found


def _at_once(ids: Iterable[str]) -> Iterable[Sequence[str]]:
    wanted = list(ids)
    for start in range(0, len(wanted), _AT_ONCE):
        yield wanted[start : start + _AT_ONCE]
