"""Which account a run writes to: secret and address from the environment, one run at a time."""

from __future__ import annotations

import contextlib
import getpass
import hashlib
import os
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from migrator import wire
from migrator.errors import Locked, Unauthorized
from migrator.vendors.registry import product as product_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping

    import httpx

    from migrator.runs.workspace import Workspace
    from migrator.vendors.base import Product, Vendor


@dataclass(frozen=True)
class Target:
    """A product, an address and a secret; the secret shows in no repr.

    ``transport`` stands in for the network: a sandbox in this process.
    """

    product: Product
    base_url: str
    token: str = field(repr=False)
    transport: httpx.AsyncBaseTransport | None = None


def target_from(name: str, env: Mapping[str, str]) -> Target:
    """The account that the environment names for a vendor.

    Raises:
        InputError: no such vendor.
        Unauthorized: a variable is missing; the text names it.
    """
    product = product_of(name)
    base_url = env.get(product.base_url_env) or product.base_url
    for variable, value in (
        (product.token_env, env.get(product.token_env)),
        (product.base_url_env, base_url),
    ):
        if not value:
            raise Unauthorized(
                f"{variable} is not set. Put {product.title}'s secret in {product.token_env} and, "
                f"for another server than its own, the address in {product.base_url_env}; "
                f"`migrator sandbox {name}` starts one to try with."
            )
    return Target(product, str(base_url), env[product.token_env])


@contextlib.asynccontextmanager
async def connected(target: Target, workspace: Workspace) -> AsyncIterator[Vendor]:
    """The vendor behind a target, over a client that paces, retries and logs."""
    client = wire.connect(
        target.product,
        target.token,
        target.base_url,
        workspace.clock,
        transport=target.transport,
        log=workspace.log,
    )
    async with client:
        yield target.product.connect(client)


def _user() -> str:
    """Who we are, where the system has a name for it; containers often have none."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())


@contextlib.contextmanager
def account_lock(target: Target, account: str) -> Iterator[None]:
    """Hold an account alone; the system lets go of it when the process dies.

    The lock is in the machine's temporary folder and not beside the journal: two runs from two
    working folders would write to one account just the same.

    Raises:
        Locked: another run holds it.
    """
    url = target.base_url.strip().rstrip("/").casefold()
    address = hashlib.sha256(url.encode()).hexdigest()[:8]
    folder = Path(tempfile.gettempdir()) / f"migrator-{_user()}"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{target.product.name}-{account}-{address}.lock"
    try:
        with FileLock(path, timeout=0):
            yield
    except Timeout as error:
        raise Locked(
            f"Another run is writing to {target.product.title} account {account}. Wait for it, "
            f"or end it (`migrator status` lists runs); the lock is {path}."
        ) from error
