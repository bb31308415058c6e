"""Tests that run without coverage: tracing makes them two to three times as slow.

They go whole ways through the product, thousands of rows, or the same way hundreds of times. What
they pass is measured where other tests go there step by step. Of a folder all tests are meant; of a
file all, or those of the functions that are named.
"""

from __future__ import annotations

UNMEASURED: dict[str, tuple[str, ...]] = {
    "tests/activecampaign/test_sandbox_any.py": (),
    "tests/benchmarks/test_bench.py": (),
    "tests/browser/test_report_page.py": (),
    "tests/process/": (),
    "tests/simulation/": (),
    "tests/test_activities_load.py": (
        "test_notes_and_tasks_of_deals",
        "test_from_one_account_to_another",
    ),
    "tests/test_activities_lost.py": (),
    "tests/test_alike.py": ("test_each_record_but_the_first_of_its_likes_counts",),
    "tests/test_cleanup.py": ("test_a_cleanup", "test_five_hundred_owners"),
    "tests/test_cleanup_said.py": (
        "test_a_status_alone",
        "test_a_closed_deal_needs_a_stage_to_be_opened",
    ),
    "tests/test_datasets.py": (),
    "tests/test_every_vendor.py": (),
    "tests/test_exporting.py": (
        "test_wherever_an_export_dies_it_goes_on",
        "test_others_come_and_go_meanwhile",
    ),
    "tests/test_exporting_busy.py": ("test_one_that_came_for_one_that_went",),
    "tests/test_exporting_labels.py": ("test_wherever_an_export_with_labels_dies_it_goes_on",),
    "tests/test_guess_mapping.py": (
        "test_each_file_is_mapped_as_a_person_would",
        "test_headers_and_values_alone_find_the_same",
    ),
    "tests/test_init.py": ("test_from_init_to_a_verified_load_in_four_commands",),
    "tests/test_loader.py": ("test_faults_cost_neither_deals_nor_duplicates",),
    "tests/test_loader_stumbling.py": ("test_odd_rows_in_several_full_batches_end_a_run_still",),
    "tests/test_moving.py": ("test_every_pair", "test_a_move_that_dies_goes_on"),
    "tests/test_nightly.py": ("test_whatever_changed_is_written_and_nothing_else",),
    "tests/test_quota_crowd.py": (),
    "tests/test_quota_used.py": (),
    "tests/test_readme.py": (
        "test_the_first_migration_runs_as_written",
        "test_the_nightly_load_runs_as_written",
        "test_the_demo_moves_deals",
    ),
    "tests/test_runs.py": ("test_ten_thousand_deals_with_one_bad_row",),
    "tests/test_sample_loads.py": (),
    "tests/test_undo.py": ("test_an_undo_goes_on_after_every_kind_of_stop",),
    "tests/test_undo_more.py": ("test_an_undo_that_dies_goes_on_with_all_that_is_left",),
}
_WHOLE = tuple(
    place if place.endswith("/") else f"{place}::"
    for place, names in UNMEASURED.items()
    if not names
)
_FUNCTIONS = {f"{file}::{name}" for file, names in UNMEASURED.items() for name in names}


def unmeasured(test: str) -> bool:
    """Whether a test is one of them, by its id: ``tests/test_x.py::test_y[of]``."""
    return test.startswith(_WHOLE) or test.partition("[")[0] in _FUNCTIONS
