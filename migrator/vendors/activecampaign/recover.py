"""What became of deals that were sent and have no answer.

There is no idempotency key and no search by a custom field. So we look at the deals that can be
it: those of the op's contact, or all that are new enough, and compare the source key in their
custom field.

ActiveCampaign may work on after we gave up waiting, and nothing that can be read tells whether it
still does: a deal that is not there now may be there a second later. So we look several times, for
as long as the option ``lost_answer_seconds`` says, before we call a deal missing.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from migrator.model import KEY_FIELD, Action, OpState, Outcome
from migrator.vendors.activecampaign.answers import Refusal
from migrator.vendors.activecampaign.candidates import newest, of_contacts
from migrator.vendors.activecampaign.catalogue import DEAL_FIELDS
from migrator.vendors.activecampaign.content import currency_wanted, read_content
from migrator.vendors.activecampaign.http import PAGE
from migrator.vendors.activecampaign.lookalike import Looks, too_many
from migrator.vendors.activecampaign.read import fill, texts
from migrator.vendors.activecampaign.scratch import Scratch
from migrator.vendors.activecampaign.write import incomplete, repair
from migrator.vendors.shared.problems import BadValue
from migrator.vendors.shared.unknown import unknown

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from migrator.model import Op, Sent
    from migrator.vendors.activecampaign.options import ActiveCampaignOptions
    from migrator.vendors.activecampaign.tenant import Tenant
    from migrator.vendors.activecampaign.things import Deal
    from migrator.wire import Clock

MARGIN = timedelta(days=1)
"""How far our clock may be from ActiveCampaign's beyond what its answers tell."""

ADOPTED = "adopted"
"""Code of an outcome: a deal was taken for a row's because it looks just like it."""

_LOOKS = (2.0, 5.0, 15.0)
"""How the time is spent: so much of it before each look."""

_FEW = 10
"""So many ops are looked for with their contacts, so many look-alikes are read one by one."""

_Custom = dict[str, str | None]


def waits(options: ActiveCampaignOptions) -> list[float]:
    """Seconds to wait before each look; one look when there is no time for more."""
    seconds = options.lost_answer_seconds
    return [seconds * part / sum(_LOOKS) for part in _LOOKS] if seconds else [0.0]


async def recover(tenant: Tenant, clock: Clock, sent: Sequence[Sent]) -> list[Outcome]:
    """Outcomes of creates that landed; one that surely did not has none, and is sent again.

    Updates and deletes have none either: doing them twice does no harm. An outcome whose state is
    SENT is for a person: more deals without a key look like the row than there are such rows, or
    the row was sent without one.
    """
    creates = {one.op.key: one for one in sent if one.op.action is Action.CREATE}
    if not creates:
        return []
    search = _Search(tenant, _since(tenant, clock, creates.values()))
    outcomes: list[Outcome] = []
    times = waits(tenant.options)
    for number, wait in enumerate(times, 1):
        await clock.sleep(wait)
        last = number == len(times)
        keyed = [one for one in creates.values() if KEY_FIELD in one.op.properties]
        found = await search.look(keyed, last=last) if keyed else []
        if last and (lost := [one for one in creates.values() if one not in keyed]):
            found += await search.by_title(lost)
        outcomes += found
        for outcome in found:
            del creates[outcome.key]
        if not creates:
            break
    return outcomes


def _since(tenant: Tenant, clock: Clock, creates: Iterable[Sent]) -> datetime:
    """No deal that was created before can be one of these, by ActiveCampaign's clock.

    Its last answer tells how far our clock is ahead, at most: what time has passed since then
    counts too, which only makes us look further back.
    """
    there = tenant.calls.told_at
    ahead = clock.now() - there if there else timedelta(0)
    return min(one.at for one in creates) - max(ahead, timedelta(0)) - MARGIN


