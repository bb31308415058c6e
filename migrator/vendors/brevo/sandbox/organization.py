"""One imitated account: its settings, its users and its records."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING
from uuid import UUID

from migrator.vendors.brevo.sandbox.book import Book
from migrator.vendors.brevo.sandbox.schema import (
    DEFAULT_PIPELINE,
    DEFAULT_STAGES,
    KINDS,
    TASK_TYPES,
    Pipeline,
    Stage,
    User,
    default_attributes,
)
from migrator.vendors.brevo.sandbox.store import Contact, Instant, Row, Table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from migrator.vendors.brevo.sandbox.answers import Object
    from migrator.vendors.brevo.sandbox.options import BrevoOptions
    from migrator.vendors.brevo.sandbox.schema import Attribute
    from migrator.vendors.brevo.sandbox.store import Id

ALWAYS_WINS = 100
"""Recorded on the stage "New" of a new account; UNCERTAIN on the others."""


class Organization:
    """The state of one account; every handler works on it under the sandbox's lock.

    Attributes:
        notes, tasks, files: their bodies as answers give them, by id, oldest first.
        book: the contacts by what identifies them.
        lists: id to name and folder of the lists of contacts.
    """

    def __init__(
        self,
        options: BrevoOptions,
        now: Callable[[], datetime],
        clock: Callable[[], float],
    ) -> None:
        self.options = options
        self._now = now
        self._clock = clock
        self.random = random.Random(options.seed)
        self._machine = self.random.getrandbits(40)
        self._made = 0
        self.id = self.new_id()
        self.name = "Sandbox"
        self.time_zone = options.time_zone
        self.users: dict[str, User] = {}
        self.set_users((self.new_id(), email) for email in options.owners)
        self.pipelines: list[Pipeline] = []
        if options.default_pipeline:
            self.default_pipeline()
        for name, stages in options.pipelines.items():
            self.pipelines.append(self.new_pipeline(name, stages))
        self.attributes: dict[str, dict[str, Attribute]] = {
            kind.name: {one.name: one for one in default_attributes(kind)}
            for kind in KINDS.values()
        }
        for held in self.attributes.values():
            for attribute in held.values():
                attribute.id = self.new_id()
        self.deals: Table[Row] = Table("deals", options.list_lag)
        self.companies: Table[Row] = Table("companies", options.list_lag)
        self.contacts: Table[Contact] = Table("contacts", options.list_lag)
        self._tables: dict[str, Table[Row] | Table[Contact]] = {
            "deals": self.deals,
            "companies": self.companies,
            "contacts": self.contacts,
        }
        self.book = Book(self.contacts)
        self.folders: dict[int, str] = {1: "Your first folder"}
        self.lists: dict[int, tuple[str, int]] = {2: ("Your first list", 1)}
        self.task_types = {self.new_id(): title for title in TASK_TYPES}
        self.notes: dict[str, Object] = {}
        self.tasks: dict[str, Object] = {}
        self.files: dict[str, Object] = {}

    def instant(self) -> Instant:
        """Now."""
        return Instant(self._now().timestamp(), self._clock())

    def new_id(self) -> str:
        """An id of the CRM: seconds, machine and counter, as a database makes them."""
        self._made += 1
        seconds = int(self._now().timestamp())
        return f"{seconds:08x}{self._machine:010x}{self._made & 0xFFFFFF:06x}"

    def set_users(self, users: Iterable[tuple[str, str]]) -> None:
        """Replace the users: ids and e-mail addresses; the API key belongs to the first."""
        self.users = {id: User(id, email) for id, email in users}
        self._by_email = {one.email.lower(): one for one in self.users.values()}

    @property
    def me(self) -> User:
        """The user the API key belongs to."""
        return next(iter(self.users.values()))

    def user(self, text: str) -> User | None:
        """The user of an id or an e-mail address."""
        return self.users.get(text) or self._by_email.get(text.lower())

    def default_pipeline(self) -> Pipeline:
        """The pipeline of deals that name none; created when there is none."""
        if not self.pipelines:
            self.pipelines.append(self.new_pipeline(DEFAULT_PIPELINE, DEFAULT_STAGES))
        return self.pipelines[0]

    def new_pipeline(self, name: str, stages: Iterable[str]) -> Pipeline:
        """A pipeline of these stages, with ids in the form the options ask for."""
        chances = self.options.win_probability
        made = [Stage(self._stage_id(), one, chances.get(one, ALWAYS_WINS)) for one in stages]
        return Pipeline(self.new_id(), name, tuple(made))

    def pipeline(self, id: object) -> Pipeline | None:
        """The pipeline of an id."""
        return next((one for one in self.pipelines if one.id == id), None)

    def table(self, kind: str) -> Table[Row] | Table[Contact]:
        """The records of a kind."""
        return self._tables[kind]

    def find(self, kind: str, id: Id) -> Row | None:
        """A record that can be linked."""
        return self.table(kind).rows.get(id)

    def link(self, kind: str, row: Row, other_kind: str, other: Row, clock: float) -> None:
        """Link two records; neither counts as updated (recorded for deals), unless asked for."""
        row.linked.setdefault(other_kind, {})[other.id] = None
        other.linked.setdefault(kind, {})[row.id] = None
        self._moved(row, other)
        self.table(kind).changed(row, clock)
        self.table(other_kind).changed(other, clock)

    def unlink(self, kind: str, row: Row, other_kind: str, id: Id, clock: float) -> None:
        """Take a link away if there is one."""
        other = self.table(other_kind).rows[id]
        row.linked.get(other_kind, {}).pop(id, None)
        other.linked.get(kind, {}).pop(row.id, None)
        self._moved(row, other)
        self.table(kind).changed(row, clock)
        self.table(other_kind).changed(other, clock)

    def _moved(self, *rows: Row) -> None:
        if self.options.links_move_updated:
            for row in rows:
                row.updated = self.instant().epoch

    def forget(self, kind: str, row: Row, clock: float) -> None:
        """Take away all links of a record that goes."""
        for other_kind, ids in row.linked.items():
            for id in list(ids):
                self.unlink(kind, row, other_kind, id, clock)

    def _stage_id(self) -> str:
        made = UUID(int=self.random.getrandbits(128), version=4)
        return made.hex if self.options.stage_ids == "hex" else str(made)
