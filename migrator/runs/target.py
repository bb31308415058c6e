"""Which account a run writes to: secret and address from the environment, one run at a time."""

from __future__ import annotations

import contextlib
import getpass
import hashlib
import os
import re
import tempfile
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from migrator import wire
from migrator.errors import Locked, Unauthorized
from migrator.plan import nothing_known
from migrator.runs.spending import Spending
from migrator.vendors.registry import product as product_of
from migrator.wire.mark import is_marked

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Iterator, Mapping

    import httpx

    from migrator.model import Account, ObjectType
    from migrator.runs.workspace import Workspace
    from migrator.vendors.base import Vendor
    from migrator.vendors.product import Product
    from migrator.wire import Allowance, Crowds

LEDGER = "quota.db"
"""Beside the journal: what was spent of each account's quota of requests."""


@dataclass(frozen=True)
class Target:
    """A product, an address and a secret; the secret shows in no repr.

    Attributes:
        product: as ``options`` configured it.
        transport: stands in for the network: a sandbox in this process.
        options: what the user sets about the vendor.
        share: part of the account's quota of requests that is ours, above 0 to 1.
        patient: wait for the quota however long that takes, instead of stopping.
        called: what the user says the account is called; None = nothing.
    """

    product: Product
    base_url: str
    token: str = field(repr=False)
    transport: httpx.AsyncBaseTransport | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    share: float = 1.0
    patient: bool = False
    called: str | None = None

    @cached_property
    def marked(self) -> bool:
        """Whether the server says of itself that it is a sandbox; asked once.

        Raises:
            Unavailable: nobody answers there.
        """
        return is_marked(self.base_url)


def target_from(
    name: str, env: Mapping[str, str], options: Mapping[str, str] | None = None
) -> Target:
    """The account that the environment names for a vendor.

    Args:
        name: the vendor's name on the command line.
        env: environment variables.
        options: what the user sets about the vendor.

    Raises:
        InputError: no such vendor, or no such option of it.
        Unauthorized: a variable is missing; the text names it.
    """
    options = options or {}
    product = product_of(name).configure(options)
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
    return Target(product, str(base_url), env[product.token_env], options=options)


class Session:
    """A vendor over a client that paces, retries and logs; its account described once.

    Attributes:
        planned: the run that was planned in this session while the account was locked.
        known: contacts and companies of the account that were looked up already.
    """

    def __init__(self, target: Target, vendor: Vendor, allowance: Allowance) -> None:
        self.target = target
        self.vendor = vendor
        self._allowance = allowance
        self.planned: str | None = None
        self.known = nothing_known()
        self._accounts: dict[frozenset[ObjectType], Account] = {}
        self._spending: Spending | None = None
        self._exit = contextlib.ExitStack()
        self._locked = False

    async def account(self, types: Collection[ObjectType]) -> Account:
        """The account with the fields of ``types``, as it was when it was first asked for."""
        wanted = frozenset(types)
        if wanted not in self._accounts:
            self._accounts[wanted] = await self.vendor.describe(types)
            self._allowance.zone = self._accounts[wanted].time_zone
        return self._accounts[wanted]

    def forget(self) -> None:
        """The account was changed: describe it anew."""
        self._accounts.clear()

    def labels(self) -> dict[str, dict[str, str]]:
        """What the account calls its owners and stages, by id, as far as it was described."""
        accounts = self._accounts.values()
        return {
            "owner": {
                owner.id: " ".join(filter(None, (owner.name, owner.email and f"<{owner.email}>")))
                for account in accounts
                for owner in account.owners
            },
            "stage": {
                stage.id: stage.label
                for account in accounts
                for pipeline in account.pipelines
                for stage in pipeline.stages
            },
        }

    @property
    def crowds(self) -> Crowds:
        """How many requests to the account are under way at once."""
        return self._allowance.crowds

    def note_requests(self, folder: Path, what: str) -> None:
        """From here on, note in a run's folder what the session has spent, and for what."""
        self._spending = Spending(folder, what, self._allowance.meter)

    def keep_requests(self) -> None:
        """Write down what was spent so far, if it is noted."""
        if self._spending:
            self._spending.keep()

    def lock(self, account: Account) -> None:
        """Hold the account alone until the session ends.

        Raises:
            Locked: another run holds it.
        """
        if not self._locked:
            self._exit.enter_context(account_lock(self.target, account.id))
            self._locked = True

    def stop(self) -> None:
        """Wait for no quota any more: a request that would have to raises ``QuotaSpent``."""
        self._allowance.stop()

    def close(self) -> None:
        """Let go of the account."""
        self._exit.close()


@contextlib.asynccontextmanager
async def connected(target: Target, workspace: Workspace) -> AsyncIterator[Session]:
    """A session with the account of a target; what it spends is noted beside the journal.

    So another process that works on the account from the same folder, now or within the hour, has
    only the rest of the quota.
    """
    ledger = wire.LedgerFile(workspace.root / LEDGER, workspace.say)
    allowance = wire.Allowance(
        share=target.share, patient=target.patient, ledger=ledger, say=workspace.say
    )
    client = wire.connect(
        target.product,
        target.token,
        target.base_url,
        workspace.clock,
        transport=target.transport,
        log=workspace.log,
        allowance=allowance,
        tuning=wire.Tuning(seed=workspace.rng.getrandbits(32)),
    )
    with contextlib.closing(ledger):
        async with client:
            session = Session(target, target.product.connect(client, workspace.clock), allowance)
            workspace.progress.watch(lambda: allowance.used)
            try:
                with contextlib.closing(session):
                    yield session
            finally:
                workspace.progress.watch(None)


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
    address = hashlib.sha256(wire.address_of(target.base_url).encode()).hexdigest()[:8]
    folder = Path(tempfile.gettempdir()) / f"migrator-{_user()}"
    folder.mkdir(parents=True, exist_ok=True)
    name = re.sub(r"[^\w.@-]", "_", account)  # it may be an e-mail address, with a slash in it
    path = folder / f"{target.product.name}-{name}-{address}.lock"
    try:
        with FileLock(path, timeout=0):
            yield
    except Timeout as error:
        raise Locked(
            f"Another run is writing to {target.product.title} account {account}. Wait for it, "
            f"or end it (`migrator status` lists runs); the lock is {path}."
        ) from error


@contextlib.contextmanager
def folder_lock(folder: Path) -> Iterator[None]:
    """Hold a run's folder alone, for what needs no account alone.

    Raises:
        Locked: another process works in it.
    """
    try:
        with FileLock(folder / "lock", timeout=0):
            yield
    except Timeout as error:
        raise Locked(
            f"Another process works on run {folder.name}. Wait for it, or end it (`migrator "
            "status` lists runs)."
        ) from error
