"""Makes an empty sandbox look like a real account, as ``migrator vendors describe`` wrote it.

The currency of the account is not taken over: a deal of Brevo has none.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, cast

from migrator.errors import InputError
from migrator.model import Account
from migrator.vendors.brevo.sandbox.book import ContactAttribute
from migrator.vendors.brevo.sandbox.organization import ALWAYS_WINS
from migrator.vendors.brevo.sandbox.schema import KINDS, Attribute, Pipeline, Stage

if TYPE_CHECKING:
    from migrator.vendors.brevo.sandbox.organization import Organization

Fields: TypeAlias = Mapping[str, "object"]

_TYPES = {
    "text": "text",
    "number": "number",
    "date": "date",
    "datetime": "date",
    "bool": "boolean",
    "choice": "single-select",
}
_CONTACT_TYPES = {"number": "float", "date": "date", "datetime": "date", "bool": "boolean"}
_LOST = 0


def imitate(organization: Organization, like: Account | Mapping[str, object] | Path | str) -> None:
    """Give the organization the pipelines, owners and fields of ``like``.

    Raises:
        InputError: the file cannot be read or is not an account.
    """
    account = _read(like)
    try:
        _apply(organization, account)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        where = like if isinstance(like, str | Path) else "the mapping"
        raise InputError(
            f"{where} is not an account as `migrator vendors describe` writes it "
            f"({type(error).__name__}: {error}). Write it anew with that command."
        ) from error


def _read(like: Account | Mapping[str, object] | Path | str) -> Fields:
    if isinstance(like, Account):
        return asdict(like)
    if isinstance(like, Mapping):
        return like
    try:
        found = json.loads(Path(like).read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"Cannot read the account file {like}: {error.strerror}.") from error
    except ValueError as error:
        raise InputError(f"The account file {like} is not JSON: {error}.") from error
    if not isinstance(found, dict):
        raise InputError(f"The account file {like} does not hold a JSON object.")
    return found


def _apply(organization: Organization, account: Fields) -> None:
    organization.id = str(account["id"])
    organization.name = str(account.get("name") or organization.name)
    organization.time_zone = str(account.get("time_zone") or organization.time_zone)
    pipelines = [_pipeline(one) for one in _items(account["pipelines"])]
    organization.pipelines = pipelines or organization.pipelines
    owners = [
        (str(one["id"]), str(one["email"]))
        for one in _items(account["owners"])
        if one.get("active") is not False
    ]
    if owners:
        organization.set_users(owners)
    fields = cast("Mapping[str, Mapping[str, Fields]]", account.get("fields") or {})
    for type, held in fields.items():
        for name, info in held.items():
            if type in KINDS:
                _field(organization, type, name, info)
            elif type == "contacts" and name not in {"EMAIL", *organization.book.attributes}:
                kind = _CONTACT_TYPES.get(str(info["kind"]), "text")
                organization.book.attributes[name] = ContactAttribute("normal", kind)


def _items(listed: object) -> list[Fields]:
    return list(cast("list[Fields]", listed))


def _pipeline(given: Fields) -> Pipeline:
    stages = [
        Stage(str(one["id"]), str(one["label"]), _chance(one)) for one in _items(given["stages"])
    ]
    return Pipeline(str(given["id"]), str(given["label"]), tuple(stages))


def _chance(given: Fields) -> int:
    probability = given.get("probability")
    if probability is not None:
        return round(float(str(probability)) * 100)
    return _LOST if given.get("status") == "lost" else ALWAYS_WINS


def _field(organization: Organization, type: str, name: str, given: Fields) -> None:
    """A field of the account; those that every account has keep their nature."""
    held = organization.attributes[type]
    label = str(given.get("label") or name)
    if name in held:
        held[name].label = label
        return
    kind = _TYPES[str(given["kind"])]
    if given.get("multiple"):
        kind = "multi-choice"
    options = cast("Mapping[str, str]", given.get("options") or {})
    if kind == "single-select" and not options:
        kind = "user"  # a choice whose options are elsewhere
    read_only = bool(given.get("read_only"))
    held[name] = Attribute(
        name, label, kind, organization.new_id(), read_only=read_only, options=dict(options)
    )
