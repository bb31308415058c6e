"""Housekeeping that a person asks for by name: ``migrator vendors do activecampaign CHORE``.

Those that change the account are in :mod:`.admin`; those that look are here.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeVar

from migrator.errors import InputError
from migrator.vendors.activecampaign import activity, admin
from migrator.vendors.activecampaign.answers import Refusal
from migrator.vendors.activecampaign.http import every, read_rows
from migrator.vendors.activecampaign.naming import Choice, one_of
from migrator.vendors.activecampaign.things import read_deal
from migrator.vendors.product import Chore, chore_of
from migrator.vendors.shared.names import folded

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from migrator.vendors.activecampaign.people_things import User
    from migrator.vendors.activecampaign.task_things import Activity
    from migrator.vendors.activecampaign.tenant import Tenant
    from migrator.vendors.activecampaign.things import Deal

_T = TypeVar("_T")
_UNKNOWN = datetime.min.replace(tzinfo=UTC)

_Work = Callable[..., Awaitable[str]]
"""Takes the account and the chore's arguments; answers what was done or found."""


async def do(tenant: Tenant, chore: str, arguments: Sequence[str]) -> str:
    """Do a chore; see :class:`~migrator.vendors.base.DoesChores`."""
    chore_of(CHORES, chore, arguments)
    _, work = _ALL[chore]
    return await work(tenant, *(argument.strip() for argument in arguments))


# -- looking ---------------------------------------------------------------------------------------


async def history(tenant: Tenant, deal: str) -> str:
    """Who changed what of a deal and when, a line each, the oldest first.

    What ActiveCampaign calls the fields is shown as it stands there: it documents no list of them.
    """
    found = await _deal(tenant, deal)
    users = {user.id: user for user in await tenant.calls.people.users()}
    happened = [one async for one in activity.activities(tenant.calls, [found.id])]
    happened.sort(key=_moment)
    title = f'deal {found.id}, "{found.title or ""}"'
    if not happened:
        return f"ActiveCampaign has no history of {title}."
    return "\n".join([f"History of {title}:", *(_line(one, users) for one in happened)])


def _moment(one: Activity) -> tuple[datetime, int]:
    """When it happened; ids ascend."""
    return one.at or _UNKNOWN, int(one.id) if one.id.isdigit() else 0


def _line(one: Activity, users: Mapping[str, User]) -> str:
    """An entry of the history, such as ``2026-04-01 09:00:00 UTC  Ann Smith  update stage``."""
    when = f"{one.at:%Y-%m-%d %H:%M:%S} UTC" if one.at else "at an unknown time"
    user = users.get(one.user or "")
    who = (user.name or user.email) if user else f"user {one.user or 'unknown'}"
    what = " ".join(word for word in (one.action, one.type) if word) or "changed"
    before = f", before: {one.old}" if one.old else ""
    return f"{when}  {who}  {what}{before}"


async def _deal(tenant: Tenant, name: str) -> Deal:
    """A deal by its id, else by its title.

    ``filters[search]`` may be ignored, so that the titles are looked at again.
    """
    if name.isdigit():
        try:
            return await tenant.calls.deals.get(name)
        except Refusal as refusal:
            if not refusal.not_found:
                raise
    reader = tenant.calls.deals.reader(filters={"search": name, "search_field": "title"})
    found: list[Deal] = []
    async for page in every([reader], "deals"):
        deals = read_rows(read_deal, page.rows)
        found += [one for one in deals if folded(one.title or "") == folded(name)]
    if not found:
        raise InputError(
            f'There is no deal with the id or the title "{name}". A deal\'s id is the number in '
            "its address in ActiveCampaign."
        )
    return one_of("deal", name, [Choice(one, one.id, one.title or "") for one in found])


