"""Reads the account that a sandbox is to look like, as ``migrator vendors describe`` wrote it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TypeAlias, cast

from migrator.errors import InputError
from migrator.model import Account

Parts: TypeAlias = Mapping[str, "object"]
"""A part of an account as plain JSON data."""

Like: TypeAlias = Account | Parts | Path | str
"""An account, the same as plain data, or a path to it."""


def imitate(like: Like, apply: Callable[[Parts], None]) -> None:
    """Give an account to ``apply``, which may stumble over anything that it is not.

    Raises:
        InputError: the file cannot be read or is not an account.
    """
    account = _read(like)
    try:
        apply(account)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        where = like if isinstance(like, str | Path) else "the mapping"
        raise InputError(
            f"{where} is not an account as `migrator vendors describe` writes it "
            f"({type(error).__name__}: {error}). Write it anew with that command."
        ) from error


def items(listed: object) -> list[Parts]:
    """A list within an account."""
    return list(cast("list[Parts]", listed))


def fields_of(account: Parts) -> Mapping[str, Mapping[str, Parts]]:
    """Fields by name, by type of record."""
    return cast("Mapping[str, Mapping[str, Parts]]", account.get("fields") or {})


def _read(like: Like) -> Parts:
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
