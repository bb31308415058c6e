"""A template narrowed to changing some fields of records that are there: what a cleanup writes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from migrator.errors import InputError, did_you_mean
from migrator.model import CUSTOM_PREFIX, OnConflict, OnMissing
from migrator.template.creation import Create
from migrator.template.spec import FieldSpec, Key, Template

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from migrator.template.base import Aliases

_CONTEXT = {"stage": ("pipeline",), "status": ("pipeline",), "amount": ("currency",)}
"""Fields without which another one cannot be understood: they are read, and not written."""


class Match(StrEnum):
    """How a row names its record.

    ``record``: by a reference to a record of the account, as an export writes it. ``id``: the key's
    column holds bare ids of the account's records. ``key``: by the source key. ``auto``: by
    reference where the file has such a column, else by key.
    """

    AUTO = "auto"
    KEY = "key"
    ID = "id"
    RECORD = "record"


@dataclass(frozen=True)
class Narrow:
    """``--update-only``: change what is there and create nothing.

    Attributes:
        only: canonical fields to write; none = all that the file has.
        match: how a row names its record.
    """

    only: tuple[str, ...] = ()
    match: Match = Match.AUTO

    @property
    def by_id(self) -> bool:
        """Whether the account's own ids name the records, once it was decided."""
        return self.match in {Match.ID, Match.RECORD}


def narrowed(
    template: Template, narrow: Narrow, has: Callable[[Aliases], bool]
) -> tuple[Template, Narrow]:
    """The template that writes no more than asked for, and how rows name their records.

    Blank cells change nothing, so that no field is required. A field that has a default and no
    column is context for others and is written only where it is named. No parent is created.

    Args:
        template: of the whole file.
        narrow: what is asked for.
        has: whether the file has a column of these headers.

    Raises:
        InputError: a field is asked for that the template does not have.
    """
    match = _matched(narrow.match, referring=template.record is not None and has(template.record))
    # What the file does not have is not written, and a default is not in the file.
    filled = tuple(name for name, spec in template.fields.items() if spec.from_)
    written = narrow.only or filled
    context = {more for name in written for more in _CONTEXT.get(name, ())} & template.fields.keys()
    fields = {more: template.fields[more] for more in sorted(context)}
    fields |= {name: _optional(_spec(template, name)) for name in written}
    only = narrow.only if set(fields) == set(filled) and not narrow.only else written
    _ensure_stage_with_pipeline(narrow.only, template)
    _ensure_written(narrow.only or written, fields, template, named=bool(narrow.only))
    changes = {
        "name": f"{template.name}:update",
        "fields": fields,
        "create": Create(),
        **({"key": Key(from_=template.record)} if match is Match.RECORD else {}),
    }
    return template.model_copy(update=changes), Narrow(only, match)


def _matched(match: Match, *, referring: bool) -> Match:
    """How rows name their records, in a file that has references to them, or has none."""
    if match is Match.AUTO:
        return Match.RECORD if referring else Match.KEY
    if match is Match.RECORD and not referring:
        raise InputError(
            "The file has no column with references to records, as an export of migrator has it "
            '(column "record"). Match by key, or by id if the key\'s column holds ids of the '
            "account: --match key or --match id."
        )
    return match


def _spec(template: Template, name: str) -> FieldSpec:
    """Where a field comes from; one of ``custom.*`` is named by itself."""
    wildcard = CUSTOM_PREFIX + "*"
    if name in template.fields:
        return template.fields[name]
    if name.startswith(CUSTOM_PREFIX) and wildcard in template.fields:
        return template.fields[wildcard].model_copy(update={"from_": (name,)})
    near = did_you_mean(name, template.fields)
    known = ", ".join(template.fields)
    raise InputError(
        f'--only: the template {template.name} has no field "{name}".{near} It has {known}.'
    )


def _optional(spec: FieldSpec) -> FieldSpec:
    rules = tuple(rule for rule in spec.rules if rule.name != "required")
    default = None if spec.from_ else spec.default
    missing = OnMissing.PARK if spec.on_missing is OnMissing.CREATE else spec.on_missing
    changes = {"rules": rules, "default": default, "on_missing": missing}
    return spec.model_copy(update=changes)


def _ensure_written(
    written: Collection[str], fields: Mapping[str, FieldSpec], template: Template, *, named: bool
) -> None:
    """Refuse to write what the template never writes into a record that is there."""
    never = [name for name in written if fields[name].on_conflict is OnConflict.NEVER]
    if never and (named or len(never) == len(written)):
        raise InputError(
            f"The template {template.name} says on_conflict: never of {', '.join(never)}: what a "
            "record has there is never changed, so that nothing would be written. "
            + ("Leave it out of --only, or say" if named else "Say")
            + " on_conflict: overwrite (or fill_blank) in the template."
        )


def _ensure_stage_with_pipeline(only: tuple[str, ...], template: Template) -> None:
    if "pipeline" in only and "stage" not in only and "stage" in template.fields:
        raise InputError(
            "--only pipeline: a deal that goes to another pipeline has to go to one of its stages. "
            "Write both: --only pipeline,stage."
        )
