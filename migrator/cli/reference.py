"""``vendors``, ``templates``, ``rules``, ``transforms``: what there is to use."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from migrator import resources
from migrator import rules as rules_
from migrator import transforms as transforms_
from migrator.cli import options
from migrator.model import Account, ObjectType
from migrator.runs.target import Target, connected, target_from
from migrator.template import json_schema, load_template, shipped
from migrator.vendors import registry

if TYPE_CHECKING:
    from collections.abc import Iterable

    from migrator.catalogue import Info
    from migrator.runs.workspace import Workspace


@click.group(invoke_without_command=True)
@click.pass_context
def vendors(context: click.Context) -> None:
    """List the CRMs that can be written to, with the variables that name an account."""
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
    """Print an account's pipelines, stages, owners and fields as JSON, for `sandbox --like`."""
    target = target_from(vendor, options.environment, vendor_options)
    account = asyncio.run(_describe(target, workspace))
    click.echo(json.dumps(asdict(account), indent=2, ensure_ascii=False))


async def _describe(target: Target, workspace: Workspace) -> Account:
    async with connected(target, workspace) as session:  # its requests count as a run's do
        return await session.account((ObjectType.DEALS, ObjectType.CONTACTS, ObjectType.COMPANIES))


@vendors.command("options")
@click.argument("vendor")
def list_options(vendor: str) -> None:
    """List what can be set about a CRM with --option NAME=VALUE."""
    for name, field in registry.product(vendor).options.model_fields.items():
        click.echo(f"{name} [{field.get_default()}]")
        click.echo(f"    {field.description}")


@click.group(invoke_without_command=True)
@click.pass_context
def templates(context: click.Context) -> None:
    """List the shipped templates."""
    if context.invoked_subcommand:
        return
    for name, description in shipped().items():
        click.echo(f"{name:<20} {description}")


@templates.command()
def schema() -> None:
    """Print the JSON Schema of templates, for editors that complete and check YAML."""
    click.echo(json.dumps(json_schema(), indent=2, ensure_ascii=False))


@templates.command()
@click.argument("name")
def show(name: str) -> None:
    """Print a shipped template, to copy and change."""
    load_template(name)  # refuses an unknown name, with a hint
    path = resources.templates() / f"{name}.yaml"
    click.echo(path.read_text(encoding="utf-8"), nl=False)


@click.command()
def rules() -> None:
    """List the rules that a template's fields can name."""
    _print_catalogue(rules_.catalogue())


@click.command()
def transforms() -> None:
    """List the transforms that a template's fields can name."""
    _print_catalogue(transforms_.catalogue())


def _print_catalogue(infos: Iterable[Info]) -> None:
    for info in infos:
        click.echo(f"{info.name}({', '.join(info.parameters)})")
        click.echo(f"    {info.summary}")
        for call, result in info.examples:
            click.echo(f"    {call}  ->  {result}")
