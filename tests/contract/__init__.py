"""What every vendor must do: one suite, run for each against its sandbox.

A vendor's test module derives a class from :class:`VendorContract` and says what it is called, what
makes it refuse a deal, and how it creates one; see ``tests/hubspot/test_contract.py``.
"""

import pytest

pytest.register_assert_rewrite("tests.contract.base")

from tests.contract.account import AccountContract  # noqa: E402
from tests.contract.base import Opener  # noqa: E402
from tests.contract.exporting import ExportingContract  # noqa: E402
from tests.contract.lost import LostContract  # noqa: E402
from tests.contract.parents import ParentsContract  # noqa: E402
from tests.contract.reading import ReadingContract  # noqa: E402
from tests.contract.undo import UndoContract  # noqa: E402
from tests.contract.unkeyed import UnkeyedContract  # noqa: E402
from tests.contract.writing import WritingContract  # noqa: E402

__all__ = ["Opener", "VendorContract"]


class VendorContract(
    AccountContract,
    WritingContract,
    LostContract,
    ParentsContract,
    ReadingContract,
    ExportingContract,
    UndoContract,
    UnkeyedContract,
):
    """The properties; a test's docstring is one of them."""