async def show_value(tenant: Tenant, value: str) -> str:
    """A value of a custom field by its own id, with the deal and the field it belongs to."""
    datum = await _there("value", value, tenant.calls.fields.datum(value))
    meta = await _there("field", datum.field, tenant.calls.fields.meta(datum.field))
    money = f" {datum.currency.upper()}" if datum.currency else ""
    changed = f", changed at {datum.updated:%Y-%m-%d %H:%M:%S} UTC" if datum.updated else ""
    return f'Deal {datum.deal}, field "{meta.label}": {datum.value}{money}{changed}.'


async def show_contact_of_deal(tenant: Tenant, link: str) -> str:
    """A further contact of a deal and its role, by the id of the link between the two."""
    found = await _there("contact of a deal", link, tenant.calls.deals.get_secondary(link))
    contact = await _there("contact", found.contact, tenant.calls.people.contact(found.contact))
    titles = {role.id: role.title for role in await tenant.calls.deals.roles()}
    role = f", with the role {titles.get(found.role, found.role)}" if found.role else ""
    who = f"{contact.email} " if contact.email else ""
    return f"Deal {found.deal} has contact {who}({contact.id}) besides its primary one{role}."


async def imports(tenant: Tenant) -> str:
    """How many contacts of imports, of whoever sent them, the account still has to work off."""
    waiting = await tenant.calls.people.imports_waiting()
    if not waiting:
        return "No import of contacts is under way."
    return f"Contacts of imports that ActiveCampaign still works off: {waiting:,}."


async def _there(what: str, id: str, read: Awaitable[_T]) -> _T:
    try:
        return await read
    except Refusal as refusal:
        if not refusal.not_found:
            raise
        raise InputError(f"The account has no {what} with the id {id}.") from refusal


# -- all of them -----------------------------------------------------------------------------------

_ALL: Mapping[str, tuple[Chore, _Work]] = {
    "rename-pipeline": (
        Chore("Give a pipeline another title.", ("PIPELINE", "TITLE")),
        admin.rename_pipeline,
    ),
    "delete-pipeline": (
        Chore("Delete a pipeline that has no deals, with its stages.", ("PIPELINE",)),
        admin.delete_pipeline,
    ),
    "rename-stage": (
        Chore("Give a stage another title.", ("PIPELINE", "STAGE", "TITLE")),
        admin.rename_stage,
    ),
    "delete-stage": (
        Chore("Delete a stage that has no deals.", ("PIPELINE", "STAGE")),
        admin.delete_stage,
    ),
    "order-stages": (
        Chore(
            "Put stages into this order; those not named come behind, as they were.",
            ("PIPELINE", "STAGE..."),
        ),
        admin.order_stages,
    ),
    "delete-field": (
        Chore("Delete a custom field of deals in which no deal has a value.", ("FIELD",)),
        admin.delete_field,
    ),
    "create-role": (
        Chore("Create a role for contacts of deals, unless it is there.", ("TITLE",)),
        admin.create_role,
    ),
    "delete-role": (
        Chore("Delete a role that no contact of a deal has.", ("ROLE",)),
        admin.delete_role,
    ),
    "create-task-type": (
        Chore("Create a task type, or put one of that title into use again.", ("TITLE",)),
        admin.create_task_type,
    ),
    "retire-task-type": (
        Chore("Put a task type out of use; ActiveCampaign lets nobody delete one.", ("TASK_TYPE",)),
        admin.retire_task_type,
    ),
    "history": (
        Chore("List who changed what of a deal, and when.", ("DEAL",), writes=False),
        history,
    ),
    "show-value": (
        Chore("Show a value of a custom field by its own id.", ("ID",), writes=False),
        show_value,
    ),
    "show-contact-of-deal": (
        Chore("Show a link of a deal to a further contact by its id.", ("ID",), writes=False),
        show_contact_of_deal,
    ),
    "imports": (
        Chore("Say how many contacts of imports are still worked off.", writes=False),
        imports,
    ),
}

CHORES: Mapping[str, Chore] = {name: chore for name, (chore, _) in _ALL.items()}
"""All chores by name; pipelines, stages, fields, roles, task types and deals by title or id."""
