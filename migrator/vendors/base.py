"""What a CRM must be able to do for the core; the docstrings here are the contract.

A vendor is made of a ready ``httpx.AsyncClient`` (base URL, authorization, pacing and retries are
in place) and nothing else. It holds no state that matters: the journal is the run's memory.

The vendor decides *what an answer means*; :mod:`migrator.wire` decides *when to send again*.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
    from datetime import datetime

    import httpx

    from migrator.model import (
        Account,
        Action,
        Encoded,
        Held,
        ObjectType,
        Op,
        Outcome,
        Page,
        Provision,
        Rate,
        Record,
        Sent,
        Shape,
    )


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What the core may ask for, as data.

    Attributes:
        batch: most ops in one ``write``; absent = the action is not supported for that type.
        rates: the vendor's documented windows per bucket ("" = the general one); all the windows
            of a bucket hold at once, and buckets know nothing of each other.
        concurrency: most calls of ``write`` under way at once.
        reads_all: ``find`` cannot ask for single keys and reads the whole account; whoever wants
            to know much reads all ``pages`` once instead.
        find_lag: seconds for which a record may stay unfindable after it was written; whoever reads
            the account in another session than the one that wrote waits for so long.
        unique_keys: the vendor itself refuses a second record with the same source key
            (``key_exists``); otherwise it is on us to look before writing.
        links_on_create: a create carries its links; otherwise ``link`` follows it.
        creates_pipelines: ``provision`` can create pipelines and stages; otherwise the account's
            own are all there are.
        ignored: canonical fields the vendor cannot hold, with the reason; named in the plan. Of one
            type only, where that stands before the name: ``notes.owner``.
        one_parent: types whose records are linked to one other record for good, with the types of
            parents that it may be: of those that are named the first of the first such type.
    """

    batch: Mapping[tuple[ObjectType, Action], int]
    rates: Mapping[str, tuple[Rate, ...]]
    concurrency: int
    reads_all: bool = False
    find_lag: float = 0.0
    unique_keys: bool = True
    links_on_create: bool = True
    creates_pipelines: bool = True
    ignored: Mapping[str, str] = field(default_factory=dict)
    one_parent: Mapping[ObjectType, tuple[ObjectType, ...]] = field(default_factory=dict)


@dataclass(slots=True)
class Reading:
    """One reading of all records of a type: what the caller has of it, and what it wants.

    Attributes:
        seen: ids of records that the caller has; they are left out, and those given are added.
        place: of the last page that the caller has, in this process or an earlier one; the reading
            goes on behind it. Blank = from the beginning.
        behind: the place is that of the very last page, and only what has come since is wanted;
            nothing is given where to look for it would take more than a few requests.
        since: records that were not changed since then may be left out.
        labels: the labels of links are wanted too, where the account has any; they may cost
            requests.
        met: ids of all records that come by are added, of those that are left out too; None = not
            wanted.
    """

    seen: set[str] = field(default_factory=set)
    place: str = ""
    since: datetime | None = None
    labels: bool = False
    met: set[str] | None = None
    behind: bool = False


async def records(pages: AsyncIterator[Page]) -> AsyncIterator[Held]:
    """The records of pages, one by one, for callers that never go on with a reading."""
    async for page in pages:
        for held in page.records:
            yield held


