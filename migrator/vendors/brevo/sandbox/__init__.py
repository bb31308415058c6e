"""Brevo's CRM imitated in memory, by its public documentation and recorded answers only.

What neither of them tells is an option of :class:`BrevoOptions` that says UNCERTAIN, or a comment
with that word at the line.
"""

from migrator.vendors.brevo.sandbox.app import BrevoSandbox
from migrator.vendors.brevo.sandbox.options import BrevoOptions

__all__ = ["BrevoOptions", "BrevoSandbox"]
