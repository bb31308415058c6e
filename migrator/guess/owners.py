"""Owners: whom the account knows, and what becomes of the column meanwhile."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from migrator.guess.columns import ColumnKind
from migrator.guess.headers import names_owner_id
from migrator.guess.matching import Match, field_name, label_of, ordered
from migrator.guess.sheets import Line, lines
from migrator.guess.tally import tally
from migrator.model import CUSTOM_PREFIX

if TYPE_CHECKING:
    from migrator.guess.matching import Matching
    from migrator.guess.tally import Sources
    from migrator.model import Account

_MOST_OWNERS = 300
_LIVE = 0.5
"""Where fewer deals than this have an owner whom the account knows, owners are left for later."""


def with_owners(
    matching: Matching, money: Sources, account: Account | None, folder: str
) -> tuple[Matching, tuple[Line, ...]]:
    """The value map of owners; where hardly one is known, owners wait until it is filled in.

    Args:
        matching: so far.
        money: what the values are counted by.
        account: whose users they could be; None = it is not known.
        folder: of the value maps.
    """
    match = matching.match("owner")
    if match is None:
        return matching, ()
    counted = tally(matching.profile, match.columns, money)
    users = [user for user in account.owners if user.active] if account else []
    names = {user.email or user.name: [user.email, user.name] for user in users}
    sheet = lines(counted[:_MOST_OWNERS], names)
    total = sum(each.rows for each in counted) or 1
    known = sum(line.rows for line in sheet if line.decided) / total
    column = matching.profile.column(match.columns[0])
    ids = not match.sure and (column.kind is ColumnKind.ID or names_owner_id(column.name))
    if account is None and not ids:
        return matching, ()
    if known >= _LIVE:
        return matching, sheet
    strangers = sum(not line.decided for line in sheet)
    who = f"{strangers:,} of {len(sheet):,} are no users of the account"
    who = "the file has ids and no addresses" if ids else who
    doubtful = replace(match, doubt=f"{who}; fill in {folder}/owner.csv, then uncomment")
    kept = [each for each in matching.matches if each.field != "owner"]
    used = {name for each in kept for name in each.columns}
    if not set(match.columns) <= used:
        name = field_name(match.columns[0])
        reason = "kept as a text, until the owners are known"
        label = label_of(match.columns[0])
        kept.append(Match(CUSTOM_PREFIX + name, match.columns, 1.0, (reason,), None, label))
    return replace(matching, matches=ordered([*kept, doubtful])), sheet
