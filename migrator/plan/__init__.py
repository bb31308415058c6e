"""Records and what the account holds -> ops and their cost.

``records`` is the border from columns to rows, ``compare`` the question "what differs" that a
load, a verify and an undo share, ``parents`` finds contacts and companies, ``planner`` makes ops.
"""

from migrator.plan.compare import differences, to_write
from migrator.plan.cost import Cost, cost
from migrator.plan.planner import Intent, Plan, PlannedOp, make_plan
from migrator.plan.records import canonical_text, read_records

__all__ = [
    "Cost",
    "Intent",
    "Plan",
    "PlannedOp",
    "canonical_text",
    "cost",
    "differences",
    "make_plan",
    "read_records",
    "to_write",
]
