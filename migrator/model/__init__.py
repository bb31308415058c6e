"""The words of the toolkit as frozen dataclasses and enums; no I/O.

Values cross this module as *canonical text*: decimals as ``1234.50``, dates as ``2026-03-31``,
instants as ``2026-03-31T09:00:00Z``, booleans as ``true``/``false``. A field that the source leaves
blank is absent; blank never means "clear what is there".
"""

from migrator.model.account import (
    Account,
    FieldInfo,
    NewField,
    NewPipeline,
    NewStage,
    Owner,
    Pipeline,
    Provision,
    Rate,
    Stage,
)
from migrator.model.exports import (
    Held,
    Page,
    Reference,
)
from migrator.model.ops import (
    Link,
    Op,
    Outcome,
    Sent,
    Shape,
)
from migrator.model.records import (
    Encoded,
    Place,
    Problem,
    Record,
)
from migrator.model.words import (
    CUSTOM_PREFIX,
    DEAL_FIELDS,
    FIELDS,
    ID_FIELDS,
    KEY_EXISTS,
    KEY_FIELD,
    LINKS,
    NOTE_FIELDS,
    TASK_FIELDS,
    UNKEYED,
    UNKNOWN,
    Action,
    DealStatus,
    ObjectType,
    OnConflict,
    OnMissing,
    OpState,
)

__all__ = [
    "CUSTOM_PREFIX",
    "DEAL_FIELDS",
    "FIELDS",
    "ID_FIELDS",
    "KEY_EXISTS",
    "KEY_FIELD",
    "LINKS",
    "NOTE_FIELDS",
    "TASK_FIELDS",
    "UNKEYED",
    "UNKNOWN",
    "Account",
    "Action",
    "DealStatus",
    "Encoded",
    "FieldInfo",
    "Held",
    "Link",
    "NewField",
    "NewPipeline",
    "NewStage",
    "ObjectType",
    "OnConflict",
    "OnMissing",
    "Op",
    "OpState",
    "Outcome",
    "Owner",
    "Page",
    "Pipeline",
    "Place",
    "Problem",
    "Provision",
    "Rate",
    "Record",
    "Reference",
    "Sent",
    "Shape",
    "Stage",
]
