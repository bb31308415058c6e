"""Endpoints of the account itself: pipelines and stages, owners, limits, account details."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from migrator.vendors.hubspot.sandbox.answers import (
    Answer,
    Refusal,
    as_object,
    as_objects,
    as_text,
    invalid,
    missing_fields,
    not_found,
)
from migrator.vendors.hubspot.sandbox.schema import KINDS, Owner, Pipeline, Stage

if TYPE_CHECKING:
    from migrator.vendors.hubspot.sandbox.answers import Call, Json, Object
    from migrator.vendors.hubspot.sandbox.portal import Portal

OWNERS_PAGE, OWNERS_MOST = 100, 500
PIPELINES, RECORDS, CUSTOM_PROPERTIES = 100, 15_000_000, 1_000
"""Limits per object type: pipelines and records of an Enterprise account, custom properties as
observed on a test account."""


class Pipelines:
    """The endpoints ``pipelines/{type}``; only deals have pipelines here."""

    def __init__(self, portal: Portal) -> None:
        self._portal = portal

    def index(self, call: Call) -> Answer:
        """All pipelines."""
        results: list[Json] = [
            self._pipeline(index, one) for index, one in enumerate(self._all(call))
        ]
        return Answer(200, {"results": results})

    def get(self, call: Call) -> Answer:
        """One pipeline."""
        return self._one(200, self._find(call))

    def create(self, call: Call) -> Answer:
        """A new pipeline with its stages; labels must differ."""
        pipelines = self._all(call)
        body = call.object()
        label = self._label(body, [one.label for one in pipelines])
        if "stages" not in body:
            raise missing_fields("stages")
        pipeline = Pipeline(self._id(body, "pipelineId"), label, [])
        for given in as_objects(body["stages"]):
            pipeline.stages.append(self._new_stage(pipeline, given))
        pipelines.append(pipeline)
        return self._one(201, pipeline)

    def update(self, call: Call) -> Answer:
        """Another label."""
        pipeline = self._find(call)
        others = [one.label for one in self._all(call) if one is not pipeline]
        if "label" in call.object():
            pipeline.label = self._label(call.object(), others)
        return self._one(200, pipeline)

    def delete(self, call: Call) -> Answer:
        """Remove a pipeline; 2026-09 refuses while deals are in it."""
        pipeline = self._find(call)
        self._refuse_in_use(call, "validateReferencesBeforeDelete", "pipeline", pipeline.id)
        self._all(call).remove(pipeline)
        return Answer(204)

    def stages(self, call: Call) -> Answer:
        """The stages of a pipeline."""
        stages = self._find(call).stages
        results: list[Json] = [self._stage(index, one) for index, one in enumerate(stages)]
        return Answer(200, {"results": results})

    def create_stage(self, call: Call) -> Answer:
        """One more stage, at its ``displayOrder`` when there is one."""
        pipeline = self._find(call)
        stage = self._new_stage(pipeline, call.object())
        order = call.object().get("displayOrder")
        index = order if isinstance(order, int) and order >= 0 else len(pipeline.stages)
        pipeline.stages.insert(index, stage)
        return Answer(201, self._stage(pipeline.stages.index(stage), stage))

    def update_stage(self, call: Call) -> Answer:
        """Another label or probability."""
        pipeline = self._find(call)
        index, held = self._find_stage(call, pipeline)
        body = call.object()
        label = held.label
        if "label" in body:
            label = self._label(body, [one.label for one in pipeline.stages if one is not held])
        probability = held.probability
        if "metadata" in body:
            probability = _probability(body)
        pipeline.stages[index] = Stage(held.id, label, probability)
        return Answer(200, self._stage(index, pipeline.stages[index]))

    def delete_stage(self, call: Call) -> Answer:
        """Remove a stage; 2026-09 refuses while deals are in it."""
        pipeline = self._find(call)
        index, stage = self._find_stage(call, pipeline)
        self._refuse_in_use(call, "validateDealStageUsagesBeforeDelete", "dealstage", stage.id)
        del pipeline.stages[index]
        return Answer(204)

    def _all(self, call: Call) -> list[Pipeline]:
        kind = self._portal.kind(call.args["type"])
        if kind.name != "deals":
            raise invalid(f"Objects of type {kind.caps} have no pipelines.")
        return self._portal.pipelines

    def _find(self, call: Call) -> Pipeline:
        self._all(call)
        return self._portal.pipeline(call.args["id"])

    def _find_stage(self, call: Call, pipeline: Pipeline) -> tuple[int, Stage]:
        for index, stage in enumerate(pipeline.stages):
            if stage.id == call.args["stage"]:
                return index, stage
        raise not_found(f"Stage with ID {call.args['stage']} was not found.")

    def _label(self, body: Object, others: list[str]) -> str:
        label = as_text(body.get("label"))
        if not label:
            raise missing_fields("label")
        if label.casefold() in {other.casefold() for other in others}:
            # UNCERTAIN: labels are unique; the status of the refusal is not documented.
            raise Refusal(409, "CONFLICT", f"The label {label} is in use already.")
        return label

    def _id(self, body: Object, name: str) -> str:
        given = as_text(body.get(name))
        return given if given and self._portal.options.honour_given_ids else self._portal.new_id()

    def _new_stage(self, pipeline: Pipeline, given: Object) -> Stage:
        label = self._label(given, [one.label for one in pipeline.stages])
        return Stage(self._id(given, "stageId"), label, _probability(given))

    def _refuse_in_use(self, call: Call, parameter: str, name: str, id: str) -> None:
        # The docs say that 2026-09 checks by default; earlier versions do when asked to.
        default = "true" if call.enforces else "false"
        if call.query.get(parameter, default).lower() != "true":
            return
        rows = self._portal.tables["deals"].rows.values()
        if any(row.archived_at is None and row.properties.get(name) == id for row in rows):
            raise invalid(f"{id} is in use by deals and cannot be deleted.")

    def _one(self, status: int, pipeline: Pipeline) -> Answer:
        return Answer(status, self._pipeline(self._portal.pipelines.index(pipeline), pipeline))

    def _pipeline(self, index: int, pipeline: Pipeline) -> Object:
        stages: list[Json] = [self._stage(n, stage) for n, stage in enumerate(pipeline.stages)]
        return {
            "id": pipeline.id,
            "label": pipeline.label,
            "displayOrder": index,
            "archived": False,
            "createdAt": self._portal.born,
            "updatedAt": self._portal.born,
            "stages": stages,
        }

    def _stage(self, index: int, stage: Stage) -> Object:
        return {
            "id": stage.id,
            "label": stage.label,
            "displayOrder": index,
            "metadata": {
                "isClosed": "true" if stage.closed else "false",
                "probability": stage.probability,
            },
            "archived": False,
            "createdAt": self._portal.born,
            "updatedAt": self._portal.born,
            "writePermissions": "CRM_PERMISSIONS_ENFORCEMENT",
        }


def _probability(given: Object) -> str:
    """The probability of a deal stage: required, from 0.0 to 1.0 in steps of 0.1 (spec)."""
    text = as_text(as_object(given.get("metadata") or {}).get("probability"))
    allowed = {f"{tenths / 10:.1f}" for tenths in range(11)}
    try:
        probability = f"{float(text):.1f}"
    except ValueError:
        probability = ""
    if probability not in allowed or float(text) != float(probability):
        raise invalid(f'"{text}" is not a valid probability: 0.0 to 1.0 in steps of 0.1.')
    return probability


class Accounts:
    """Owners, limits and account details."""

    def __init__(self, portal: Portal) -> None:
        self._portal = portal

    def owners(self, call: Call) -> Answer:
        """Owners in the order of ids; deactivated ones only with ``archived=true``."""
        limit = call.whole("limit", OWNERS_PAGE, OWNERS_MOST)
        after = call.query.get("after", "")
        email = call.query.get("email", "").casefold()
        found = [
            owner
            for owner in sorted(self._portal.owners.values(), key=lambda one: int(one.id))
            if owner.archived == call.flag("archived")
            and (not email or owner.email.casefold() == email)
            and (not after.isdigit() or int(owner.id) > int(after))
        ]
        results: list[Json] = [self._owner(owner) for owner in found[:limit]]
        body: Object = {"results": results}
        if len(found) > limit:
            last = found[limit - 1].id
            body["paging"] = {"next": {"after": last, "link": f"?after={last}"}}
        return Answer(200, body)

    def owner(self, call: Call) -> Answer:
        """One owner by id."""
        owner = self._portal.owners.get(call.args["id"])
        if owner is None or owner.archived != call.flag("archived"):
            raise not_found()
        return Answer(200, self._owner(owner))

    def details(self, _call: Call) -> Answer:
        """The account's number, currencies and time zone."""
        portal = self._portal
        zone = ZoneInfo(portal.time_zone)
        offset = portal.now().astimezone(zone).utcoffset() or timedelta(0)
        minutes = int(offset.total_seconds()) // 60
        sign = "-" if minutes < 0 else "+"
        body: Object = {
            "portalId": portal.id,
            "accountType": "STANDARD",
            "timeZone": portal.time_zone,
            "companyCurrency": portal.currency,
            "additionalCurrencies": [one for one in portal.currencies if one != portal.currency],
            "utcOffset": f"{sign}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}",
            "utcOffsetMilliseconds": minutes * 60_000,
            "uiDomain": "app.hubspot.com",
            "dataHostingLocation": "na1",
        }
        return Answer(200, body)

    def limits(self, call: Call) -> Answer:
        """How much of a limit is used, per kind of record."""
        name = call.args["name"]
        if name not in {"pipelines", "records", "custom-properties"}:
            raise not_found()
        usage = self._usage(name)
        if name == "custom-properties":
            used = sum(usage.values())
            overall = CUSTOM_PROPERTIES * 10
            parts: list[Json] = [_share(kind, n, CUSTOM_PROPERTIES) for kind, n in usage.items()]
            percentage = used / overall * 100
            body: Object = {
                "byObjectType": parts,
                "overallLimit": overall,
                "overallUsage": used,
                "overallPercentage": percentage,
            }
            return Answer(200, body)
        most = PIPELINES if name == "pipelines" else RECORDS
        defined: list[Json] = [_share(kind, n, most) for kind, n in usage.items()]
        custom: Object = {
            "byObjectType": [],
            "overallLimit": 0,
            "overallUsage": 0,
            "overallPercentage": 0,
        }
        return Answer(200, {"hubspotDefinedObjectTypes": defined, "customObjectTypes": custom})

    def _usage(self, name: str) -> dict[str, int]:
        portal = self._portal
        if name == "pipelines":
            return {"deals": len(portal.pipelines)}
        if name == "records":
            return {kind: table.live for kind, table in portal.tables.items()}
        return {
            kind: sum(not one.hubspot_defined and not one.archived for one in held.values())
            for kind, held in portal.properties.items()
        }

    def _owner(self, owner: Owner) -> Object:
        return {
            "id": owner.id,
            "email": owner.email,
            "type": "PERSON",
            "firstName": owner.first_name,
            "lastName": owner.last_name,
            "userId": None if owner.archived else int(owner.id) + 1_000_000,
            "userIdIncludingInactive": int(owner.id) + 1_000_000,
            "teams": [],
            "archived": owner.archived,
            "createdAt": self._portal.born,
            "updatedAt": self._portal.born,
        }


def _share(kind: str, used: int, most: int) -> Object:
    one = KINDS[kind]
    return {
        "objectTypeId": one.type_id,
        "singularLabel": one.singular.capitalize(),
        "pluralLabel": one.name.capitalize(),
        "limit": most,
        "usage": used,
        "percentage": used / most * 100,
    }
