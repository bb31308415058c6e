"""The vendor's SDK in a loop: hubspot-api-client, ``batch_api.create`` of a hundred.

Sources: its README (create in a batch, "Retry middleware"). The README's retries leave POST out
without saying so, because urllib3 by itself repeats only what may be repeated; whoever wants them
to work has to allow it, as here. An error of one batch is printed and the loop goes on, as the
README's examples do.
"""

from __future__ import annotations

import sys

from hubspot import HubSpot
from hubspot.crm.deals import (
    BatchInputSimplePublicObjectBatchInputForCreate,
    SimplePublicObjectBatchInputForCreate,
)
from hubspot.crm.deals.exceptions import ApiException
from urllib3.util.retry import Retry

from tests.benchmarks.peers.deals import TOKEN, batches, read_deals, task

RETRY = Retry(
    total=10,
    backoff_factor=0.3,
    backoff_max=10,
    status_forcelist=(429, 500, 502, 504),
    allowed_methods=None,
)


def main() -> None:
    """Create all deals, batch after batch."""
    given = task()
    client = HubSpot(access_token=TOKEN, retry=RETRY, host=given.url)
    for batch in batches(read_deals(given.source)):
        inputs = [
            SimplePublicObjectBatchInputForCreate(properties=deal, associations=[])
            for deal in batch
        ]
        try:
            client.crm.deals.batch_api.create(
                BatchInputSimplePublicObjectBatchInputForCreate(inputs=inputs)
            )
        except ApiException as error:
            print(f"Exception when creating deals: {error}", file=sys.stderr)


if __name__ == "__main__":
    main()
