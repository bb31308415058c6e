"""Batch endpoints of records: create, update, upsert, read, archive."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrator.vendors.hubspot.sandbox.answers import (
    Answer,
    Malformed,
    Refusal,
    as_names,
    as_object,
    as_text,
    invalid,
    missing_fields,
)
from migrator.vendors.hubspot.sandbox.writes import Draft, Writer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from migrator.vendors.hubspot.sandbox.answers import Call, Json, Object
    from migrator.vendors.hubspot.sandbox.portal import Portal
    from migrator.vendors.hubspot.sandbox.records import Records
    from migrator.vendors.hubspot.sandbox.schema import Kind


class Batches:
    """The endpoints ``objects/{type}/batch/...``."""

    def __init__(self, portal: Portal, records: Records) -> None:
        self._portal = portal
        self._records = records

    def create(self, call: Call) -> Answer:
        """Without a trace id on every input, the first bad one fails all of them.

        With a unique ``objectWriteTraceId`` on every input the good ones are created and the bad
        ones named by it (error-handling page, multi-status).
        """
        kind = self._portal.kind(call.args["type"])
        inputs = call.inputs()
        writer = Writer(self._portal, kind, enforces=call.enforces)
        drafts, errors = _check_each(inputs, writer.create, split=_traced(inputs))
        results = [self._stored(kind, writer, draft) for draft in drafts]
        return self._answer(201, results, errors)

    def update(self, call: Call) -> Answer:
        """Rows that do not exist are named in a 207; other bad rows as the option says."""
        kind = self._portal.kind(call.args["type"])
        inputs = call.inputs()
        _refuse_duplicates([(one.get("idProperty"), one.get("id")) for one in inputs])
        writer = Writer(self._portal, kind, enforces=call.enforces)
        missing: list[str] = []

        def check(given: Object) -> Draft | None:
            row = self._records.find(kind, _id_of(given), _id_property(given))
            if row is None:
                missing.append(_id_of(given))
                return None
            return writer.update(given, row)

        split = self._portal.options.multi_status_update and _traced(inputs)
        drafts, errors = _check_each(inputs, check, split=split)
        results = [self._stored(kind, writer, draft) for draft in drafts]
        if missing:
            errors.append(_missing(kind, missing))
        return self._answer(200, results, errors)

    def upsert(self, call: Call) -> Answer:
        """Update what holds the unique value, create the rest.

        Two inputs for one record fail the request. By ``email`` there is no partial success
        ("partial upserts are not supported", using-object-apis; UNCERTAIN what that covers).
        """
        kind = self._portal.kind(call.args["type"])
        inputs = call.inputs()
        for given in inputs:
            if not _id_property(given):
                raise missing_fields("idProperty")
            self._records.check_id_property(kind, str(_id_property(given)))
        table = self._portal.tables[kind.name]
        _refuse_duplicates(
            [(name := str(_id_property(one)), table.folded(name, _id_of(one))) for one in inputs]
        )
        writer = Writer(self._portal, kind, enforces=call.enforces)

        def check(given: Object) -> Draft:
            name = str(_id_property(given))
            row = self._records.find(kind, _id_of(given), name)
            if row is not None:
                return writer.update(given, row)
            properties = as_object(given.get("properties", {}))
            return writer.create({**given, "properties": {name: _id_of(given), **properties}})

        split = self._portal.options.multi_status_update and _traced(inputs)
        by_email = any(_id_property(one) == "email" for one in inputs)
        drafts, errors = _check_each(inputs, check, split=split and not by_email)
        results = [
            {**self._stored(kind, writer, draft), "new": draft.row is None} for draft in drafts
        ]
        return self._answer(200, results, errors)

    def read(self, call: Call) -> Answer:
        """Records by id or unique value; those missing make it a 207. No associations here."""
        kind = self._portal.kind(call.args["type"])
        inputs = call.inputs()
        body = call.object()
        archived = call.flag("archived")
        names = as_names(body.get("properties"))
        id_property = as_text(body.get("idProperty")) or None
        if id_property:
            names = [*names, id_property]
        results: dict[int, Object] = {}
        missing: list[str] = []
        for given in inputs:
            row = self._records.find(kind, _id_of(given), id_property, archived=archived)
            if row is None:
                missing.append(_id_of(given))
            else:
                results[row.id] = self._records.read(kind, row, names)
        errors = [_missing(kind, missing)] if missing else []
        return self._answer(200, list(results.values()), errors)

    def archive(self, call: Call) -> Answer:
        """Move records to the recycle bin; nothing is said about each."""
        kind = self._portal.kind(call.args["type"])
        for given in call.inputs():
            self._records.discard(kind, _id_of(given))
        return Answer(204)

    def _stored(self, kind: Kind, writer: Writer, draft: Draft) -> Object:
        row = writer.store(draft)
        body = self._records.written(kind, row, draft.values if draft.row else ())
        if draft.trace_id is not None and self._portal.options.trace_id_echo:
            body["objectWriteTraceId"] = draft.trace_id
        return body

    def _answer(self, status: int, results: list[Object], errors: list[Object]) -> Answer:
        """A batch answer, its results in an order nobody may rely on."""
        if self._portal.options.shuffle:
            self._portal.random.shuffle(results)
        return batch_answer(self._portal, status, results, errors)


def batch_answer(
    portal: Portal,
    status: int,
    results: Iterable[Json],
    errors: list[Object],
) -> Answer:
    """The envelope of all batch answers: 207 as soon as there are errors."""
    now = portal.time()
    body: Object = {
        "status": "COMPLETE",
        "results": list(results),
        "startedAt": now,
        "completedAt": now,
    }
    if errors:
        body["numErrors"] = len(errors)
        body["errors"] = list(errors)
    return Answer(207 if errors else status, body)


def _check_each(
    inputs: list[Object],
    check: Callable[[Object], Draft | None],
    *,
    split: bool,
) -> tuple[list[Draft], list[Object]]:
    """Check all inputs before anything is stored; with ``split`` a bad one costs only itself."""
    drafts: list[Draft] = []
    errors: list[Object] = []
    for given in inputs:
        try:
            draft = check(given)
        except Refusal as refusal:
            if not split or isinstance(refusal, Malformed):
                raise
            errors.append(refusal.row(objectWriteTraceId=[as_text(given["objectWriteTraceId"])]))
        else:
            if draft is not None:
                drafts.append(draft)
    return drafts, errors


def _traced(inputs: list[Object]) -> bool:
    """Whether every input has a trace id of its own: the switch to multi-status answers."""
    ids = {as_text(one.get("objectWriteTraceId")) for one in inputs}
    return len(ids) == len(inputs) and "" not in ids


def _refuse_duplicates(ids: list[tuple[Json, Json]]) -> None:
    seen: set[tuple[str, str]] = set()
    for name, id in ids:
        one = (as_text(name), as_text(id))
        if one in seen:
            message = f"Duplicate IDs found in batch input: [{one[1]}]. IDs must be unique."
            raise invalid(message, ids=[one[1]])
        seen.add(one)


def _id_of(given: Object) -> str:
    if "id" not in given:
        raise missing_fields("id")
    return as_text(given["id"])


def _id_property(given: Object) -> str | None:
    return as_text(given.get("idProperty")) or None


def _missing(kind: Kind, ids: list[str]) -> Object:
    message = (
        f"Could not get some {kind.caps} objects, they may be deleted or not exist. "
        "Check that ids are valid."
    )
    return Refusal(404, "OBJECT_NOT_FOUND", message, context={"ids": ids}).row()
