"""Brevo as the command line knows it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from migrator.model import Rate
from migrator.vendors.brevo.api import Brevo
from migrator.vendors.brevo.options import BrevoOptions
from migrator.vendors.brevo.surprises import surprises
from migrator.vendors.product import FieldLimits, Product, read_options
from migrator.wire import Quota

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx

    from migrator.vendors.base import Sandbox
    from migrator.wire import Clock

_PREFIX = "x-sib-ratelimit-"


def _headers(key: str) -> dict[str, str]:
    return {"api-key": key}


def _bucket(request: httpx.Request) -> str:
    """``/v3/contacts/{...}`` counts apart, and by what was seen live ``/v3/contacts`` too."""
    return "contacts" if "contacts" in request.url.path.split("/") else ""


def _learn(response: httpx.Response) -> tuple[Quota, ...]:
    """The window of an answer; those of CRM calls have been seen to tell none.

    ``-reset`` is what is left of the window in seconds, not an instant: one second or less means a
    window of a second, more one of an hour. Of a refusal it is the only word on how long to wait:
    Brevo documents no Retry-After.
    """
    most, left = _whole(response, "limit"), _whole(response, "remaining")
    reset = _whole(response, "reset")
    if not most or reset is None:
        return ()
    per = timedelta(seconds=1) if reset <= 1 else timedelta(hours=1)
    return (Quota(Rate(most, per), left, float(reset)),)


def _whole(response: httpx.Response, name: str) -> int | None:
    text = response.headers.get(_PREFIX + name, "").strip()
    return int(text) if text.isascii() and text.isdigit() else None


def _never(_response: httpx.Response) -> bool:
    """Brevo says of no refusal that it is a passing one, nor for how long a quota is spent."""
    return False


def _connect(client: httpx.AsyncClient, clock: Clock) -> Brevo:
    return Brevo(client, clock)


def _configure(given: Mapping[str, str]) -> Product:
    options = read_options(BrevoOptions, given)

    def connect(client: httpx.AsyncClient, clock: Clock) -> Brevo:
        return Brevo(client, clock, options)

    return replace(
        PRODUCT,
        rates=options.rates(),
        connect=connect,
        surprises=partial(surprises, options=options),
    )


def _sandbox(**options: Any) -> Sandbox:  # noqa: ANN401  # the sandbox's own options
    from migrator.vendors.brevo.sandbox import (  # noqa: PLC0415  # only rehearsals need it
        BrevoSandbox,
    )

    return BrevoSandbox(**options)


PRODUCT = Product(
    name="brevo",
    title="Brevo",
    token_env="BREVO_API_KEY",  # noqa: S106  # the name of the variable
    base_url_env="BREVO_BASE_URL",
    base_url="https://api.brevo.com/v3",
    headers=_headers,
    bucket=_bucket,
    rates=BrevoOptions().rates(),
    learn=_learn,
    spent=_never,
    passing=_never,
    options=BrevoOptions,
    configure=_configure,
    connect=_connect,
    sandbox=_sandbox,
    limits=FieldLimits(longest=50),
    surprises=partial(surprises, options=BrevoOptions()),
)
