"""What the benchmarks' HubSpot answers: the shapes of its bodies, and what the account has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

Json = dict[str, Any]

KEY = "migrator_key"
"""The property by which duplicates are counted; every tool sends it."""

PIPELINE = "default"
STAGES = {
    "Qualified": "10",
    "Contact Made": "20",
    "Demo Scheduled": "40",
    "Proposal Made": "60",
    "Negotiations Started": "80",
}
"""Labels of the pipeline's stages to their ids."""


_MOMENT = "2026-11-22T10:00:00.000Z"
_CODES = {200: "OK", 201: "Created", 207: "Multi-Status", 400: "Bad Request", 404: "Not Found"}


@dataclass(frozen=True, slots=True)
class Answer:
    """What to send back; ``lost`` = nothing, the connection is closed instead."""

    status: int
    body: Json | list[Any]
    headers: tuple[tuple[str, str], ...] = ()
    lost: bool = False

    @property
    def reason(self) -> str:
        """The words beside the status."""
        return _CODES.get(self.status, "Status")


def shown(id_: int, properties: Mapping[str, Any]) -> Json:
    """A deal as results have it."""
    return {
        "id": str(id_),
        "properties": {
            **properties,
            "hs_object_id": str(id_),
            "createdate": properties.get("createdate", _MOMENT),
            "hs_lastmodifieddate": _MOMENT,
        },
        "createdAt": _MOMENT,
        "updatedAt": _MOMENT,
        "archived": False,
    }


MOMENTS = {"requestedAt": _MOMENT, "startedAt": _MOMENT, "completedAt": _MOMENT}
NOT_VALID = (
    'Property values were not valid: [{"isValid":false,"message":"that is no deal",'
    '"error":"INVALID_OPTION","name":"dealname"}]'
)
SPENT = {
    "status": "error",
    "message": "You have reached your ten_secondly_rolling limit.",
    "errorType": "RATE_LIMIT",
    "correlationId": "bench",
    "policyName": "TEN_SECONDLY_ROLLING",
}


def fault(status: int, category: str, message: str) -> Answer:
    """A whole request that is turned down."""
    body = {"status": "error", "category": category, "message": message, "correlationId": "bench"}
    return Answer(status, body)


def row_error(trace: str) -> Json:
    """What a 207 says of one input that is turned down."""
    return {
        "status": "error",
        "category": "VALIDATION_ERROR",
        "message": NOT_VALID,
        "context": {"objectWriteTraceId": [trace]},
    }


def missing(ids: list[str]) -> Json:
    """What a batch read says of deals that are not there."""
    return {
        "status": "error",
        "category": "OBJECT_NOT_FOUND",
        "message": "Could not get some DEAL objects, they may be deleted or not exist.",
        "context": {"ids": ids},
    }


def property_(name: str, kind: str = "string", *, unique: bool = False) -> Json:
    """A property of deals."""
    return {
        "name": name,
        "label": name,
        "type": kind,
        "fieldType": {"string": "text", "number": "number"}.get(kind, "date"),
        "groupName": "dealinformation",
        "hasUniqueValue": unique,
        "options": [],
        "modificationMetadata": {"readOnlyValue": False},
    }


PORTAL = 424242
"""Id of the account."""

_KINDS = {"amount": "number", "closedate": "datetime", "createdate": "datetime"}
_NAMES = ("dealname", "dealstage", "pipeline", "deal_currency_code", "contract_number", *_KINDS)
STANDARD = {name: property_(name, _KINDS.get(name, "string")) for name in _NAMES}
SCHEMA: dict[str, Json] = {
    "/account-info/details": {
        "portalId": PORTAL,
        "uiDomain": "bench",
        "timeZone": "UTC",
        "companyCurrency": "EUR",
        "additionalCurrencies": ["USD", "GBP"],
    },
    "/crm/owners": {"results": []},
    "/crm/pipelines/deals": {
        "results": [
            {
                "id": PIPELINE,
                "label": "Pipeline",
                "displayOrder": 0,
                "archived": False,
                "stages": [
                    {
                        "id": id_,
                        "label": label,
                        "displayOrder": place,
                        "archived": False,
                        "metadata": {"probability": str(int(id_) / 100), "isClosed": "false"},
                    }
                    for place, (label, id_) in enumerate(STAGES.items())
                ],
            }
        ]
    },
}
