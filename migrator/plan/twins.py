"""Deals that are in the account without a key of ours, and look like a row of the file.

They were typed in by people, or loaded by other tools. Unless a rule says what makes two deals one,
nobody looks for them: it takes reading all deals of the account, once, page by page.
"""

from __future__ import annotations

import contextlib
import unicodedata
from dataclasses import replace
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from migrator.journal import Snapshot
from migrator.model import FIELDS, Held, ObjectType, Problem
from migrator.plan.rows import ignored_of
from migrator.template import Likeness, Survivor
from migrator.vendors.base import records
from migrator.vendors.outlook import zone_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Iterator, Mapping, Sequence

    from migrator.model import Account, Record
    from migrator.plan.holdings import Holdings
    from migrator.plan.intent import Intent, Plan
    from migrator.plan.rows import Row
    from migrator.template import Existing
    from migrator.vendors.base import Vendor

_TOLD = 5
"""So many of them are named."""


class Twins:
    """The account's deals without a key of ours, by what makes two deals one.

    It is what the account holds of the rows, besides: a deal that a row has been made one with is
    asked about like any other.
    """

    def __init__(
        self,
        vendor: Vendor,
        account: Account,
        intent: Intent,
        rule: Existing,
        there: Holdings,
        plan: Plan,
    ) -> None:
        self._vendor = vendor
        self._account = account
        self._type = intent.type
        self._rule = rule
        self._there = there
        self._plan = plan
        self._likeness = _Likeness(vendor, account, rule)
        self._snapshot: Snapshot | None = None
        self._exit = contextlib.ExitStack()
        self._adopted: set[str] = set()

    def close(self) -> None:
        """Forget what was read."""
        self._exit.close()

    # -- as the account's holdings -------------------------------------------------------------

    async def held(
        self, keys: Collection[str], properties: Collection[str]
    ) -> dict[str, list[Held]]:
        """The records that hold these keys."""
        return await self._there.held(keys, properties)

    async def linked(self, ids: Collection[str], to: ObjectType) -> dict[str, frozenset[str]]:
        """Ids of the ``to`` records that are linked to each of these records."""
        ours = [id_ for id_ in ids if id_ not in self._adopted]
        found = await self._there.linked(ours, to)
        adopted = [id_ for id_ in ids if id_ in self._adopted]
        if adopted and self._snapshot:
            found = {**found, **self._snapshot.linked(adopted, to)}
        return found

    # -- rows beside them ----------------------------------------------------------------------

    async def adopt(
        self, rows: Sequence[Row], held: Mapping[str, Sequence[Held]]
    ) -> tuple[dict[str, Sequence[Held]], list[Row], list[Row]]:
        """What the account holds of some rows, those that go on, and those that cannot.

        Args:
            rows: to look for.
            held: the account's records by key.
        """
        alike = await self._alike([record for record, _ in rows if record.key not in held])
        holding = dict(held)
        fine: list[Row] = []
        unfit: list[Row] = []
        for record, encoded in rows:
            found = alike.get(record.key, ())
            problem = self._decided(record, found) if found else None
            if problem is not None:
                unfit.append((record, replace(encoded, problems=(problem,))))
                continue
            fine.append((record, encoded))
            if found and self._rule.then is Survivor.UPDATE:
                self._adopted.add(found[0].id)
                holding[record.key] = [replace(found[0], key=None)]
        wanted = {name for _, encoded in fine for name in encoded.properties}
        return await self._complete(holding, wanted), fine, unfit

    def _decided(self, record: Record, found: Sequence[Held]) -> Problem | None:
        """What the rule makes of a row with these twins; a problem = it is turned down."""
        then, plan = self._rule.then, self._plan
        ids = ", ".join(sorted(one.id for one in found))
        if len(plan.twins) < _TOLD:
            plan.twins.append((record.key, ids))
        if then is Survivor.SKIP:
            message = (
                f"The deal is in the account already, without a key of ours (record {ids}); it was "
                "left as it is, as the rule about existing deals says."
            )
            return self._unfit(record, "already_there", message)
        if then is Survivor.UPDATE and len(found) > 1:
            message = (
                f"{len(found)} deals of the account look like this one (records {ids}), so it is "
                "not known which to update. Delete or rename the others, or match by more."
            )
            return self._unfit(record, "several_alike", message)
        if then is Survivor.UPDATE and found[0].id in self._adopted:
            message = (
                f"Another row of the file looks like the same deal of the account (record {ids}). "
                "Leave one of them in the file, or match by more."
            )
            return self._unfit(record, "several_alike", message)
        plan.alike[then.value] += 1
        return None

    def _unfit(self, record: Record, code: str, message: str) -> Problem:
        self._plan.alike[code] += 1
        return Problem("name", code, message, record.values.get("name", ""))

    async def _complete(
        self, holding: dict[str, Sequence[Held]], wanted: Collection[str]
    ) -> dict[str, Sequence[Held]]:
        """Adopted records with all that is to be compared."""
        if self._vendor.capabilities.reads_all:
            return holding
        adopted = {key: one[0].id for key, one in holding.items() if one and one[0].key is None}
        if not adopted:
            return holding
        found = await self._vendor.read(self._type, set(adopted.values()), wanted)
        for key, id_ in adopted.items():
            there = found.get(id_)
            if there is None:  # deleted a moment ago
                del holding[key]
            else:
                holding[key] = [replace(there, key=None)]
        return holding

    async def _alike(self, some: Sequence[Record]) -> dict[str, list[Held]]:
        """The twins of some records, by their keys."""
        keys = {record.key: self._likeness.of(record.values) for record in some}
        wanted = {text for text in keys.values() if text}
        if not wanted:
            return {}
        named = (await self._read()).all_held(wanted)
        close = {
            record.key: [
                one
                for one in named.get(keys[record.key] or "", ())
                if self._likeness.same_currency(record, one)
            ]
            for record in some
        }
        return await self._of_company(some, {key: of for key, of in close.items() if of})

    async def _of_company(
        self, some: Sequence[Record], close: dict[str, list[Held]]
    ) -> dict[str, list[Held]]:
        """Those of the same company, where that is asked for."""
        if Likeness.COMPANY not in self._rule.match or not close:
            return close
        of = {r.key: r.links.get(ObjectType.COMPANIES, ()) for r in some if r.key in close}
        names = {name for each in of.values() for name in each}
        ids = await self._vendor.resolve(ObjectType.COMPANIES, names) if names else {}
        found = {}
        for key, candidates in close.items():
            ours = {id_ for name in of[key] for id_ in ids.get(name, ())}
            same = [
                one for one in candidates if ours & set(one.links.get(ObjectType.COMPANIES, ()))
            ]
            if same:
                found[key] = same
        return found

    async def _read(self) -> Snapshot:
        """All deals without a key, read at the first question."""
        if self._snapshot is None:
            names = () if self._vendor.capabilities.reads_all else self._likeness.properties()
            snapshot = self._exit.enter_context(contextlib.closing(Snapshot(self._type)))
            pages = self._vendor.pages(self._type, names)
            self._snapshot = await snapshot.fill(self._unkeyed(records(pages)))
        return self._snapshot

    async def _unkeyed(self, found: AsyncIterator[Held]) -> AsyncIterator[Held]:
        """Records without a key, under the text that they are alike by."""
        async for held in found:
            self._plan.compared += 1
            text = self._likeness.of(self._vendor.decode(held, self._account))
            if held.key is None and text is not None:
                yield replace(held, key=text)


