"""What all tests share: hypothesis without deadlines, and which tests need no coverage."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from tests.unmeasured import unmeasured

if TYPE_CHECKING:
    from collections.abc import Generator

settings.register_profile("migrator", deadline=None)  # test machines are noisy
settings.load_profile("migrator")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Trace neither an unmeasured test, nor the threads and processes that it starts.

    pytest-cov's own mark ``no_cover`` is of no use here: in the workers of pytest-xdist there is a
    second measurement beneath the one that it stops, which goes on then.
    """
    if not (unmeasured(item.nodeid) and item.config.pluginmanager.hasplugin("_cov")):
        return (yield)
    trace, of_threads = sys.gettrace(), threading.gettrace()
    sys.settrace(None)
    threading.settrace(None)
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.delenv("COVERAGE_PROCESS_CONFIG", raising=False)  # coverage starts by it
            return (yield)
    finally:
        sys.settrace(trace)
        threading.settrace(of_threads)
