"""Check and plan: everything that happens before the first write."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from datetime import UTC
from typing import TYPE_CHECKING, Any

from migrator.errors import InputError
from migrator.files import ReadOptions
from migrator.journal import Feed, Run, RunState
from migrator.model import OnConflict, Provision
from migrator.plan import Intent, Plan, PlannedOp, make_plan
from migrator.runs.books import PlanTable, write_turned_down
from migrator.runs.inputs import Inputs, Request, naming, read_inputs
from migrator.runs.nightly import (
    Missing,
    Nightly,
    ensure_enough,
    ensure_no_drop,
    ensure_same_mode,
    feed_of,
    without_key_field,
)
from migrator.runs.returned import read_again
from migrator.runs.settling import settle_others, wait_for_lag
from migrator.runs.turned_down import PROBLEMS, TURNED_DOWN
from migrator.runs.workspace import new_run_id
from migrator.template import LINK_FIELDS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from migrator.model import Account, ObjectType
    from migrator.runs.target import Session, Target
    from migrator.runs.workspace import Workspace
    from migrator.template import Template
    from migrator.vendors.base import Vendor


@dataclass(frozen=True)
class Planned:
    """A run that is ready to write, with what a person wants to see before."""

    run: Run
    plan: Plan
    inputs: Inputs
    account: Account
    missing: Provision


@dataclass(frozen=True)
class Limit:
    """``--max-rejects``: a number of rows, or a percentage of the source's rows."""

    value: float
    percent: bool = False

    def allows(self, rejected: int, rows: int) -> bool:
        """Whether so many rejects of so many rows are within the limit."""
        return rejected <= (self.value / 100 * rows if self.percent else self.value)

    def __str__(self) -> str:
        return f"{self.value:g}{'%' if self.percent else ''}"


def ensure_within(limit: Limit | None, rejected: int, rows: int, rejects: Path) -> None:
    """Stop before anything is written when more rows are rejected than allowed.

    Raises:
        InputError: too many; the text says where they are.
    """
    if limit and not limit.allows(rejected, rows):
        raise InputError(
            f"{rejected:,} of {rows:,} rows are rejected, more than --max-rejects {limit} allows. "
            f"Nothing was written; see {rejects}."
        )


async def plan_run(
    workspace: Workspace,
    request: Request,
    session: Session,
    limit: Limit | None = None,
    *,
    lock: bool = False,
    nightly: Nightly | None = None,
) -> Planned:
    """Read, prepare, check every row against the live account, and store the plan.

    Nothing is written to the account. With ``lock`` no other run writes to it either until the
    session ends, so that the plan stays true.

    Raises:
        InputError: files or template are wrong, or more rows are rejected than ``limit`` allows;
            or the account lacks what cannot be created in it; or what ``nightly`` guards against.
        Locked: another run writes to the account.
    """
    run_id = new_run_id(workspace.clock.now(), workspace.rng)
    folder = workspace.folder(run_id)
    workspace.progress.start("prepare", None)
    inputs = read_inputs(request, folder)
    workspace.progress.finish()
    asked = nightly or Nightly()
    ensure_enough(asked, inputs.prepared.rows)
    return await plan_inputs(workspace, run_id, inputs, session, limit, lock=lock, nightly=asked)