class _Search:
    """Looks at an account several times; what has a key is read once.

    Args:
        tenant: the account.
        since: no deal that is older can be it.
    """

    def __init__(self, tenant: Tenant, since: datetime) -> None:
        self._tenant = tenant
        self._since = since
        self._deals: dict[str, Deal] = {}
        self._keyed: dict[str, str] = {}

    async def look(self, sent: Sequence[Sent], *, last: bool) -> list[Outcome]:
        """Outcomes of the ops that can be found now; of those nobody can tell, at the last look.

        Those that look like an op are read first: when each op is found, the rest is left unread.
        """
        ops = [one.op for one in sent]
        candidates = await self._candidates(ops)
        unread = [deal for deal in candidates if deal.id not in self._keyed]
        looks = await Looks().add(self._tenant, ops) if unread else Looks()
        alike = [deal for deal in unread if looks.any_fits(deal)]
        wanted = {op.key: op for op in ops}
        outcomes: list[Outcome] = []
        if len(alike) <= len(ops) + _FEW:
            outcomes += await self._with_keys(alike, wanted)
            first = {deal.id for deal in alike}
            unread = [deal for deal in unread if deal.id not in first]
        outcomes += await self._with_keys(unread, wanted)
        if wanted:
            left = [one for one in sent if one.op.key in wanted]
            outcomes += await self._without_keys(candidates, left, last=last)
        return outcomes

    async def by_title(self, sent: Sequence[Sent]) -> list[Outcome]:
        """Outcomes of ops without a key: a new deal of the title may be theirs, or another's."""
        there: dict[str, list[str]] = {}
        for deal in await self._candidates([one.op for one in sent]):
            there.setdefault((deal.title or "").strip(), []).append(deal.id)
        titles = [one.op.properties.get("title", "").strip() for one in sent]
        return [
            unknown(one, "ActiveCampaign", title, there[title])
            for one, title in zip(sent, titles, strict=True)
            if title in there
        ]

    async def _candidates(self, ops: Sequence[Op]) -> list[Deal]:
        """Deals that are new enough, by age; those of the ops' contacts where that tells all."""
        found = await of_contacts(self._tenant, ops) if len(ops) <= _FEW else None
        if found is None:
            found = await newest(self._tenant, self._since, self._keyed)
        self._deals |= found
        return sorted(
            (
                deal
                for deal in self._deals.values()
                if not deal.disabled and (deal.created is None or deal.created >= self._since)
            ),
            key=lambda deal: (int(deal.id) if deal.id.isdigit() else 0, deal.id),
        )

    async def _with_keys(self, deals: Sequence[Deal], wanted: dict[str, Op]) -> list[Outcome]:
        """Outcomes of the ops whose key one of these deals has; they are wanted no longer.

        The oldest deal comes first, should two have one key.
        """
        outcomes: list[Outcome] = []
        if not wanted or not deals or await self._tenant.key() is None:
            return outcomes
        all_there = await self._all_there(deals)
        for deal in deals:
            if not wanted:
                break
            there = all_there[deal.id] if all_there else await self._read(deal.id)
            key = there.get(KEY_FIELD)
            if key is None:
                continue
            self._keyed[deal.id] = key
            if key in wanted:
                outcomes.append(await self._landed(wanted.pop(key), deal.id, there))
        return outcomes

    async def _read(self, deal: str) -> _Custom:
        fields = await self._tenant.fields()
        return texts(self._tenant, fields, await self._tenant.calls.fields.data_of(deal))

    async def _all_there(self, deals: Sequence[Deal]) -> dict[str, _Custom]:
        """Custom values of these deals, from the list of all; empty where one by one is less."""
        if len(deals) == 1:
            return {}
        page = await self._tenant.calls.fields.data_page()
        if page.total is None or -(-page.total // (PAGE - 1)) >= len(deals):
            return {}
        fields = await self._tenant.fields()
        scratch = Scratch()
        try:
            await fill(self._tenant, scratch)
            data = scratch.of_deals(deal.id for deal in deals)
        finally:
            scratch.close()
        return {deal.id: texts(self._tenant, fields, data.get(deal.id, [])) for deal in deals}

    # -- found -------------------------------------------------------------------------------------

    async def _landed(self, op: Op, deal: str, there: Mapping[str, str | None]) -> Outcome:
        """A deal that is there; custom values it lacks failed when it was created.

        Only blank ones are filled: what differs was changed by somebody meanwhile.
        """
        lacking = {
            name: value
            for name, value in op.properties.items()
            if value and name not in DEAL_FIELDS and not there.get(name)
        }
        if not lacking:
            return Outcome(op.key, OpState.WRITTEN, deal)
        try:
            currency = await currency_wanted(self._tenant, op)
            content = await read_content(self._tenant, lacking, currency)
            return await repair(self._tenant, deal, op, content)
        except (BadValue, Refusal) as error:  # a field is gone, or the deal is
            return incomplete(op, deal, list(lacking), str(error))

    async def _without_keys(
        self, candidates: Sequence[Deal], sent: Sequence[Sent], *, last: bool
    ) -> list[Outcome]:
        """Deals without a key that look just like an op: created, and then its fields failed."""
        keyless = [deal for deal in candidates if deal.id not in self._keyed]
        if not keyless:
            return []
        looks = await Looks().add(self._tenant, [one.op for one in sent])
        matched = looks.matched(keyless)
        outcomes = []
        for op, deal in matched.pairs:
            self._keyed[deal.id] = op.key
            outcomes.append(_noted(await self._landed(op, deal.id, {}), deal))
        if last:  # before that, their keys may come in a moment
            name = await self._tenant.key_name()
            by_key = {one.op.key: one for one in sent}
            outcomes += [
                too_many(by_key[op.key], ops, deals, name)
                for ops, deals in matched.doubtful
                for op in ops
            ]
        return outcomes


def _noted(outcome: Outcome, deal: Deal) -> Outcome:
    """That a deal was taken for a row's is for the user to know: it may be another's by chance."""
    if outcome.code:
        return outcome
    message = (
        f"its answer was lost, and deal {deal.id}, which had no source key and looks just like it, "
        "was taken for it. Look whether that deal is from this file."
    )
    return Outcome(outcome.key, outcome.state, outcome.id, ADOPTED, message)
