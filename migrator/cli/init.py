"""``init``: look at files that nobody has described, and write a template for them."""

from __future__ import annotations

import asyncio
import functools
import json
import os
import shlex
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from migrator.cli import asking, guessed, options
from migrator.cli import nightly as nights
from migrator.cli.access import access
from migrator.errors import Unauthorized
from migrator.guess.draft import Target as Aim
from migrator.runs import guessing
from migrator.vendors.registry import product as product_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from migrator.cli.access import Access
    from migrator.runs.inputs import Request
    from migrator.runs.workspace import Workspace


def _files(command: Callable[..., Any]) -> Callable[..., Any]:
    """``FILE...`` and how to read them; the command gets a ``request``, whose template is none."""
    inner = options.read_options(command)

    @functools.wraps(inner)
    def with_files(*args: Any, **given: Any) -> Any:
        return inner(*args, template="-", **given)

    return click.argument("files", nargs=-1, required=True)(with_files)


@click.command()
@_files
@options.to_vendor
@options.vendor_options
@click.option("--account", "live", is_flag=True, help="Stop unless there is a secret to look.")
@click.option("--sandbox", is_flag=True, help="Look at an imitated account instead of yours.")
@click.option("--template-name", metavar="NAME", help="[default: the first file's name]")
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), help="[default: NAME.yaml, here]"
)
@click.option("--force", is_flag=True, help="Write over files that are there.")
@click.option("--no-input", is_flag=True, help="Ask nothing, even on a terminal.")
@access
@options.as_json
@options.common
def init(  # one per option
    workspace: Workspace,
    request: Request,
    vendor: str,
    vendor_options: dict[str, str],
    live: bool,
    sandbox: bool,
    template_name: str | None,
    out: Path | None,
    force: bool,
    no_input: bool,
    access: Access,
    as_json: bool,
) -> int:
    """Look at FILES, guess what their columns mean, and write a template for them.

    Beside the template, values/*.csv have each stage, pipeline, owner and option seen, with the
    account's likeliest name for it. Nothing is written to the account. On a terminal it asks about
    what it is unsure of.

    \b
    migrator init deals.csv --to hubspot
    migrator init deals.csv --to hubspot --sandbox --no-input
    """
    if live and sandbox:
        raise click.UsageError("--account and --sandbox do not go together.")
    aim = _aim(workspace, access, vendor, vendor_options, live=live, sandbox=sandbox)
    name = template_name or (out.stem if out else guessing.template_name(request.files))
    target = out or Path(f"{name}.yaml")
    if target.suffix.lower() not in {".yaml", ".yml"}:
        raise click.UsageError(f"--out names the template to write, NAME.yaml, and not {target}.")
    if not force:
        guessing.ensure_new(target)
    aim = replace(aim, values=guessing.values_folder(target))
    with guessing.looked_at(workspace, request, aim) as first:
        ask = not (no_input or as_json) and nights.terminal()
        guess = asking.asked(first) if ask else first
        draft = guess.draft()
        texts = guessing.texts_of(draft, guess, name, target.name)
        written = guessing.write_draft(texts, target.parent, force=force)
        then = _next(written[0], request, vendor)
        if as_json:
            data = guessing.guess_data(draft, guess)
            click.echo(json.dumps({**data, "written": [str(p) for p in written], "next": then}))
        else:
            click.echo(guessed.as_text(draft, guess, written))
            serving = f"  migrator sandbox {vendor}   in another terminal; set what it prints\n"
            click.echo(f"\nNext:\n{serving if sandbox else ''}  {then}")
    return 0


def _aim(
    workspace: Workspace,
    access: Access,
    vendor: str,
    vendor_options: dict[str, str],
    *,
    live: bool,
    sandbox: bool,
) -> Aim:
    """What is known of the account; nothing, where there is no secret to look at it."""
    product = product_of(vendor)
    if sandbox:
        target = guessing.sandbox_of(product.configure(vendor_options), workspace.clock)
        return asyncio.run(guessing.aimed_at(target, workspace))
    try:
        target = access.to(vendor, vendor_options)
    except Unauthorized:
        if live or os.environ.get(product.token_env):
            raise
        workspace.say(
            f"{product.token_env} is not set, so no account was looked at: the names of its "
            "pipelines, stages, users and fields are not compared. Set it, or add --sandbox."
        )
        return Aim()
    return asyncio.run(guessing.aimed_at(target, workspace))


def _next(template: Path, request: Request, vendor: str) -> str:
    """The command that goes on."""
    words = ["migrator", "check", str(template), *request.files]
    read = request.options
    given = {
        "--delimiter": "tab" if read.delimiter == "\t" else read.delimiter,
        "--encoding": read.encoding,
        "--format": read.format,
        "--sheet": read.sheet,
        "--header-line": read.header_line,
    }
    words += [str(word) for pair in given.items() if pair[1] for word in pair]
    return shlex.join([*words, "--to", vendor])