class _Likeness:
    """What makes two deals one, as a text that is the same for both."""

    def __init__(self, vendor: Vendor, account: Account, rule: Existing) -> None:
        self._vendor = vendor
        self._account = account
        self._match = rule.match
        self._zone = zone_of(account)
        ignored = ignored_of(vendor.capabilities, ObjectType.DEALS)
        self._by_currency = Likeness.AMOUNT in rule.match and "currency" not in ignored

    def of(self, values: Mapping[str, str]) -> str | None:
        """The text of a deal in canonical fields; None where it lacks one of them."""
        parts = [folded_name(values.get("name", ""))]
        if Likeness.AMOUNT in self._match:
            parts.append(_amount(values.get("amount", "")))
        if Likeness.CLOSE_DATE in self._match:
            parts.append(self._day(values.get("close_date", "")))
        return "\n".join(parts) if all(parts) else None

    def same_currency(self, record: Record, held: Held) -> bool:
        """Whether amounts are in one currency; a deal that names none is in the account's."""
        if not self._by_currency:
            return True
        theirs = self._vendor.decode(held, self._account).get("currency")
        codes = {
            (code or self._account.currency or "").upper()
            for code in (record.values.get("currency"), theirs)
        }
        return len(codes) == 1

    def properties(self) -> tuple[str, ...]:
        """The vendor's properties that say anything of it: one by one, what does each decode to?"""
        wanted = {name for name in FIELDS[ObjectType.DEALS] if name in _SAYING}
        return tuple(
            name
            for name in self._vendor.exported(ObjectType.DEALS, self._account)
            if wanted
            & self._vendor.decode(
                Held(ObjectType.DEALS, "", None, {name: "1"}), self._account
            ).keys()
        )

    def _day(self, text: str) -> str:
        """The day of a date or an instant, as people of the account see it."""
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            return ""
        if moment.tzinfo is not None and self._zone is not None:
            moment = moment.astimezone(self._zone)
        return moment.date().isoformat()


_SAYING = frozenset({"name", "amount", "currency", "close_date"})


def folded_name(text: str) -> str:
    """A name whatever its letter case, spelling of letters, spaces and punctuation.

    >>> folded_name("  ACME - renewal (2026)"), folded_name("Acme: Renewal 2026")
    ('acme renewal 2026', 'acme renewal 2026')
    """
    plain = unicodedata.normalize("NFKC", text).casefold()
    return " ".join("".join(c if c.isalnum() else " " for c in plain).split())


def _amount(text: str) -> str:
    try:
        found = Decimal(text)
    except InvalidOperation:
        return ""
    return format(found.normalize(), "f") if found.is_finite() else ""


@contextlib.contextmanager
def with_twins(
    vendor: Vendor, account: Account, intent: Intent, there: Holdings, plan: Plan
) -> Iterator[Twins | None]:
    """The deals without a key of ours, where a plan is to look at them."""
    if intent.existing is None:
        yield None
        return
    with contextlib.closing(Twins(vendor, account, intent, intent.existing, there, plan)) as twins:
        yield twins
