"""Brevo holds the contract of all vendors, whichever way its documentation is read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import httpx
import pytest

from migrator.vendors.registry import product
from migrator.wire import Fault, Faulty, connect
from tests.contract import Opener, VendorContract

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from migrator.vendors.base import Vendor
    from tests.virtual_time import VirtualClock


class TestBrevo(VendorContract):
    """Careful readings."""

    refused = {"deal_stage": "no such stage"}  # noqa: RUF012  # typed by the base class
    create_path = "crm/deals"
    settings: ClassVar[Mapping[str, str]] = {}
    options: ClassVar[Mapping[str, Any]] = {}

    @pytest.fixture
    def open_vendor(self, clock: VirtualClock) -> Opener:
        """Connects to one sandbox, whose pipeline a person created."""
        brevo = product("brevo").configure(self.settings)
        sandbox = brevo.sandbox(
            now=clock.now,
            clock=clock.monotonic,
            pipelines={"Renewals": ["Due", "Won", "Lost"]},
            **self.options,
        )

        def open_vendor(faults: Callable[[httpx.Request], Fault | None] | None = None) -> Vendor:
            network = httpx.MockTransport(sandbox.handle)
            transport = Faulty(network, faults or (lambda _: None), clock)
            client = connect(brevo, "xkeysib-1", str(brevo.base_url), clock, transport=transport)
            return brevo.connect(client, clock)

        return open_vendor

    def creates_deals(self, request: httpx.Request) -> bool:
        """A single deal, or a file of them."""
        path = request.url.path.removesuffix("/import")
        return request.method == "POST" and path.endswith(self.create_path)


class TestBrevoOtherwise(TestBrevo):
    """The other readings: other names in files, hidden processes, small pages."""

    settings = {  # noqa: RUF012  # typed by the base class
        "associated_contact": "email",
        "associated_company": "name",
        "associated_separator": ";",
        "import_stage": "name",
        "page": "7",
        "plan": "extended",
    }
    options = {  # noqa: RUF012  # typed by the base class
        "associated_format": "email",
        "associated_separator": ";",
        "import_stage_as": "name",
        "process_visible": False,
        "max_page": 50,
        "limits": False,
    }
