"""What every sandbox says of an account to imitate that is none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from migrator.errors import InputError
from migrator.vendors.registry import names, product

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.parametrize("vendor", names())


@pytest.mark.parametrize(
    ("content", "says"),
    [("{", "not JSON"), ("[]", "JSON object"), ("{}", "describe"), ('{"id":"1"}', "describe")],
)
def test_a_file_that_is_no_account_is_an_error_for_the_user(
    vendor: str, content: str, says: str, tmp_path: Path
) -> None:
    """The message names the file and what is wrong with it."""
    path = tmp_path / "account.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=says) as caught:
        product(vendor).sandbox(like=path)
    assert "account.json" in str(caught.value)


def test_a_missing_account_file_is_an_error_for_the_user(vendor: str, tmp_path: Path) -> None:
    """The message names the file; a broken mapping has no file to name."""
    with pytest.raises(InputError, match=r"none\.json"):
        product(vendor).sandbox(like=tmp_path / "none.json")
    with pytest.raises(InputError, match="the mapping"):
        product(vendor).sandbox(like={"id": "1", "pipelines": 3})
