"""The CRM products there are, by their names on the command line.

The table is explicit, and a product is imported only when it is asked for, so that ``--help``
stays quick.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, cast

from migrator.errors import InputError, did_you_mean

if TYPE_CHECKING:
    from migrator.vendors.product import Product

_MODULES = {
    "activecampaign": "migrator.vendors.activecampaign.product",
    "brevo": "migrator.vendors.brevo.product",
    "hubspot": "migrator.vendors.hubspot.product",
}
"""Name to the module whose ``PRODUCT`` it is."""

SHOWN_FIRST = "hubspot"
"""The one that the demo takes when none is named."""


def names() -> tuple[str, ...]:
    """Names of all products, in order.

    >>> "hubspot" in names()
    True
    """
    return tuple(sorted(_MODULES))


def product(name: str) -> Product:
    """The product of a name.

    Raises:
        InputError: there is none of that name.
    """
    module = _MODULES.get(name.strip().casefold())
    if module is None:
        known = ", ".join(names())
        raise InputError(
            f'There is no CRM "{name}".{did_you_mean(name, names())} The CRMs are: {known}.'
        )
    return cast("Product", import_module(module).PRODUCT)