def no_note(_job: str) -> None:
    """Note nothing: for callers that keep no journal."""


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

    def decode(self, held: Held, account: Account) -> dict[str, str]:
        """A record of the account in canonical fields, as ``encode`` takes them; pure.

        Ids become labels and e-mail addresses, values canonical text; a blank field is absent.
        Beside the labels of a deal stand :data:`~migrator.model.ID_FIELDS`. Only what
        ``held.properties`` has is given, the key field never. Deals: the canonical fields, and
        ``custom.<internal name>`` for the others. Contacts: ``email first_name last_name phone
        owner created_at``; companies: ``name domain phone owner description created_at``; notes:
        ``body owner created_at``; tasks: ``title body kind due_at done owner created_at``; and
        ``custom.*`` of each.

        What ``encode`` made of a record decodes to the same values, but for those that the CRM
        cannot hold: so a plan learns what would be lost.
        """
        ...

    def exported(self, type: ObjectType, account: Account) -> tuple[str, ...]:
        """The properties to read of a type for :meth:`decode` to give all that people fill; pure.

        What the CRM computes by itself is left out, but for the moment of creation.
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
        note: Callable[[str], None] = no_note,
    ) -> list[Outcome]:
        """Carry out ops of one action: one outcome per op, in any order, named by key.

        An op of which it is not known what became has none; ``recover`` is asked about it.

        ``ops`` is at most ``capabilities.batch[type, action]`` long; its keys are distinct;
        every link has an id. ``Unavailable`` means that *none* of them was carried out; as soon as
        one may have been, whatever stops the rest is ``OutcomeUnknown``.

        Where the vendor works the ops off later (a file import), ``write`` calls ``note`` with the
        job's id as soon as it knows it, and returns when the outcomes are known. ``note`` returns
        when the id is durable; :meth:`recover` is given it after a kill.

        An op that was carried out only in part (its links or some of its fields were refused) is
        WRITTEN, with a code and a message that say what is missing.

        An update with a blank value clears that field. What ``find`` gave of a field can be
        written back with an update, and ``find`` then gives the same. Deleting what is gone
        already is WRITTEN.

        A create without :data:`~migrator.model.KEY_FIELD` among its properties is for an account
        in which no such field is allowed; nothing can find it again by its key.
        """
        ...

    async def recover(self, type: ObjectType, sent: Sequence[Sent]) -> list[Outcome]:
        """Find out what became of ops that were sent and have no answer, waiting where needed.

        At most one outcome per op, named by key, exactly as ``write`` would have given it. An op
        without an outcome was surely not carried out, or does no harm when it is sent again; the
        caller sends it again. May wait: for the vendor's lag, or for a job that still runs. As
        for ``write``, every link has an id.

        An outcome whose state is SENT says that there is no means to know; its message tells a
        person what to look for in the account. The other ops of the run may go on.

        Raises:
            OutcomeUnknown: there is no means to know, and it is not safe to write anything else
                before a person has looked.
        """
        ...

    async def link(self, ops: Sequence[Op]) -> list[Outcome]:
        """Link existing records (``op.id``) to their ``op.links``; repeating is harmless.

        Exactly one outcome per op: WRITTEN when all its links are there, else REFUSED.
        """
        ...

    async def unlink(self, ops: Sequence[Op]) -> list[Outcome]:
        """Undo :meth:`link`: ``op.id`` loses its ``op.links``; repeating is harmless.

        One outcome per op: WRITTEN when none of its links is left, else REFUSED. An op without one
        is asked for again.
        """
        ...

    async def linked(
        self,
        type: ObjectType,
        ids: Collection[str],
        to: ObjectType,
    ) -> dict[str, frozenset[str]]:
        """Ids of the ``to`` records that are linked to each of these records, by record id.

        From deals to contacts and companies, and from those back to deals.
        """
        ...

    async def find(
        self,
        type: ObjectType,
        keys: Collection[str],
        properties: Collection[str] = (),
    ) -> dict[str, Held]:
        """The records that hold one of these source keys, with ``properties``, by key.

        Any number of keys. Waits for the vendor's lag where there is one, so that what was written
        before is found. Of several records with one key, one is given.
        """
        ...

    def pages(
        self,
        type: ObjectType,
        properties: Collection[str] = (),
        reading: Reading | None = None,
    ) -> AsyncIterator[Page]:
        """Every record of the type with ``properties`` and links, page by page as they arrive.

        When no property is named, a vendor that ``reads_all`` gives all that ``encode`` may give.
        Without a ``reading`` it is one from the beginning, of which nothing else is wanted.

        Records that are there all the time come exactly once, though others come, change and go
        meanwhile, and whether or not the reading was interrupted. What had to be read before the
        first page (values to be joined) may be read again when it goes on.
        """
        ...

    async def read(
        self, type: ObjectType, ids: Collection[str], properties: Collection[str] = ()
    ) -> dict[str, Held]:
        """Records by id, with ``properties`` (as for ``pages``) and the key; no links promised.

        Any number of ids, with the fewest requests. Those that are gone are absent.
        """
        ...

    async def holders(
        self, type: ObjectType, name: str, values: Collection[str]
    ) -> Mapping[str, str]:
        """Ids of the records that hold these values of a unique field, by value.

        ``name`` is that of a field whose :attr:`~migrator.model.FieldInfo.unique` is true and that
        is not the key's. Any number of values, with the fewest requests.
        """
        ...

    async def count(self, type: ObjectType) -> int | None:
        """How many records of a type the account says it holds; None = it does not say.

        It may be behind by the vendor's lag.
        """
        ...

    def requests(self, shapes: Mapping[Shape, int]) -> Mapping[str, int]:
        """Requests per bucket that carrying out so many ops of each shape takes; for the plan.

        Everything that ``write`` and ``link`` send is counted: reading back and polling too, the
        latter as if the vendor worked as fast as it usually does. Where there are several ways to
        write, the vendor chooses here, and what is written next goes as was foretold.
        """
        ...


@runtime_checkable
class MovesStages(Protocol):
    """A vendor with a request that moves all deals of a stage to another one."""

    async def move_stage(self, from_id: str, to_id: str) -> None:
        """Move all deals of a stage to another of the same pipeline; repeating it is harmless.

        Raises:
            InputError: there is no such stage, or the two are not of one pipeline.
        """
        ...


@runtime_checkable
class MovesTasks(Protocol):
    """A vendor with a request that gives all tasks of a kind another one."""

    async def task_types(self) -> Mapping[str, str]:
        """Titles of the kinds of task, by id."""
        ...

    async def move_tasks(self, from_id: str, to_id: str) -> None:
        """Give all tasks of a kind another kind; repeating it is harmless.

        Raises:
            InputError: there is no such kind.
        """
        ...


class Sandbox(Protocol):
    """A vendor's CRM imitated in memory, for rehearsals and tests.

    It shares no code with the adapter and knows the vendor by its documentation only.
    """

    def handle(self, request: httpx.Request) -> httpx.Response:
        """Answer one request as the vendor would, from one thread at a time."""
        ...
