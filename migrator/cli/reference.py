"""``vendors``, ``templates``, ``rules``, ``transforms``: what there is to use."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict
from typing import TYPE_CHECKING, cast

import click

from migrator import resources
from migrator import rules as rules_
from migrator import transforms as transforms_
from migrator.cli import nightly as nights
from migrator.cli import options
from migrator.cli.access import access
from migrator.cli.confirming import confirm_account, ensure_named
from migrator.errors import InputError, Interrupted
from migrator.model import Account, ObjectType
from migrator.runs.confirming import Destination
from migrator.runs.settling import wait_for_lag
from migrator.runs.target import Target, connected, target_from
from migrator.template import json_schema, load_template, shipped
from migrator.vendors import registry
from migrator.vendors.product import chore_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from migrator.catalogue import Info
    from migrator.cli.access import Access
    from migrator.runs.workspace import Workspace
    from migrator.vendors.product import Chore, DoesChores, Product


@click.group(invoke_without_command=True)
@click.pass_context
def vendors(context: click.Context) -> None:
    """List the CRMs that can be written to, with the variables that name an account.

    \b
    migrator vendors
    migrator vendors options hubspot
    """
    if context.invoked_subcommand:
        return
    for name in registry.names():
        product = registry.product(name)
        click.echo(f"{name:<16} {product.title}: {product.token_env}, {product.base_url_env}")


@vendors.command()
@click.argument("vendor")
@options.vendor_options
@options.common
def describe(workspace: Workspace, vendor: str, vendor_options: dict[str, str]) -> None:
    """Print an account's pipelines, stages, owners and fields as JSON, for `sandbox --like`.

    \b
    migrator vendors describe hubspot > account.json
    migrator sandbox hubspot --like account.json
    """
    target = target_from(vendor, options.environment, vendor_options)
    account = asyncio.run(_describe(target, workspace))
    click.echo(json.dumps(asdict(account), indent=2, ensure_ascii=False))


async def _describe(target: Target, workspace: Workspace) -> Account:
    async with connected(target, workspace) as session:  # its requests count as a run's do
        return await session.account((ObjectType.DEALS, ObjectType.CONTACTS, ObjectType.COMPANIES))


@vendors.command("options")
@click.argument("vendor")
def list_options(vendor: str) -> None:
    """List what can be set about a CRM with --option NAME=VALUE.

    \b
    migrator vendors options brevo
    migrator run pipedrive deals.csv --to brevo --option plan=professional
    """
    for name, field in registry.product(vendor).options.model_fields.items():
        click.echo(f"{name} [{field.get_default()}]")
        click.echo(f"    {field.description}")


@vendors.command("do")
@click.argument("vendor")
@click.argument("chore", required=False)
@click.argument("arguments", nargs=-1)
@options.vendor_options
@click.option("-y", "--yes", is_flag=True, help="Do not ask before changing the account.")
@access
@confirm_account
@options.common
def do_chore(  # one per option
    workspace: Workspace,
    vendor: str,
    chore: str | None,
    arguments: tuple[str, ...],
    vendor_options: dict[str, str],
    yes: bool,
    access: Access,
) -> None:
    """Do a CHORE in an account, such as deleting an empty stage; list them when none is named.

    There is no undo. What would take deals or their values with it is refused.

    \b
    migrator vendors do activecampaign
    migrator vendors do activecampaign order-stages Sales Talks "In Contact"
    """
    product = registry.product(vendor)
    if not product.chores:
        raise InputError(
            f"migrator does no chores in {product.title}: what loads do not need, such as deleting "
            "a stage, is done there."
        )
    if chore is None:
        _list_chores(product)
        return
    known = chore_of(product.chores, chore, arguments)
    if known.writes and not yes and not nights.terminal():
        raise InputError("Nothing was changed: there is no terminal to ask on. Add --yes to do it.")
    target = access.to(vendor, vendor_options)
    click.echo(asyncio.run(_do(workspace, target, chore, arguments, ask=known.writes and not yes)))


def _list_chores(product: Product) -> None:
    for name, chore in product.chores.items():
        click.echo(_usage(name, chore.arguments))
        click.echo(f"    {chore.help}{'' if chore.writes else ' Changes nothing.'}")


def _usage(name: str, arguments: Sequence[str]) -> str:
    return " ".join((name, *arguments))


async def _do(
    workspace: Workspace, target: Target, name: str, arguments: Sequence[str], *, ask: bool
) -> str:
    """Do a chore; one that writes has the account for itself, and sees what we wrote before."""
    chore = target.product.chores[name]
    async with connected(target, workspace) as session:
        if chore.writes:
            account = await session.account(())
            ensure_named(workspace, Destination.among(account), target)
            if ask:
                _ask(chore, _usage(name, [f'"{one}"' for one in arguments]), account, target)
            session.lock(account)
            await wait_for_lag(workspace, session, account)
        vendor = cast("DoesChores", session.vendor)  # its product has chores
        return await vendor.do(name, arguments)


def _ask(chore: Chore, what: str, account: Account, target: Target) -> None:
    click.echo(f"{what}: {chore.help} There is no undo.", err=True)
    if not click.confirm(f"Do it in {target.product.title} account {account.id}?", err=True):
        raise Interrupted("Nothing was changed.")


@click.group(invoke_without_command=True)
@click.pass_context
def templates(context: click.Context) -> None:
    """List the shipped templates.

    \b
    migrator templates
    migrator templates show salesforce > mine.yaml
    """
    if context.invoked_subcommand:
        return
    for name, description in shipped().items():
        click.echo(f"{name:<20} {description}")


@templates.command()
def schema() -> None:
    """Print the JSON Schema of templates, for editors that complete and check YAML.

    \b
    migrator templates schema > template.schema.json
    """
    click.echo(json.dumps(json_schema(), indent=2, ensure_ascii=False))


@templates.command()
@click.argument("name")
def show(name: str) -> None:
    """Print a shipped template, to copy and change.

    \b
    migrator templates show salesforce > mine.yaml
    """
    load_template(name)  # refuses an unknown name, with a hint
    path = resources.templates() / f"{name}.yaml"
    click.echo(path.read_text(encoding="utf-8"), nl=False)


@click.command()
def rules() -> None:
    """List the rules that a template's fields can name, with examples of each.

    \b
    migrator rules
    """
    _print_catalogue(rules_.catalogue())


@click.command()
def transforms() -> None:
    """List the transforms that a template's fields can name, with examples of each.

    \b
    migrator transforms
    """
    _print_catalogue(transforms_.catalogue())


def _print_catalogue(infos: Iterable[Info]) -> None:
    for info in infos:
        click.echo(f"{info.name}({', '.join(info.parameters)})")
        click.echo(f"    {info.summary}")
        for call, result in info.examples:
            click.echo(f"    {call}  ->  {result}")
