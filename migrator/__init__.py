"""Bulk import, export and migration of CRM deals: nothing lost, nothing twice.

The folder reads from top to bottom: :mod:`migrator.cli` calls :mod:`migrator.prepare` (files to
canonical records), :mod:`migrator.plan` (records to ops), :mod:`migrator.loader` (ops to the CRM)
and :mod:`migrator.report`; a CRM product is one folder below :mod:`migrator.vendors`.
"""

__version__ = "0.1.0"
