"""The vendor's SDK in a loop once more, with ``batch_api.upsert`` by a property of unique values.

What a careful user does against duplicates: the account has the unique property already, and every
deal carries it. An upsert takes no associations: linking deals would be a second pass.
"""

from __future__ import annotations

import sys

from hubspot import HubSpot
from hubspot.crm.deals import (
    BatchInputSimplePublicObjectBatchInputUpsert,
    SimplePublicObjectBatchInputUpsert,
)
from hubspot.crm.deals.exceptions import ApiException

from tests.benchmarks.peers.deals import TOKEN, batches, read_deals, task
from tests.benchmarks.peers.sdk import RETRY
from tests.benchmarks.replies import KEY


def main() -> None:
    """Upsert all deals, batch after batch."""
    given = task()
    client = HubSpot(access_token=TOKEN, retry=RETRY, host=given.url)
    for batch in batches(read_deals(given.source)):
        inputs = [
            SimplePublicObjectBatchInputUpsert(id=deal[KEY], id_property=KEY, properties=deal)
            for deal in batch
        ]
        try:
            client.crm.deals.batch_api.upsert(
                BatchInputSimplePublicObjectBatchInputUpsert(inputs=inputs)
            )
        except ApiException as error:
            print(f"Exception when upserting deals: {error}", file=sys.stderr)


if __name__ == "__main__":
    main()
