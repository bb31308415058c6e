"""The canonical names of fields, by type of record."""

from __future__ import annotations

from migrator.errors import did_you_mean
from migrator.model import CUSTOM_PREFIX, FIELDS, LINKS, ObjectType, OnMissing

LINK_FIELDS = {
    type.value: type for type in (ObjectType.DEALS, ObjectType.CONTACTS, ObjectType.COMPANIES)
}
"""The canonical fields that name parents, with the type of parent they name."""

_BY_THEMSELVES = frozenset({ObjectType.DEALS})
"""Parents that no run creates in passing: a name is not enough for one."""


def names_of(type: ObjectType) -> tuple[str, ...]:
    """The canonical fields of a type, links included.

    >>> names_of(ObjectType.NOTES)[:3]
    ('body', 'owner', 'created_at')
    """
    return (*FIELDS[type], *LINKS[type])


def all_names() -> str:
    """The canonical fields of every type, in words."""
    return "; ".join(f"of {type} {', '.join(names_of(type))}" for type in FIELDS)


def check_name(type: ObjectType, name: str) -> None:
    """Refuse what is no canonical field of a type.

    Raises:
        ValueError: with the nearest valid name.
    """
    known = names_of(type)
    if name in known or (name.startswith(CUSTOM_PREFIX) and len(name) > len(CUSTOM_PREFIX)):
        return
    hint = did_you_mean(name, known) or f" Known: {', '.join(known)}."
    raise ValueError(
        f'unknown field "{name}" of {type}.{hint} A field of the target\'s own is '
        f"{CUSTOM_PREFIX}<its name>."
    )


def check_on_missing(type: ObjectType, name: str, policy: OnMissing) -> None:
    """Refuse a policy about missing parents where there can be none, or not this one.

    Raises:
        ValueError: with what to write instead.
    """
    if name not in LINKS[type]:
        raise ValueError(f"{name}: on_missing is for {' and '.join(LINKS[type])} only")
    if policy is OnMissing.CREATE and LINK_FIELDS[name] in _BY_THEMSELVES:
        raise ValueError(
            f"{name}: on_missing cannot be {policy}: {name} are loaded by themselves, before what "
            f"belongs to them; use {OnMissing.PARK} or {OnMissing.SKIP_LINK}"
        )
