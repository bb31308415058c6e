"""Make a plan of prepared inputs and keep it: ops in the journal, the rest in files."""

from __future__ import annotations

from dataclasses import asdict, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Self

from migrator.model import CUSTOM_PREFIX, OnConflict, Reference
from migrator.plan import (
    Intent,
    Plan,
    PlannedOp,
    ignored_of,
    is_of,
    large_shapes,
    make_plan,
)
from migrator.runs.books import PlanTable, write_turned_down
from migrator.runs.changes import CHANGES, Changes
from migrator.runs.limits import Limit
from migrator.runs.nightly import Missing, feed_of
from migrator.runs.strangers import from_elsewhere, remark
from migrator.runs.surprises import SURPRISES, foreseen
from migrator.runs.turned_down import PROBLEMS, TURNED_DOWN
from migrator.runs.twins import UNCOMPARED, ensure_none_alike, uncompared
from migrator.runs.twins import told as told_of_twins
from migrator.template import LINK_FIELDS, IfUnknown

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from migrator.journal import Run
    from migrator.model import Account, ObjectType, Record
    from migrator.runs.inputs import Inputs
    from migrator.runs.target import Session
    from migrator.runs.workspace import Workspace
    from migrator.template import Template
    from migrator.vendors.base import Vendor

SHAPES = "shapes"
"""Among a run's settings: shapes that many of its ops have; a vendor chooses its ways by them."""


async def store_plan(
    workspace: Workspace,
    run: Run,
    inputs: Inputs,
    session: Session,
    account: Account,
    *,
    nothing_held: bool = False,
) -> Plan:
    """Make a plan of prepared inputs: ops into the journal, rejects and plan into files."""
    workspace.progress.start("plan", inputs.prepared.records_count)
    tables = _Tables(inputs, session.vendor, account)
    mirror = run.settings.get("mirror")
    missing = Missing(workspace.journal, run, inputs, Limit(**mirror) if mirror else None)
    intent = replace(
        _intent(run, inputs),
        table=tables.add,
        known=session.known,
        nothing_held=nothing_held or _nothing_known(workspace, run),
        share=session.target.share,
        renamed=partial(_by_its_id, account=account) if run.settings["by_id"] else _as_it_is,
    )
    if inputs.request.narrow is None:
        intent = replace(intent, feed=feed_of(run), surplus=missing.surplus)
    with tables:
        plan = await make_plan(
            session.vendor, account, intent, workspace.journal, workspace.progress
        )
    workspace.progress.finish()
    ensure_none_alike(inputs, plan)
    unseen = await uncompared(workspace, session, run, inputs, plan)
    told = _told(inputs, session.vendor, account, plan)
    settings = {
        **run.settings,
        **told,
        "remarks": [*told["remarks"], *told_of_twins(plan, unseen)],
        UNCOMPARED: unseen,
        SHAPES: large_shapes(plan.shapes),
        SURPRISES: foreseen(session.target.product, account, inputs, plan),
        "files": tables.files | _turned_down(workspace, run, inputs) | missing.files,
        "changes": tables.examples,
    }
    settings["plan"]["missing"] = missing.found
    workspace.journal.update_run(
        run.id, account_fingerprint=run.account_fingerprint, settings=settings
    )
    return plan


def _turned_down(workspace: Workspace, run: Run, inputs: Inputs) -> dict[str, str]:
    """Write the list of rows that are rejected, where there are any."""
    (inputs.folder / TURNED_DOWN).unlink(missing_ok=True)
    rejects = inputs.folder / "rejects.csv"
    written = write_turned_down(workspace, run.id, inputs, rejects)
    return {"rejects": str(rejects)} if written else {}


class _Tables:
    """The files in which people read a plan.

    Attributes:
        files: their paths, by name.
    """

    def __init__(self, inputs: Inputs, vendor: Vendor, account: Account) -> None:
        self._plan = PlanTable(inputs.folder / "plan.parquet")
        self._changes: Changes | None = None
        self.files = {"plan": str(inputs.folder / "plan.parquet")}
        if inputs.request.narrow:
            only = inputs.request.narrow.only
            self._changes = Changes(inputs.folder / CHANGES, vendor, account, only)
            self.files["changes"] = str(inputs.folder / CHANGES)

    def add(self, planned: Sequence[PlannedOp]) -> None:
        """Write ops down."""
        self._plan.add(planned)
        if self._changes:
            self._changes.add(planned)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, type: object, *_: object) -> None:
        if self._changes:
            self._changes.close()
        if type is None:
            self._plan.close()

    @property
    def examples(self) -> list[tuple[str, str, str, str]]:
        """The first changes of fields."""
        return self._changes.examples if self._changes else []


