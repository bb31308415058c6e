"""ActiveCampaign as the command line knows it."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from migrator.model import Rate
from migrator.vendors.activecampaign.answers import over_import_rate, whole
from migrator.vendors.activecampaign.api import ActiveCampaign, rates
from migrator.vendors.activecampaign.chores import CHORES
from migrator.vendors.activecampaign.options import ActiveCampaignOptions
from migrator.vendors.activecampaign.surprises import surprises
from migrator.vendors.product import FieldLimits, Product, read_options
from migrator.wire import Quota

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx

    from migrator.vendors.base import Sandbox
    from migrator.wire import Clock


def _headers(token: str) -> dict[str, str]:
    return {"Api-Token": token}


def _bucket(_request: httpx.Request) -> str:
    """All requests count against the five a second, imports of contacts too.

    That these may be 100 a minute at most is kept by running one at a time.
    """
    return ""


def _never(_response: httpx.Response) -> bool:
    """A 429 is over within seconds: there is no quota for a day."""
    return False


def passing(response: httpx.Response) -> bool:
    """Refusals that come and go, by which nothing was done.

    403 comes "intermittently" for a good token (the makers of a published extractor); 503 was the
    429 of former days, and says so by Retry-After; an import over its rate is a 400.
    """
    status = response.status_code
    return (
        status == 403
        or (status == 503 and "Retry-After" in response.headers)
        or over_import_rate(response)
    )


def _sandbox(**options: Any) -> Sandbox:  # noqa: ANN401  # the sandbox's own options
    from migrator.vendors.activecampaign.sandbox import (  # noqa: PLC0415  # only rehearsals need it
        ActiveCampaignSandbox,
    )

    return ActiveCampaignSandbox(**options)


def _product(options: ActiveCampaignOptions) -> Product:
    """The product as these options ask for it."""

    def learn(response: httpx.Response) -> tuple[Quota, ...]:
        """``RateLimit-Limit`` a second and ``-Remaining``: documented, and in no recorded answer.

        What the user set is never exceeded, whatever the account allows.
        """
        limit = whole(response.headers.get("RateLimit-Limit"))
        if not limit:
            return ()
        most = min(limit, options.requests_per_second)
        left = whole(response.headers.get("RateLimit-Remaining"))
        left = None if left is None else max(0, left - (limit - most))
        return (Quota(Rate(most, timedelta(seconds=1)), left),)

    def connect(client: httpx.AsyncClient, clock: Clock) -> ActiveCampaign:
        return ActiveCampaign(client, clock, options)

    return Product(
        name="activecampaign",
        title="ActiveCampaign",
        token_env="ACTIVECAMPAIGN_API_TOKEN",  # noqa: S106  # the name of the variable
        base_url_env="ACTIVECAMPAIGN_BASE_URL",
        base_url=None,
        headers=_headers,
        bucket=_bucket,
        rates=rates(options),
        learn=learn,
        spent=_never,
        passing=passing,
        options=ActiveCampaignOptions,
        configure=_configure,
        connect=connect,
        sandbox=_sandbox,
        limits=FieldLimits(bars=("||",)),
        chores=CHORES,
        surprises=partial(surprises, options=options),
    )


def _configure(given: Mapping[str, str]) -> Product:
    return _product(read_options(ActiveCampaignOptions, given))


PRODUCT = _product(ActiveCampaignOptions())