async def plan_inputs(  # noqa: PLR0913 - what a plan is made of
    workspace: Workspace,
    run_id: str,
    inputs: Inputs,
    session: Session,
    limit: Limit | None = None,
    *,
    lock: bool = False,
    retry_of: Run | None = None,
    nightly: Nightly | None = None,
) -> Planned:
    """The part of :func:`plan_run` from prepared rows on; ``retry_of`` = the run that it retries.

    A retry belongs to its run's feed, whatever the template is called by now: otherwise it would
    not know which records are in the account where only the journal tells.
    """
    folder = inputs.folder
    told = (*inputs.source.describe(), *inputs.prepared.decisions, *inputs.prepared.notices)
    for line in (*told, *session.target.product.notices):
        workspace.say(line)
    asked = nightly or _as_first(retry_of)
    name = retry_of.template if retry_of else inputs.template.name
    account = await _account_for(workspace, session, inputs, name, asked)
    if lock:
        session.lock(account)
        await settle_others(workspace, session, account, run_id)
    else:
        await wait_for_lag(workspace, session, account)
    run = _new_run(run_id, workspace, inputs, session.target, account)
    of = {"retry_of": retry_of.id} if retry_of else {}
    run = replace(run, template=name, settings={**run.settings, **asked.settings(), **of})
    workspace.journal.add_run(run)
    missing = session.vendor.lacking(account, inputs.template.provision())
    view = session.vendor.provisional(account, missing)
    fresh = inputs.template.object in missing.keys
    plan = await store_plan(workspace, run, inputs, session, view, nothing_held=fresh)
    rejected = workspace.journal.run(run_id).settings["rejected"]
    ensure_within(limit, rejected, inputs.prepared.rows, folder / "rejects.csv")
    workspace.journal.set_state(run_id, RunState.PLANNED)
    session.planned = run_id if lock else None
    return Planned(workspace.journal.run(run_id), plan, inputs, account, missing)


def _as_first(first: Run | None) -> Nightly:
    """A retry sees the account as its family's first run did: with the key field, or without."""
    return Nightly(keyless=bool(first and first.settings.get("keyless")))


async def _account_for(
    workspace: Workspace, session: Session, inputs: Inputs, name: str, asked: Nightly
) -> Account:
    """The account, if the feed of that name may be loaded into it as it is asked."""
    journal, template = workspace.journal, inputs.template
    if asked.keyless:
        without_key_field(session, journal, name)
    account = await _account(session, template)
    feed = Feed(session.target.product.name, account.id, name, template.object)
    ensure_same_mode(journal, account, feed, keyless=asked.keyless)
    ensure_no_drop(asked, journal, feed, inputs.prepared.rows)
    if asked.keyless:
        workspace.say(
            f"No key field: only {journal.path} knows which records are in the account. Keep it, "
            "and load from no other place; whoever loads without it writes all records again."
        )
    return account


async def _account(session: Session, template: Template) -> Account:
    """The account as it is; where nobody but a person creates pipelines, with all of them."""
    vendor = session.vendor
    account = await session.account(types_of(template))
    pipelines = vendor.lacking(account, template.provision()).pipelines
    if pipelines and not vendor.capabilities.creates_pipelines:
        await vendor.provision(Provision(pipelines=pipelines))  # says what is to be done by hand
        session.forget()
        account = await session.account(types_of(template))
    return account


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
    template = inputs.template
    workspace.progress.start("plan", inputs.prepared.records_count)
    table = PlanTable(inputs.folder / "plan.parquet")
    mirror = run.settings.get("mirror")
    missing = Missing(workspace.journal, run, inputs, Limit(**mirror) if mirror else None)
    intent = replace(
        _intent(run, inputs, table.add),
        known=session.known,
        nothing_held=nothing_held or _nothing_known(workspace, run),
        surplus=missing.surplus,
        share=session.target.share,
    )
    plan = await make_plan(session.vendor, account, intent, workspace.journal, workspace.progress)
    table.close()
    workspace.progress.finish()
    (inputs.folder / TURNED_DOWN).unlink(missing_ok=True)
    reasons = inputs.reasons()
    rejects = inputs.folder / "rejects.csv"
    files = {"plan": str(inputs.folder / "plan.parquet")}
    if write_turned_down(workspace, run.id, inputs, rejects):
        files["rejects"] = str(rejects)
    if missing.file:
        files["missing"] = str(missing.file)
    settings: dict[str, Any] = {
        **run.settings,
        "rejected": reasons.codes.total(),
        "rejected_codes": dict(reasons.codes.most_common()),
        "examples": reasons.examples,
        "plan": {
            "counts": dict(plan.counts),
            "cost": asdict(plan.cost),
            "remembered": plan.remembered,
            "missing": missing.found,
        },
        "left_out": _left_out(session.vendor, plan),
        "origin": plan.origin,
        "kept": [
            name
            for name, spec in template.fields.items()
            if spec.on_conflict is not OnConflict.OVERWRITE
        ],
        "on_missing": {type: template.field(name).on_missing for name, type in LINK_FIELDS.items()},
        "files": files,
    }
    workspace.journal.update_run(
        run.id, account_fingerprint=run.account_fingerprint, settings=settings
    )
    return plan


