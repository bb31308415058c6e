"""Records in ActiveCampaign's terms in canonical fields again: ids become titles and addresses."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from migrator.model import CUSTOM_PREFIX, KEY_FIELD, ObjectType
from migrator.vendors.activecampaign import values
from migrator.vendors.activecampaign.authorship import without_author
from migrator.vendors.activecampaign.catalogue import BUILT_IN, CLOSE_DATE
from migrator.vendors.activecampaign.lookups import STATUSES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from migrator.model import Account, FieldInfo, Held

_Canonical = dict[str, str]

_NOT_VALUES = frozenset({KEY_FIELD, "contact", "account", "mdate"})
"""Properties that stand elsewhere in a record: its key, its links, its last change."""

_COMPUTED = frozenset({"contact", "account", "mdate"})

_STATUS_OF = {value: status for status, value in STATUSES.items()}

_PLAIN: Mapping[ObjectType, Mapping[str, str]] = {
    ObjectType.DEALS: {"title": "name", "description": "description"},
    ObjectType.CONTACTS: {
        "email": "email",
        "firstName": "first_name",
        "lastName": "last_name",
        "phone": "phone",
    },
    ObjectType.COMPANIES: {"name": "name"},
    ObjectType.NOTES: {},
    ObjectType.TASKS: {"title": "title", "note": "body"},
}
"""Names of properties and canonical fields whose text is the same."""


def exported(type: ObjectType, account: Account, *, percent: bool) -> tuple[str, ...]:
    """The properties that people fill, and the moment of creation.

    Args:
        type: of the records.
        account: for the custom fields of deals.
        percent: whether the undocumented field for the probability of a deal is in use.
    """
    left_out = {KEY_FIELD, *_COMPUTED, *(() if percent else ("percent",))}
    infos = account.fields.get(type, {}) if type is ObjectType.DEALS else {}
    return tuple(name for name in {**BUILT_IN[type], **infos} if name not in left_out)


class Decoder:
    """All of an account that ``decode`` needs."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self._pipelines = {pipeline.id: pipeline.label for pipeline in account.pipelines}
        self._stages = {
            stage.id: stage for pipeline in account.pipelines for stage in pipeline.stages
        }
        self._owners = {owner.id: owner.email or owner.name for owner in account.owners}
        kinds = account.fields.get(ObjectType.TASKS, {}).get("dealTasktype")
        self._kinds = kinds.options if kinds else {}
        self._readers: dict[tuple[ObjectType, str], Callable[[_Canonical, str], None]] = {}

    def decode(self, held: Held) -> _Canonical:
        """The record's values; what is blank is absent."""
        found: _Canonical = {}
        for name, value in held.properties.items():
            if not value:
                continue
            reader = self._readers.get((held.type, name))
            if reader is None:
                reader = self._readers[held.type, name] = self._reader(held.type, name)
            reader(found, value)
        stage = self._stages.get(held.properties.get("stage") or "")
        if held.type is ObjectType.DEALS and stage is not None:
            found.setdefault("status", stage.status.value)
        if held.type is ObjectType.NOTES:
            _note(found, held.properties.get("note") or "")
        return found

    def _reader(self, type: ObjectType, name: str) -> Callable[[_Canonical, str], None]:
        """What puts a property of this name into canonical fields."""
        if type is ObjectType.DEALS and name in _NOT_VALUES:
            return _nothing
        if name in _PLAIN[type]:
            return partial(_put, _PLAIN[type][name], values.text)
        built_in = BUILT_IN[type].get(name)
        if built_in is None:
            return self._custom(name)
        special: dict[str, Callable[[_Canonical, str], None]] = {
            "value": partial(_put, "amount", values.plain),
            "percent": partial(_put, "probability", values.plain),
            "currency": partial(_put, "currency", str.upper),
            "status": _status if type is ObjectType.DEALS else _done,
            "group": partial(_named, "pipeline", self._pipelines),
            "stage": self._stage,
            "accountUrl": _domain,
            "dealTasktype": partial(_put, "kind", lambda id_: self._kinds.get(id_, id_)),
            "duedate": partial(_put, "due_at", values.moment),
            "note": _nothing,  # looked at last, see `decode`
            **dict.fromkeys(("owner", "assignee", "user"), partial(_named, "owner", self._owners)),
            **dict.fromkeys(
                ("cdate", "createdTimestamp"), partial(_put, "created_at", values.moment)
            ),
        }
        return special[name]

    def _stage(self, found: _Canonical, id: str) -> None:
        stage = self._stages.get(id)
        found["stage"], found["stage_id"] = stage.label if stage else id, id

    def _custom(self, name: str) -> Callable[[_Canonical, str], None]:
        info = self.account.fields.get(ObjectType.DEALS, {}).get(name)
        field = name if name == CLOSE_DATE else f"{CUSTOM_PREFIX}{name}"
        return partial(_put, "close_date" if name == CLOSE_DATE else field, _of_kind(info))


def _of_kind(info: FieldInfo | None) -> Callable[[str], str]:
    if info is None:
        return values.text
    if info.multiple:
        return lambda value: ";".join(values.parted(value))
    by_kind: dict[str, Callable[[str], str]] = {
        "number": values.plain,
        "datetime": values.moment,
        "bool": values.truth,
    }
    return by_kind.get(info.kind, values.text)


def _nothing(_found: _Canonical, _value: str) -> None:
    """For properties that are no values."""


def _put(field: str, convert: Callable[[str], str], found: _Canonical, value: str) -> None:
    found[field] = convert(value)


def _named(field: str, names: Mapping[str, str], found: _Canonical, id: str) -> None:
    """A label with its id; where the account does not know the id (any more), that is the label."""
    found[field], found[f"{field}_id"] = names.get(id) or id, id


def _status(found: _Canonical, value: str) -> None:
    if value in _STATUS_OF:
        found["status"] = _STATUS_OF[value].value


def _done(found: _Canonical, value: str) -> None:
    found["done"] = "true" if value == "1" else "false"


def _domain(found: _Canonical, url: str) -> None:
    if host := values.host(url):
        found["domain"] = host


def _note(found: _Canonical, text: str) -> None:
    """The text of a note, and what it says of its author, which is truer than whose key it was."""
    body, who, when = without_author(text)
    if body:
        found["body"] = body
    if who:
        found["owner"] = who
        found.pop("owner_id", None)
    if when:
        found["created_at"] = when
