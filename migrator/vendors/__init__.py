"""CRM products: one folder each; :mod:`migrator.vendors.registry` lists them."""
