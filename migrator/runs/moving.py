"""Move deals from one account to another: an export into the run's folder, then the ordinary road.

The export and the template that is made for it are files, so that everything after it can be looked
at, changed, rehearsed and resumed as with any other source.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from migrator.export import statuses
from migrator.export.content import moments
from migrator.journal import RunState
from migrator.model import CUSTOM_PREFIX, ObjectType
from migrator.runs.exporting import EXPORT, Wanted, export, exported_by, go_on
from migrator.runs.inputs import Request
from migrator.template import distinct_places, fitting, moving_template, with_closing_stages
from migrator.vendors.registry import product

if TYPE_CHECKING:
    from collections.abc import Mapping

    from migrator.journal import Run
    from migrator.model import Account, FieldInfo
    from migrator.runs.exporting import Exported
    from migrator.runs.target import Session
    from migrator.runs.workspace import Workspace

_FILE, _TEMPLATE = "deals.parquet", "move.yaml"
_STAYS = "Attachments, e-mails, calls, meetings and the history of changes stay in the old account."

_NAMES_ONLY = (
    "Contacts come with their e-mail addresses alone and companies with their names: their other "
    "fields, and those that no deal names, stay as well."
)


@dataclass(frozen=True)
class Onward:
    """Where an export is to go when it is complete.

    Attributes:
        vendor: the CRM that it is loaded into.
        options: what the user sets about that.
        plain: whether nothing else was asked for, so that a resume may go on to the load by itself.
        yes: whether it is written without a question.
    """

    vendor: str
    options: Mapping[str, str]
    yes: bool = False
    plain: bool = True

    def data(self) -> dict[str, Any]:
        """The same as plain data."""
        return {**asdict(self), "options": dict(self.options)}


def onward_of(run: Run) -> Onward | None:
    """Where an export is to go; None for one that is wanted for its own sake."""
    given = run.settings[EXPORT].get("onward")
    return Onward(**given) if given else None


async def fetch(workspace: Workspace, session: Session, onward: Onward) -> Request:
    """Export the deals of an account, and make the template to load them by.

    Raises:
        See :func:`migrator.runs.exporting.export`.
    """
    wanted = Wanted(ObjectType.DEALS, Path(_FILE), onward=onward.data())
    return await _request(workspace, session, await export(workspace, session, wanted), onward)


async def go_on_fetching(
    workspace: Workspace, run: Run, session: Session, onward: Onward
) -> Request:
    """Go on with the export of a move that was stopped.

    Raises:
        See :func:`migrator.runs.exporting.export`.
    """
    done = run.state is RunState.FINISHED
    result = exported_by(run) if done else await go_on(workspace, run, session)
    return await _request(workspace, session, result, onward)


def _filled(account: Account, result: Exported) -> list[FieldInfo]:
    """The account's own fields that anything is in, with kinds that hold what is in them.

    Some accounts have one kind for days and for moments.
    """
    infos = account.fields.get(result.type, {})
    named = [column.removeprefix(CUSTOM_PREFIX) for column in result.custom]
    found = [infos[name] for name in named if name in infos]
    days = [CUSTOM_PREFIX + info.name for info in found if info.kind == "date"]
    timed = moments(Path(result.to), days)
    return [
        replace(info, kind="datetime") if CUSTOM_PREFIX + info.name in timed else info
        for info in found
    ]


async def _request(
    workspace: Workspace, session: Session, result: Exported, onward: Onward
) -> Request:
    account = await session.account(result.types)
    limits = product(onward.vendor).limits
    fields = _filled(account, result)
    names = fitting((info.name for info in fields), limits.longest, plain=limits.plain)
    pipelines = with_closing_stages(account.pipelines, statuses(Path(result.to)))
    places = distinct_places(pipelines)
    template = workspace.folder(result.run) / _TEMPLATE
    # One that a person has edited meanwhile stays as it is.
    if not template.exists():
        text = moving_template(places, fields, names, limits.bars)
        template.write_text(text, encoding="utf-8")
    stays = [_STAYS, _NAMES_ONLY, *places.remarks]
    stays += [f"The field {old} is called {new} over there" for old, new in names.items()]
    stays += [
        f"{count:,} {type} of deals have no name there: the deals come without them"
        for type, count in result.nameless.items()
    ]
    for type in (ObjectType.NOTES, ObjectType.TASKS):
        count = await session.vendor.count(type)
        if count:
            stays.append(
                f"{count:,} {type} stay as well: migrator export {account.vendor} {type} --to FILE"
            )
    return Request(str(template), (result.to,), stays=tuple(stays))
