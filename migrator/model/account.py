"""A customer's tenant of a CRM: what it has, and what it must be given before a run."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

from migrator.model.words import DealStatus, ObjectType

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Stage:
    """A step of a pipeline."""

    id: str
    label: str
    status: DealStatus = DealStatus.OPEN
    probability: str | None = None


@dataclass(frozen=True, slots=True)
class Pipeline:
    """A pipeline with its stages in display order."""

    id: str
    label: str
    stages: tuple[Stage, ...]


@dataclass(frozen=True, slots=True)
class Owner:
    """A user who can own records; ``active`` is False for one who was deactivated."""

    id: str
    email: str
    name: str
    active: bool = True


@dataclass(frozen=True, slots=True)
class FieldInfo:
    """A field of an object type in the account.

    Attributes:
        name: internal name.
        kind: ``text``, ``number``, ``date``, ``datetime``, ``bool`` or ``choice``.
        options: internal value to label, for a choice.
        multiple: a choice that takes several values.
        required: the account wants every record to have a value, at least of people.
    """

    name: str
    label: str
    kind: str
    options: Mapping[str, str] = field(default_factory=dict)
    multiple: bool = False
    unique: bool = False
    read_only: bool = False
    required: bool = False


@dataclass(frozen=True, slots=True)
class Account:
    """One customer's tenant of a vendor's CRM, as far as a load needs to know it.

    Attributes:
        id: the vendor's id of the tenant; names the lock and the run's target.
        currency: the home currency (ISO 4217), upper case.
        currencies: all that deals may use; empty = the vendor does not restrict them.
        fields: per object type, internal name to field.
    """

    vendor: str
    id: str
    name: str
    pipelines: tuple[Pipeline, ...]
    owners: tuple[Owner, ...]
    fields: Mapping[ObjectType, Mapping[str, FieldInfo]]
    currency: str | None = None
    currencies: tuple[str, ...] = ()
    time_zone: str | None = None

    def fingerprint(self) -> str:
        """A digest of all that a plan relies on; it differs when somebody changed the account."""
        text = json.dumps(asdict(self), sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class NewField:
    """A field to create: ``kind`` as in :class:`FieldInfo`, ``options`` labels for a choice."""

    name: str
    label: str
    kind: str = "text"
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NewStage:
    """A stage to create."""

    label: str
    status: DealStatus = DealStatus.OPEN
    probability: str | None = None


@dataclass(frozen=True, slots=True)
class NewPipeline:
    """A pipeline to create, or one to complete with the stages it lacks."""

    label: str
    stages: tuple[NewStage, ...]


@dataclass(frozen=True, slots=True)
class Provision:
    """What an account must have before a run, and lacks.

    Attributes:
        keys: the object types whose key field is missing.
        fields: fields to create, per object type.
        pipelines: pipelines to create or complete.
    """

    keys: tuple[ObjectType, ...] = ()
    fields: Mapping[ObjectType, tuple[NewField, ...]] = field(default_factory=dict)
    pipelines: tuple[NewPipeline, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.keys or any(self.fields.values()) or self.pipelines)


@dataclass(frozen=True, slots=True)
class Rate:
    """At most ``requests`` in any window of ``per``.

    ``calendar`` = not in any window, but in each day from midnight to midnight in the account's
    time zone.
    """

    requests: int
    per: timedelta
    calendar: bool = False
