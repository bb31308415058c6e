"""Records and what the account holds -> ops and their cost.

``records`` is the border from columns to rows, ``compare`` the question "what differs" that a
load, a verify and an undo share, ``holdings`` what the account has, ``parents`` finds contacts,
companies and deals, ``rows`` puts records into the vendor's terms, ``content`` says whether a row
is what it was, ``intent`` and ``planner`` make ops of all that, ``cost`` counts requests.
"""

from migrator.plan.absent import is_of
from migrator.plan.compare import differences, to_write
from migrator.plan.cost import Cost, cost, large_shapes, shapes_of
from migrator.plan.holdings import Holdings, holdings
from migrator.plan.intent import Intent, Plan, PlannedOp
from migrator.plan.parents import Known, nothing_known
from migrator.plan.planner import make_plan
from migrator.plan.records import canonical_text, of_those_used, read_records
from migrator.plan.rows import ignored_of

__all__ = [
    "Cost",
    "Holdings",
    "Intent",
    "Known",
    "Plan",
    "PlannedOp",
    "canonical_text",
    "cost",
    "differences",
    "holdings",
    "ignored_of",
    "is_of",
    "large_shapes",
    "make_plan",
    "nothing_known",
    "of_those_used",
    "read_records",
    "shapes_of",
    "to_write",
]
