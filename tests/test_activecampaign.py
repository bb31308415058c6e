"""ActiveCampaign holds the contract of all vendors, whichever way its documentation is read."""

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


class TestActiveCampaign(VendorContract):
    """Careful readings."""

    refused = {"stage": "4711"}  # noqa: RUF012  # typed by the base class
    create_path = "/deals"
    companies_of_a_deal = 1
    settings: ClassVar[Mapping[str, str]] = {}
    options: ClassVar[Mapping[str, Any]] = {}

    @pytest.fixture
    def open_vendor(self, clock: VirtualClock) -> Opener:
        """Connects to one sandbox."""
        given = {"default_contact": "nobody@example.com", **self.settings}
        product_ = product("activecampaign").configure(given)
        sandbox = product_.sandbox(now=clock.now, clock=clock.monotonic, **self.options)

        def open_vendor(faults: Callable[[httpx.Request], Fault | None] | None = None) -> Vendor:
            network = httpx.MockTransport(sandbox.handle)
            transport = Faulty(network, faults or (lambda _: None), clock)
            client = connect(product_, "key", "https://a.test", clock, transport=transport)
            return product_.connect(client, clock)

        return open_vendor


class TestActiveCampaignOtherwise(TestActiveCampaign):
    """The other readings, with the vendor's bad days among them."""

    settings = {"custom_fields": "include", "zero_decimal": "units"}  # noqa: RUF012  # as above
    options = {  # noqa: RUF012  # typed by the base class
        "deal_errors": "attributes",
        "existing_datum": "second_row",
        "order_by_id": False,
        "limits": False,
        "stubs": 3,
        "task_read_status": 200,
    }
