"""The template: how the columns of one source layout become canonical fields.

A template describes its *source* only; the target is chosen at run time. It is a YAML 1.2 file in
which every scalar is taken as the text that is written there (``yes``, ``NO``, ``007`` and ``1e3``
stay what they are), checked by frozen pydantic models that know no silent extras.
"""

from migrator.template.creation import Create
from migrator.template.deciding import (
    Decision,
    decided,
    decisions_of,
    decisions_sheet,
    read_decisions,
)
from migrator.template.distinct import Places, distinct_places, fitting
from migrator.template.existing import Existing, Likeness, Survivor, parse_existing
from migrator.template.loading import json_schema, load_template, parse_template
from migrator.template.locate import shipped
from migrator.template.moving import moving_template, with_closing_stages
from migrator.template.names import LINK_FIELDS
from migrator.template.narrowing import Match, Narrow, narrowed
from migrator.template.spec import (
    Duplicates,
    FieldSpec,
    FileOptions,
    Group,
    IfUnknown,
    Key,
    KeyPart,
    Pick,
    Template,
    Unmapped,
    ValueRow,
)
from migrator.template.steps import Step
from migrator.template.tables import new_sheet

__all__ = [
    "LINK_FIELDS",
    "Create",
    "Decision",
    "Duplicates",
    "Existing",
    "FieldSpec",
    "FileOptions",
    "Group",
    "IfUnknown",
    "Key",
    "KeyPart",
    "Likeness",
    "Match",
    "Narrow",
    "Pick",
    "Places",
    "Step",
    "Survivor",
    "Template",
    "Unmapped",
    "ValueRow",
    "decided",
    "decisions_of",
    "decisions_sheet",
    "distinct_places",
    "fitting",
    "json_schema",
    "load_template",
    "moving_template",
    "narrowed",
    "new_sheet",
    "parse_existing",
    "parse_template",
    "read_decisions",
    "shipped",
    "with_closing_stages",
]
