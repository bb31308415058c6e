"""``sandbox``: a CRM in memory, on this machine."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import click

from migrator.sandbox import Faults, SandboxServer
from migrator.vendors.registry import product as product_of

_SHARE = click.FloatRange(0, 1)


@click.command()
@click.argument("vendor")
@click.option("--port", type=click.IntRange(0, 65535), default=8765, show_default=True)
@click.option("--token", default="sandbox", show_default=True, help="The secret it accepts.")
@click.option("--like", type=click.Path(exists=True, dir_okay=False), help="An account to imitate.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of the faults.")
@click.option("--lost-before", type=_SHARE, default=0.0, help="Share that never arrives.")
@click.option("--lost-after", type=_SHARE, default=0.0, help="Share done, its answer lost.")
@click.option("--cut", type=_SHARE, default=0.0, help="Share done, its answer cut off.")
@click.option("--status-429", type=_SHARE, default=0.0, help="Share answered with 429.")
@click.option("--status-500", type=_SHARE, default=0.0, help="Share answered with 500, not done.")
@click.option("--status-502", type=_SHARE, default=0.0, help="Share answered with 502, but done.")
@click.option("--slow", type=(_SHARE, float), default=(0.0, 0.0), help="Share, and seconds.")
def sandbox(
    vendor: str,
    port: int,
    token: str,
    like: str | None,
    seed: int,
    **shares: Any,
) -> None:
    """Serve a CRM in memory until Ctrl-C, with faults in the given shares of its requests.

    \b
    migrator sandbox hubspot --port 8765
    migrator vendors describe hubspot > account.json
    migrator sandbox hubspot --like account.json
    """
    product = product_of(vendor)
    options: dict[str, Any] = {"token": token}
    if like:
        options["like"] = Path(like)
    server = SandboxServer(
        product.sandbox(**options), port=port, faults=Faults(seed=seed, **shares)
    )
    with server:
        click.echo(f"{product.title} sandbox at {server.url} (Ctrl-C ends it). To use it:")
        click.echo(f"  export {product.base_url_env}={server.url} {product.token_env}={token}")
        with contextlib.suppress(KeyboardInterrupt):
            server.wait()
