"""HubSpot as the command line knows it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from migrator.errors import InputError
from migrator.model import ObjectType, Rate
from migrator.vendors.hubspot import legacy
from migrator.vendors.hubspot.answers import daily
from migrator.vendors.hubspot.api import RATES, HubSpot
from migrator.vendors.hubspot.paths import VERSION
from migrator.vendors.hubspot.surprises import surprises
from migrator.vendors.product import FieldLimits, Options, Product, read_options
from migrator.wire import Quota

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx

    from migrator.vendors.base import Sandbox
    from migrator.wire import Clock

_PREFIX = "X-HubSpot-RateLimit-"


def _headers(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def _bucket(request: httpx.Request) -> str:
    return "search" if request.url.path.endswith("/search") else ""


def _learn(response: httpx.Response) -> tuple[Quota, ...]:
    """The account's windows: ``-Max`` per ``-Interval-Milliseconds``, and ``-Daily``.

    The latter begins anew at midnight in the portal's time zone (usage guidelines). ``-Secondly``
    is deprecated; the answers to a search have none of them.
    """
    found = []
    per = _whole(response, "Interval-Milliseconds")
    most = _whole(response, "Max")
    if most and per:
        rate = Rate(most, timedelta(milliseconds=per))
        found.append(Quota(rate, _whole(response, "Remaining")))
    if daily_most := _whole(response, "Daily"):
        rate = Rate(daily_most, timedelta(days=1), calendar=True)
        found.append(Quota(rate, _whole(response, "Daily-Remaining")))
    return tuple(found)


def _whole(response: httpx.Response, name: str) -> int | None:
    text = response.headers.get(_PREFIX + name, "").strip()
    return int(text) if text.isascii() and text.isdigit() else None


def _sandbox(**options: Any) -> Sandbox:  # noqa: ANN401  # the sandbox's own options
    from migrator.vendors.hubspot.sandbox import (  # noqa: PLC0415  # only rehearsals need it
        HubSpotSandbox,
    )

    return HubSpotSandbox(**options)


class HubSpotOptions(Options):
    """What a user may set about HubSpot."""

    api_version: str = Field(
        VERSION,
        pattern=r"^(v3|v4|\d{4}-\d{2})$",
        description="Version of the API that the paths name: v3, v4 or a date such as 2026-03.",
    )

    associations: Literal["batch", "v1"] = Field(
        "batch",
        description="How deals that are there are linked: in batches, or one by one by the "
        "deprecated v1 associations (unsupported after September 2027).",
    )

    via: Literal["auto", "batch", "import"] = Field(
        "auto",
        description="How changes go: in batches of a hundred, by files of the imports API (which "
        "the token must be allowed), or (auto) by files where a plan has 20,000 or more.",
    )

    contact_label: str = Field(
        "",
        description="Label of the links between deals and contacts, as the account has it, such as "
        "Decision maker; blank = none.",
    )

    company_label: str = Field(
        "", description="Label of the links between deals and companies; blank = none."
    )


def _configure(given: Mapping[str, str]) -> Product:
    options = read_options(HubSpotOptions, given)
    v1 = options.associations == "v1"
    labels = {
        ObjectType.CONTACTS: options.contact_label,
        ObjectType.COMPANIES: options.company_label,
    }
    if v1 and any(labels.values()):
        raise InputError(
            "HubSpot's v1 associations carry no labels: leave the option associations away, or the "
            "options contact_label and company_label."
        )

    def connect(client: httpx.AsyncClient, clock: Clock) -> HubSpot:
        return HubSpot(
            client, clock, options.api_version, v1_links=v1, labels=labels, via=options.via
        )

    return replace(
        PRODUCT,
        connect=connect,
        notices=(legacy.NOTICE,) if v1 else (),
        surprises=partial(surprises, api_version=options.api_version),
    )


def _connect(client: httpx.AsyncClient, clock: Clock) -> HubSpot:
    return HubSpot(client, clock)


def _never(_response: httpx.Response) -> bool:
    """HubSpot's refusals are final, but for the statuses that say the opposite."""
    return False


PRODUCT = Product(
    name="hubspot",
    title="HubSpot",
    token_env="HUBSPOT_TOKEN",  # noqa: S106  # the name of the variable
    base_url_env="HUBSPOT_BASE_URL",
    base_url="https://api.hubapi.com",
    headers=_headers,
    bucket=_bucket,
    rates=RATES,
    learn=_learn,
    spent=daily,
    passing=_never,
    options=HubSpotOptions,
    configure=_configure,
    connect=_connect,
    sandbox=_sandbox,
    limits=FieldLimits(longest=100, plain=True, bars=(";",)),
    surprises=partial(surprises, api_version=VERSION),
)
