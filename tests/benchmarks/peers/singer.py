"""A Singer target of singer-sdk with a batch sink, fed by a tap through a pipe.

Sources: the SDK's documentation, "BatchSink" and "batch_size_rows"; requests with a session that
repeats, as the SDK's own REST classes use.
"""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from singer_sdk import Target  # type: ignore[import-not-found,unused-ignore]  # of the extra
from singer_sdk import typing as th
from singer_sdk.sinks import BatchSink  # type: ignore[import-not-found,unused-ignore]
from urllib3.util.retry import Retry

from tests.benchmarks.peers.deals import BATCH, TOKEN, task

_RETRY = Retry(
    total=10,
    backoff_factor=0.3,
    backoff_max=10,
    status_forcelist=(429, 500, 502, 503, 504),
    allowed_methods=None,
)


class DealSink(BatchSink):  # type: ignore[misc,unused-ignore]  # untyped where it is not installed
    """Posts a batch as soon as it is full."""

    def setup(self) -> None:
        """Open the session."""
        self._session = requests.Session()
        self._session.mount("http://", HTTPAdapter(max_retries=_RETRY))
        self._session.headers["Authorization"] = f"Bearer {TOKEN}"

    def process_batch(self, context: dict[str, Any]) -> None:
        """Create the deals of one batch; what the CRM turns down is logged, and the rest goes on.

        To raise would end the run at the first bad batch.
        """
        inputs = [{"properties": deal} for deal in context["records"]]
        answer = self._session.post(self.config["url"], json={"inputs": inputs})
        if not answer.ok:
            self.logger.error("%s: %s", answer.status_code, answer.text)


class DealTarget(Target):  # type: ignore[misc,unused-ignore]  # as above
    """One sink for all streams."""

    name = "target-deals"
    config_jsonschema = th.PropertiesList(
        th.Property("url", th.StringType, required=True)
    ).to_dict()
    default_sink_class = DealSink


def main() -> None:
    """Run the tap, and listen to it."""
    given = task()
    command = [sys.executable, "-m", "tests.benchmarks.peers.tap", str(given.source)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, encoding="utf-8") as tap:
        config = {"url": given.create, "batch_size_rows": BATCH}
        DealTarget(config=config).listen(tap.stdout)


if __name__ == "__main__":
    main()