def _told(inputs: Inputs, vendor: Vendor, account: Account, plan: Plan) -> dict[str, Any]:
    """What a run's settings say of its plan."""
    template = inputs.template
    reasons = inputs.reasons()
    return {
        "rejected": reasons.codes.total(),
        "rejected_codes": dict(reasons.codes.most_common()),
        "examples": reasons.examples,
        "plan": {
            "counts": dict(plan.counts),
            "cost": asdict(plan.cost),
            "remembered": plan.remembered,
            "strangers": plan.strangers,
        },
        "remarks": [
            *remark(plan),
            *_renamed(template.object, plan, account),
            *(_of_policies(template) if inputs.request.narrow else ()),
        ],
        "left_out": _left_out(vendor, template.object, plan),
        "altered": {
            name: f"{count:,} records say something else over there: {plan.examples[name]}"
            for name, count in plan.changed.items()
        },
        "origin": plan.origin,
        "kept": [
            name
            for name, spec in template.fields.items()
            if spec.on_conflict is not OnConflict.OVERWRITE
        ],
        "on_missing": {type: template.field(name).on_missing for name, type in LINK_FIELDS.items()},
    }


def _renamed(type: ObjectType, plan: Plan, account: Account) -> list[str]:
    """Fields that the CRM calls otherwise than the template; it chooses internal names itself."""
    infos = account.fields.get(type, {})
    return [
        f'{name} is in the field "{infos[own].label}" over there'
        for own, name in plan.origin.items()
        if name.startswith(CUSTOM_PREFIX) and own in infos and own != name[len(CUSTOM_PREFIX) :]
    ]


def _of_policies(template: Template) -> Iterable[str]:
    """Where changing records that are there does less than one might think."""
    links = [name for name in template.fields if name in LINK_FIELDS]
    if links:
        yield (
            f"Links to {' and '.join(links)} are added to those that a record has: none is taken "
            "away or replaced"
        )
    for name, spec in template.fields.items():
        if spec.on_conflict is OnConflict.FILL_BLANK:
            yield f"{name} is written only where it is blank (on_conflict: fill_blank)"
        elif spec.on_conflict is OnConflict.NEVER:
            yield f"{name} stays as it is (on_conflict: never)"


def _nothing_known(workspace: Workspace, run: Run) -> bool:
    """Whether no record of the account can be told to be ours: no key field, and no memory."""
    keyless = run.settings.get("keyless", False)
    return keyless and not workspace.journal.memory.count(feed_of(run))


def _left_out(vendor: Vendor, type: ObjectType, plan: Plan) -> dict[str, str]:
    """Canonical fields that the account cannot hold, each with how often and why."""
    reasons = ignored_of(vendor.capabilities, type)
    found = {
        name: f"{count:,} records have one. {reasons[name]}" for name, count in plan.ignored.items()
    }
    found |= {
        name: f"{count:,} records have one. The account has no such field"
        for name, count in plan.absent.items()
    }
    parents = [one.singular for one in vendor.capabilities.one_parent.get(type, ())]
    found |= {
        name: f"{count:,} records name one besides what they are linked to. Over there a "
        f"{type.singular} is linked to one record for good: a {', else a '.join(parents)}"
        for name, count in plan.unlinkable.items()
    }
    if len(plan.lost_currencies) > 1:
        mixed = ", ".join(sorted(plan.lost_currencies))
        found["currency"] += f". MIXED CURRENCIES: {mixed}; sums over there will mean nothing"
    return found


def _as_it_is(record: Record) -> Record:
    return record


def _by_its_id(record: Record, account: Account) -> Record:
    """A record under the id that its reference names, if that is one of this account."""
    named = Reference.parse(record.key)
    return replace(record, key=named.id) if named and is_of(record, account) else record


def _intent(run: Run, inputs: Inputs) -> Intent:
    template = inputs.template
    narrow = inputs.request.narrow
    return Intent(
        run=run.id,
        records=inputs.prepared.records,
        type=template.object,
        on_conflict=lambda name: template.field(name).on_conflict,
        on_missing={type: template.field(name).on_missing for name, type in LINK_FIELDS.items()},
        problems=inputs.folder / PROBLEMS,
        fields=inputs.prepared.fields,
        changed_only=run.settings.get("changed_only", False),
        keyless=run.settings.get("keyless", False) or run.settings["by_id"],
        update_only=narrow is not None,
        only=frozenset(narrow.only) if narrow and narrow.only else None,
        leave_out=lambda name: template.field(name).if_unknown is IfUnknown.LEAVE_OUT,
        guarded=from_elsewhere(run, inputs),
        reading_back=template.record is not None and narrow is None,
        existing=None if narrow else template.existing,
    )