def _nothing_known(workspace: Workspace, run: Run) -> bool:
    """Whether no record of the account can be told to be ours: no key field, and no memory."""
    keyless = run.settings.get("keyless", False)
    return keyless and not workspace.journal.memory.count(feed_of(run))


def _left_out(vendor: Vendor, plan: Plan) -> dict[str, str]:
    """Canonical fields that the account cannot hold, each with how often and why."""
    reasons = vendor.capabilities.ignored
    found = {
        name: f"{count:,} records have one. {reasons[name]}" for name, count in plan.ignored.items()
    }
    if len(plan.lost_currencies) > 1:
        mixed = ", ".join(sorted(plan.lost_currencies))
        found["currency"] += f". MIXED CURRENCIES: {mixed}; sums over there will mean nothing"
    return found


def types_of(template: Template) -> tuple[ObjectType, ...]:
    """The kinds of record a template touches."""
    return (
        template.object,
        *(type for name, type in LINK_FIELDS.items() if name in template.fields),
    )


def _intent(run: Run, inputs: Inputs, table: Callable[[Sequence[PlannedOp]], None]) -> Intent:
    template = inputs.template
    return Intent(
        run=run.id,
        records=inputs.prepared.records,
        type=template.object,
        on_conflict=lambda name: template.field(name).on_conflict,
        on_missing={type: template.field(name).on_missing for name, type in LINK_FIELDS.items()},
        problems=inputs.folder / PROBLEMS,
        table=table,
        fields=inputs.prepared.fields,
        feed=feed_of(run),
        changed_only=run.settings.get("changed_only", False),
        keyless=run.settings.get("keyless", False),
    )


def _new_run(
    run_id: str, workspace: Workspace, inputs: Inputs, target: Target, account: Account
) -> Run:
    request = inputs.request
    return Run(
        id=run_id,
        created_at=workspace.clock.now().astimezone(UTC).isoformat(),
        state=RunState.PLANNING,
        vendor=target.product.name,
        account=account.id,
        template=inputs.template.name,
        template_fingerprint=inputs.template.fingerprint,
        source_fingerprint=inputs.source.fingerprint,
        account_fingerprint=account.fingerprint(),
        settings={
            "request": {
                "template": request.template,
                "files": list(request.files),
                "options": asdict(request.options),
            },
            "types": list(types_of(inputs.template)),
            "vendor_options": dict(target.options),
            "prepared": {"rows": inputs.prepared.rows, "merged": inputs.prepared.merged},
            "key": naming(inputs.template),
            "columns": list(inputs.source.columns),
            "answers": inputs.prepared.answers,
        },
    )


def reopened(workspace: Workspace, run: Run) -> Inputs:
    """The inputs of an earlier run, if they are still the same.

    Raises:
        InputError: the template or a file is gone or says something else by now.
    """
    asked = run.settings["request"]
    if not (workspace.folder(run.id) / PROBLEMS).exists():
        raise InputError(
            f"The folder of run {run.id} ({workspace.folder(run.id)}) was deleted or emptied; "
            "without it the rows turned down cannot be told. Start a new run: records that are "
            "already in the account are recognised by their key."
        )
    request = Request(
        asked["template"],
        tuple(asked["files"]),
        ReadOptions(**asked["options"] | {"footers": tuple(asked["options"]["footers"])}),
    )
    if "retry_of" in run.settings:
        inputs = read_again(workspace, run, request)
    else:
        inputs = read_inputs(request, workspace.folder(run.id))
    for what, now, then in (
        ("template", inputs.template.fingerprint, run.template_fingerprint),
        ("source", inputs.source.fingerprint, run.source_fingerprint),
    ):
        if now != then:
            names = asked["template"] if what == "template" else ", ".join(asked["files"])
            raise InputError(
                f"The {what} of run {run.id} ({names}) was changed since the run was planned. "
                "Restore it to go on, or start a new run: records that are already in the account "
                "are recognised by their key."
            )
    return inputs
