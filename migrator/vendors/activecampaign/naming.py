"""What a person means by a title or an id."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from migrator.errors import InputError, did_you_mean
from migrator.vendors.shared.names import folded

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from migrator.vendors.activecampaign.tenant import Funnel, Tenant
    from migrator.vendors.activecampaign.things import FieldMeta, StageRow, Titled

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Choice(Generic[_T]):
    """Something that can be named.

    Attributes:
        item: what is meant.
        id: the account's.
        title: what people see; not always unique.
        name: another one that it goes by, in small letters, where it has one.
    """

    item: _T
    id: str
    title: str
    name: str = ""


def one_of(what: str, name: str, choices: Iterable[Choice[_T]]) -> _T:
    """The choice of that title in any letter case; else of that name or id.

    Args:
        what: what is looked for, for messages.
        name: as the user gave it.
        choices: all there are.

    Raises:
        InputError: there is none, or several have that title.
    """
    known = list(choices)
    wanted = folded(name)
    found = [one for one in known if folded(one.title) == wanted]
    found = found or [one for one in known if wanted in {one.name, one.id}]
    if len(found) == 1:
        return found[0].item
    if found:
        ids = ", ".join(one.id for one in found)
        raise InputError(
            f'There are {len(found)} {what}s called "{name}", with the ids {ids}. Name the id '
            "instead."
        )
    titles = [one.title for one in known]
    there = ", ".join(f'"{title}"' for title in titles) or "none"
    near = did_you_mean(name, titles)
    raise InputError(f'There is no {what} "{name}".{near} There are: {there}.')


async def pipeline(tenant: Tenant, name: str) -> Funnel:
    """A pipeline with its stages, read just now."""
    tenant.forget()
    funnels = await tenant.funnels()
    return one_of("pipeline", name, [Choice(one, one.group.id, one.group.title) for one in funnels])


def stage(funnel: Funnel, name: str) -> StageRow:
    """A stage of a pipeline."""
    return one_of("stage", name, [Choice(one, one.id, one.title) for one in funnel.stages])


def titled(what: str, rows: Sequence[Titled], name: str) -> Titled:
    """A role or a task type."""
    return one_of(what, name, [Choice(one, one.id, one.title) for one in rows])


async def field(tenant: Tenant, name: str) -> tuple[str, FieldMeta]:
    """A custom field of deals, read just now, and the name that templates call it by."""
    tenant.forget()
    fields = await tenant.fields()
    choices = [
        Choice((known, meta), meta.id, meta.label, known)
        for known in fields.infos()
        if (meta := fields.meta(known)) is not None
    ]
    return one_of("field", name, choices)
