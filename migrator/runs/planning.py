"""Check and plan: everything that happens before the first write."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC
from typing import TYPE_CHECKING, Any

from migrator.errors import InputError
from migrator.journal import Feed, Run, RunState
from migrator.model import UNKEYED, Provision
from migrator.plan import of_those_used
from migrator.runs.confirming import settings_of
from migrator.runs.inputs import Inputs, Request, naming, read_inputs
from migrator.runs.limits import ensure_within
from migrator.runs.nightly import (
    Nightly,
    by_id,
    ensure_enough,
    ensure_no_drop,
    ensure_same_mode,
    without_key_field,
)
from migrator.runs.retry.returned import read_again
from migrator.runs.settling import settle_others, wait_for_lag
from migrator.runs.storing import store_plan
from migrator.runs.strangers import TAKE_OVER
from migrator.runs.turned_down import PROBLEMS
from migrator.runs.workspace import new_run_id
from migrator.template import LINK_FIELDS

if TYPE_CHECKING:
    from migrator.model import Account, ObjectType
    from migrator.plan import Plan
    from migrator.runs.limits import Limit
    from migrator.runs.target import Session, Target
    from migrator.runs.workspace import Workspace
    from migrator.template import Template


@dataclass(frozen=True)
class Planned:
    """A run that is ready to write, with what a person wants to see before."""

    run: Run
    plan: Plan
    inputs: Inputs
    account: Account
    missing: Provision


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
    _say_what_was_read(workspace, inputs, session)
    asked = _as_far_as_it_goes(nightly or _as_first(retry_of), inputs)
    name = retry_of.template if retry_of else inputs.feed
    narrow = inputs.request.narrow
    if narrow and narrow.by_id:
        by_id(session)
    account = await _account_for(workspace, session, inputs, name, asked)
    if lock:
        session.lock(account)
        await settle_others(workspace, session, account, run_id)
    else:
        await wait_for_lag(workspace, session, account)
    run = _new_run(run_id, workspace, inputs, session.target, account)
    of = _of_family(retry_of) if retry_of else {}
    run = replace(run, template=name, settings={**run.settings, **asked.settings(), **of})
    workspace.journal.add_run(run)
    missing = lacking(session, account, inputs)
    view = session.vendor.provisional(account, missing)
    fresh = inputs.template.object in missing.keys
    plan = await store_plan(workspace, run, inputs, session, view, nothing_held=fresh)
    rejected = workspace.journal.run(run_id).settings["rejected"]
    ensure_within(limit, rejected, inputs.prepared.rows, inputs.folder / "rejects.csv")
    workspace.journal.set_state(run_id, RunState.PLANNED)
    session.planned = run_id if lock else None
    return Planned(workspace.journal.run(run_id), plan, inputs, account, missing)


def _say_what_was_read(workspace: Workspace, inputs: Inputs, session: Session) -> None:
    told = (*inputs.source.describe(), *inputs.prepared.decisions, *inputs.prepared.notices)
    for line in (*told, *session.target.product.notices):
        workspace.say(line)


def _of_family(first: Run) -> dict[str, Any]:
    return {"retry_of": first.id, TAKE_OVER: first.settings.get(TAKE_OVER, False)}


def _as_first(first: Run | None) -> Nightly:
    """A retry sees the account as its family's first run did: with the key field, or without."""
    return Nightly(keyless=bool(first and first.settings.get("keyless")))


def _as_far_as_it_goes(asked: Nightly, inputs: Inputs) -> Nightly:
    """Notes and tasks have no key field in any CRM, whatever is asked; ids need none.

    A file that changes some records is no feed: what it does not name is not missing.
    """
    narrow = inputs.request.narrow
    keyless = asked.keyless or inputs.template.object in UNKEYED
    if narrow is None:
        return replace(asked, keyless=keyless)
    return Nightly(min_rows=asked.min_rows, keyless=keyless and not narrow.by_id)


async def _account_for(
    workspace: Workspace, session: Session, inputs: Inputs, name: str, asked: Nightly
) -> Account:
    """The account, if the feed of that name may be loaded into it as it is asked."""
    journal, template = workspace.journal, inputs.template
    if asked.keyless:
        without_key_field(session, journal, name)
    account = await _account(session, inputs)
    inputs.signs.ensure_of_home(account)
    feed = Feed(session.target.product.name, account.id, name, template.object)
    if inputs.request.narrow is None:
        ensure_same_mode(journal, account, feed, keyless=asked.keyless)
    ensure_no_drop(asked, journal, feed, inputs.prepared.rows)
    if asked.keyless and template.object in UNKEYED:
        workspace.say(
            f"No CRM has a key field for {template.object}: {journal.path} knows which of them are "
            "in the account, so load them from this folder only."
        )
    elif asked.keyless:
        workspace.say(
            f"No key field: only {journal.path} knows which records are in the account. Keep it, "
            "and load from no other place; whoever loads without it writes all records again."
        )
    return account


def lacking(session: Session, account: Account, inputs: Inputs) -> Provision:
    """What the account must have before a run, and lacks; changing what is there needs nothing.

    Where nobody but a person creates pipelines, only the stages are asked for that a record names.
    """
    if inputs.request.narrow:
        return Provision()
    missing = session.vendor.lacking(account, inputs.template.provision())
    if session.vendor.capabilities.creates_pipelines:
        return missing
    used = of_those_used(missing.pipelines, inputs.prepared.records)
    return replace(missing, pipelines=used)


async def _account(session: Session, inputs: Inputs) -> Account:
    """The account as it is; where nobody but a person creates pipelines, with all that are used."""
    vendor, types = session.vendor, types_of(inputs.template)
    account = await session.account(types)
    pipelines = lacking(session, account, inputs).pipelines
    if pipelines and not vendor.capabilities.creates_pipelines:
        await vendor.provision(Provision(pipelines=pipelines))  # says what is to be done by hand
        session.forget()
        account = await session.account(types)
    return account


def types_of(template: Template) -> tuple[ObjectType, ...]:
    """The kinds of record a template touches."""
    return (
        template.object,
        *(type for name, type in LINK_FIELDS.items() if name in template.fields),
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
        template=inputs.feed,
        template_fingerprint=inputs.template.fingerprint,
        source_fingerprint=inputs.source.fingerprint,
        account_fingerprint=account.fingerprint(),
        settings={
            "request": request.data(),
            "by_id": bool(request.narrow and request.narrow.by_id),
            "types": list(types_of(inputs.template)),
            "vendor_options": dict(target.options),
            **settings_of(target, account),
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
    request = Request.of(asked)
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
