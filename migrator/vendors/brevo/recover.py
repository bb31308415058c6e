"""What became of ops that were sent and have no answer, as a fresh process can find it out.

==========================  =======================================================================
what was sent               how it is found out
==========================  =======================================================================
create, import noted        wait for the import, read back: outcomes as ``write`` gives them
create, upload noted        by the table in :mod:`migrator.vendors.brevo.jobs`: nothing is sent
                            again before it is sure that the file was not taken
create, nothing noted,      few: singly. Read back, once more after the lists' lag; one that is not
                            there was not created. Many: as an upload
create without a key        by its name: where there is a new record of it, a person has to look;
                            where there is none after the lag, it was not created
update, import noted        wait for the import, read back
update otherwise, delete    nothing: to send it again changes nothing
contact, import noted       wait for it, look the addresses up
contact otherwise           look the addresses up, once more after the lag; one that is not there
                            is sent again, which cannot double it: Brevo keeps addresses unique
note or task, created       by how it looks: see ``activity_recover``
any behind a full file      nothing: the note tells how far the file went, and they were not sent
==========================  =======================================================================

That a file is about to leave is noted before it leaves. So "nothing noted" means that none left,
unless the notes are not kept: therefore many such creates are treated as a file all the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrator.errors import InputError, OutcomeUnknown
from migrator.model import Action, ObjectType, OpState, Outcome
from migrator.vendors.brevo import activity_recover, changes, contacts, imports, singly
from migrator.vendors.brevo.answers import nested, text
from migrator.vendors.brevo.jobs import Job, Watch
from migrator.vendors.brevo.pages import Order, by_key, walk
from migrator.vendors.brevo.schema import ACTIVITIES
from migrator.vendors.shared.names import folded
from migrator.vendors.shared.unknown import NO_KEY, unknown

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from migrator.model import Op, Sent
    from migrator.vendors.brevo.answers import Json
    from migrator.vendors.brevo.session import Session


async def recover(session: Session, type: ObjectType, sent: Sequence[Sent]) -> list[Outcome]:
    """Outcomes by the table above; an op without one was surely not carried out."""
    groups: dict[tuple[Action, str | None], list[Sent]] = {}
    for one in sent:
        groups.setdefault((one.op.action, one.job), []).append(one)
    outcomes: list[Outcome] = []
    try:
        if type in ACTIVITIES:
            return await activity_recover.recover(session, type, sent)
        # Files first: they must have been worked off before anything else is sent.
        for (action, job), noted in sorted(groups.items(), key=lambda item: item[0][1] is None):
            update = action is Action.UPDATE
            group = [
                one
                for one in noted
                if Job.parse(job).holds(one.op, changes.label(one.op) if update else None)
            ]
            if not group:
                continue
            if action is Action.CREATE:
                outcomes += await _created(session, type, job, group)
            elif update and Job.parse(job).accepted:
                watch = Watch(session, type, Job.parse(job), session.clock.monotonic())
                outcomes += await changes.settle(watch, [one.op for one in group])
    except InputError as error:  # Brevo refuses what we would have to read
        raise OutcomeUnknown(
            f"What became of {len(sent)} {type} cannot be found out. {error}"
        ) from error
    return outcomes


async def _created(
    session: Session, type: ObjectType, noted: str | None, group: Sequence[Sent]
) -> list[Outcome]:
    if type is ObjectType.CONTACTS:
        return await _contacts(session, noted, [one.op for one in group])
    lost = [one for one in group if singly.keyless(one.op)]
    outcomes = await _by_name(session, type, lost) if lost else []
    if len(lost) < len(group):
        keyed = [one for one in group if one not in lost]
        outcomes += await _by_key(session, type, noted, keyed)
    return outcomes


async def _by_key(
    session: Session, type: ObjectType, noted: str | None, group: Sequence[Sent]
) -> list[Outcome]:
    """What became of creates with a key."""
    ops = [one.op for one in group]
    job = Job.parse(noted)
    since = imports.made_since(job, min(one.at for one in group))
    if noted is None and len(ops) < session.options.import_from:
        try:
            if (await session.schema(type)).key is None:
                return await _by_name(session, type, group)
            return await _singly(session, type, ops, since)
        except InputError as error:
            return [_unknown(one, None, f"Brevo does not let us look ({error})") for one in group]
    if job.after is not None:
        session.shown.setdefault(type, job.after)
    began = session.clock.monotonic() - await _elapsed(session, job)
    return await imports.settle_creates(Watch(session, type, job, began), ops, since)


async def _elapsed(session: Session, job: Job) -> float:
    """Seconds since an upload, as far as the server's own clock proves them."""
    if job.uploaded is None or job.accepted:
        return 0.0
    await session.schema(ObjectType.DEALS)  # any answer tells the time over there
    now = session.calls.server_now()
    return max(0.0, (now - job.uploaded).total_seconds()) if now else 0.0


async def _singly(
    session: Session, type: ObjectType, ops: Sequence[Op], since: datetime
) -> list[Outcome]:
    found: dict[str, list[Json]] = {}
    for trial in range(2):
        missing = {op.key for op in ops} - found.keys()
        if missing and trial:
            await session.clock.sleep(session.options.list_lag)
        if missing:
            found.update(await by_key(session, type, missing, since))
    there = [op for op in ops if op.key in found]
    return await imports.compare(session, type, there, found)


async def _by_name(session: Session, type: ObjectType, group: Sequence[Sent]) -> list[Outcome]:
    """Creates that cannot be found by a key: a new record of the name may be theirs, or not."""
    since = imports.made_since(Job(), min(one.at for one in group))
    wanted = {folded(_name(one.op)) for one in group}
    there: dict[str, list[str]] = {}
    for trial in range(2):
        if trial:
            await session.clock.sleep(session.options.list_lag)
        async for leaf in walk(session, type, Order(newest=True), since):
            for item in leaf.items:
                name = folded(text(nested(item, "attributes").get(singly.NAME[type])) or "")
                ids = there.setdefault(name, []) if name in wanted else []
                if (id_ := str(item["id"])) not in ids:
                    ids.append(id_)
        if wanted <= there.keys():
            break
    return [
        _unknown(one, there[name], NO_KEY)
        for one in group
        if (name := folded(_name(one.op))) in there
    ]


def _unknown(one: Sent, there: Sequence[str] | None, why: str) -> Outcome:
    return unknown(one, "Brevo", _name(one.op), there, why=why)


def _name(op: Op) -> str:
    return op.properties.get(singly.NAME[op.type], op.key)


async def _contacts(session: Session, noted: str | None, ops: Sequence[Op]) -> list[Outcome]:
    job = Job.parse(noted)
    if job.accepted:
        watch = Watch(session, ObjectType.CONTACTS, job, session.clock.monotonic())
        outcomes = await contacts.settle(watch, ops)
        # Of several bodies only the last is noted: what is missing may never have left.
        return [outcome for outcome in outcomes if outcome.state is OpState.WRITTEN]
    found = await contacts.lookup(session, [contacts.address(op) for op in ops])
    if len(found) < len(ops):
        await session.clock.sleep(session.options.list_lag)
        left = [contacts.address(op) for op in ops if contacts.address(op) not in found]
        found |= await contacts.lookup(session, left)
    return [
        Outcome(op.key, OpState.WRITTEN, str(found[contacts.address(op)]["id"]))
        for op in ops
        if contacts.address(op) in found
    ]
