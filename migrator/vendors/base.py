"""What a CRM must be able to do for the core; the docstrings here are the contract.

A vendor is made of a ready ``httpx.AsyncClient`` (base URL, authorization, pacing and retries are
in place) and nothing else. It holds no state that matters: the journal is the run's memory.

The vendor decides *what an answer means*; :mod:`migrator.wire` decides *when to send again*.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence

    import httpx

    from migrator.model import (
        Account,
        Action,
        Encoded,
        Held,
        ObjectType,
        Op,
        Outcome,
        Provision,
        Rate,
        Record,
    )
    from migrator.wire import Quota


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What the core may ask for, as data.

    Attributes:
        batch: most ops in one ``write``; absent = the action is not supported for that type.
        find_batch: most keys in one request of ``find``.
        rate: the vendor's documented windows; all of them hold at once.
        concurrency: most requests under way at once.
        find_by_key: whether a record can be found again by its source key.
        find_lag: how long a written record may stay unfindable by ``find``.
        links_on_create: a create carries its links; otherwise ``link`` follows it.
        ignored: canonical fields the vendor cannot hold, with the reason; named in the plan.
    """

    batch: Mapping[tuple[ObjectType, Action], int]
    find_batch: int
    rate: tuple[Rate, ...]
    concurrency: int
    find_by_key: bool = True
    find_lag: timedelta = timedelta(0)
    links_on_create: bool = True
    ignored: Mapping[str, str] = field(default_factory=dict)


class Vendor(Protocol):
    """One account of a CRM.

    Every method may raise ``Unauthorized`` (token or scope), ``Unavailable`` (surely not carried
    out), ``OutcomeUnknown`` (perhaps carried out) and ``QuotaSpent`` (stop until a time). A refused
    record is an :class:`~migrator.model.Outcome`, never an exception.
    """

    @property
    def name(self) -> str:
        """The vendor's name on the command line."""
        ...

    @property
    def capabilities(self) -> Capabilities:
        """What may be asked for."""
        ...

    async def describe(self, types: Collection[ObjectType]) -> Account:
        """Read pipelines, owners, currencies, and the fields of ``types``."""
        ...

    def lacking(self, account: Account, wanted: Provision) -> Provision:
        """The part of ``wanted`` that ``account`` does not have yet; pure."""
        ...

    def provisional(self, account: Account, missing: Provision) -> Account:
        """``account`` as if ``missing`` were there already, with made-up ids; pure.

        A dry run checks rows against it before anything is created.
        """
        ...

    async def provision(self, missing: Provision) -> None:
        """Create what is missing. Safe to repeat: what exists by now is left as it is.

        A field or a pipeline that the vendor refuses raises ``InputError`` with its message.
        """
        ...

    def encode(self, record: Record, account: Account) -> Encoded:
        """The record in the vendor's own terms, or the problems that forbid it; pure, no I/O.

        Labels, owners' e-mail addresses or names, options and currencies become internal ids and
        values here. The key field is among the properties. Links are not: see ``write``.
        """
        ...

    def parent(self, type: ObjectType, name: str) -> Mapping[str, str]:
        """Properties of a contact or company to create of which only ``name`` is known; pure.

        ``name`` is what ``resolve`` takes. The key field is among them where the type has one.
        """
        ...

    def same(self, type: ObjectType, name: str, ours: str, held: str | None) -> bool:
        """Whether the account's value of property ``name`` says the same as ours; pure."""
        ...

    async def resolve(self, type: ObjectType, names: Collection[str]) -> dict[str, tuple[str, ...]]:
        """Ids of contacts (by e-mail address) or companies (by domain, else by name).

        All matches of a name are given; several mean that a person has to choose. Names that are
        not in the account are absent from the answer. Letter case is ignored.
        """
        ...

    async def write(
        self,
        type: ObjectType,
        action: Action,
        ops: Sequence[Op],
    ) -> list[Outcome]:
        """Carry out ops of one action: exactly one outcome per op, in any order, named by key.

        ``ops`` is at most ``capabilities.batch[type, action]`` long; its keys are distinct;
        every link has an id. ``Unavailable`` means that *none* of them was carried out; as soon as
        one may have been, whatever stops the rest is ``OutcomeUnknown``.
        """
        ...

    async def link(self, ops: Sequence[Op]) -> list[Outcome]:
        """Link existing records (``op.id``) to their ``op.links``; repeating is harmless.

        Exactly one outcome per op: WRITTEN when all its links are there, else REFUSED.
        """
        ...

    async def linked(
        self,
        type: ObjectType,
        ids: Collection[str],
        to: ObjectType,
    ) -> dict[str, frozenset[str]]:
        """Ids of the ``to`` records that are linked to each of these records, by record id."""
        ...

    async def find(
        self,
        type: ObjectType,
        keys: Collection[str],
        properties: Collection[str] = (),
    ) -> dict[str, Held]:
        """The records that hold one of these source keys, with ``properties``, by key.

        Any number of keys. Read from where a confirmed write is visible after ``find_lag``.
        """
        ...

    def export(
        self,
        type: ObjectType,
        properties: Collection[str] = (),
    ) -> AsyncIterator[Held]:
        """Every record of the type, once, with ``properties`` and links."""
        ...

    def requests(self, type: ObjectType, action: Action, count: int) -> int:
        """How many requests ``write`` spends on ``count`` ops of one action; for the plan."""
        ...


class Sandbox(Protocol):
    """A vendor's CRM imitated in memory, for rehearsals and tests.

    It shares no code with the adapter and knows the vendor by its documentation only.
    """

    def handle(self, request: httpx.Request) -> httpx.Response:
        """Answer one request as the vendor would, from one thread at a time."""
        ...


@dataclass(frozen=True, slots=True)
class Product:
    """A CRM product as the command line knows it: one of these per vendor, in the registry.

    Attributes:
        name: on the command line.
        title: in prose.
        token_env: environment variable with the secret.
        base_url_env: environment variable that overrides ``base_url``.
        base_url: the vendor's own address; None = every account has its own.
        headers: the authorization headers made of the secret.
        bucket: names the quota a request counts against ("" = the general one).
        rates: the documented windows per bucket.
        learn: reads the windows of the request's bucket from an answer's headers, with what is
            left of each; empty = nothing said.
        spent: whether a 429 (its body is read) says that waiting is of no use within this run.
        connect: makes the vendor of a client.
        sandbox: makes an empty sandbox; keyword options are the sandbox's own.
    """

    name: str
    title: str
    token_env: str
    base_url_env: str
    base_url: str | None
    headers: Callable[[str], Mapping[str, str]]
    bucket: Callable[[httpx.Request], str]
    rates: Mapping[str, tuple[Rate, ...]]
    learn: Callable[[httpx.Response], tuple[Quota, ...]]
    spent: Callable[[httpx.Response], bool]
    connect: Callable[[httpx.AsyncClient], Vendor]
    sandbox: Callable[..., Sandbox]
