"""Faults to put into the product by hand; the simulation must notice each of them.

A mutant is a few words of the product, which occur there once, and what to write in their place.
When the product is reworded, the words have to follow: a test says which.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.simulation.crms import VENDORS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass(frozen=True)
class Change:
    """Words of a file of the package, and what stands there in the mutant."""

    file: str
    old: str
    new: str


@dataclass(frozen=True)
class Mutant:
    """A fault.

    Attributes:
        why: what somebody may have thought who would write this.
        changes: what to change.
        vendors: where it shows.
        tests: files of tests that must notice it instead, where no world brings it about.
    """

    name: str
    why: str
    changes: tuple[Change, ...]
    vendors: tuple[str, ...] = VENDORS
    tests: tuple[str, ...] = ()


def changed(package: Path, mutant: Mutant) -> Mapping[Path, str]:
    """The files of a mutant with their new text.

    Raises:
        LookupError: the words to change do not occur exactly once.
    """
    texts: dict[Path, str] = {}
    for change in mutant.changes:
        path = package / change.file
        text = texts.get(path) or path.read_text(encoding="utf-8")
        if (count := text.count(change.old)) != 1:
            raise LookupError(f"{mutant.name}: {change.file} has {change.old!r} {count} times")
        texts[path] = text.replace(change.old, change.new)
    return texts


_LOADER = "loader/loader.py"
_SETTLING = "loader/settling.py"
_BREVO, _ACTIVECAMPAIGN, _HUBSPOT = "vendors/brevo", "vendors/activecampaign", "vendors/hubspot"

MUTANTS = (
    Mutant(
        "send-before-journalling",
        "the intent is written down when the answer is there: one transaction less",
        (
            Change(
                _LOADER,
                "                self._notes.sending(batch)\n",
                "",
            ),
            Change(
                _LOADER,
                "            outcomes = await self._write(batch)\n",
                "            outcomes = await self._write(batch)\n"
                "            self._notes.sending(batch)\n",
            ),
        ),
    ),
    Mutant(
        "never-settle",
        "what has no answer is left to the user",
        (
            Change(
                _SETTLING,
                "while sent := self._journal.unsettled(self._run, limit=self.most_open):",
                "while sent := []:",
            ),
        ),
    ),
    Mutant(
        "unsettled-is-unsent",
        "no answer, so it was not carried out",
        (Change(_SETTLING, "await self._vendor.recover(", "(lambda *_: [])("),),
        ("brevo", "activecampaign"),
    ),
    Mutant(
        "lost-is-unsent",
        "an answer that is lost means that nothing was done",
        (
            Change(
                _LOADER,
                "            pass  # the ops stay",
                "            self._journal.unsend(self._job.run, batch)  # the ops stay",
            ),
        ),
        ("brevo", "activecampaign"),
    ),
    Mutant(
        "written-before-confirmed",
        "a request that left will be carried out",
        (
            Change(
                _LOADER,
                "            outcomes = await self._write(batch)\n",
                "            done = [Settled(op, OpState.WRITTEN, op.id) for op in batch]\n"
                "            self._notes.note(done)\n"
                "            outcomes = await self._write(batch)\n",
            ),
        ),
    ),
    Mutant(
        "written-before-linked",
        "a record is written when it is there; its links will follow",
        (Change(_LOADER, "self._notes.hold(certain)", "self._notes.hold(settled)"),),
        ("activecampaign",),
    ),
    Mutant(
        "links-forgotten-on-resume",
        "what landed in an earlier life is done",
        (
            Change(
                _SETTLING,
                "            rest = [s for s in settled if needs_link(self._vendor, s)]\n",
                "            self._notes.note(settled)\n            rest = []\n",
            ),
        ),
        ("activecampaign",),
    ),
    Mutant(
        "children-do-not-wait",
        "a company whose creation is in doubt is as good as none",
        (
            Change(
                _LOADER,
                "            if links.open:\n                continue",
                "            if False:\n                continue",
            ),
        ),
        tests=("tests/test_unknown.py",),
    ),
    Mutant(
        "old-plans-are-true",
        "nobody writes to the account but us",
        (Change(_LOADER, "if not (self._job.fresh or", "if not (True or"),),
        ("brevo", "activecampaign"),
    ),
    Mutant(
        "others-are-not-settled",
        "another run's open requests are its own business",
        (Change("runs/settling.py", "in workspace.journal.open_runs():", "in ():"),),
        ("brevo", "activecampaign"),
    ),
    Mutant(
        "a-taken-key-is-a-refusal",
        "the CRM says that the key is taken: then it is somebody else's",
        (
            Change(
                _LOADER,
                "found = await self._presence.told_taken(rest)",
                "found = rest",
            ),
        ),
        ("hubspot",),
    ),
    Mutant(
        "parents-per-row",
        "each row creates the company that it needs",
        (
            Change(
                "plan/parents.py",
                "if (type, key) not in self._created:",
                "if key:",
            ),
        ),
        ("brevo",),
    ),
    Mutant(
        "updates-say-nothing",
        "what differs in a record that is there is a person's choice",
        (
            Change(
                "plan/planner.py", "Action.UPDATE if changed else", "Action.SKIP if changed else"
            ),
        ),
    ),
    Mutant(
        "blind-retry",
        "whatever has no answer is sent once more",
        (
            Change(
                "wire/client.py",
                '["repeatable"] = effect is not Effect.ONCE',
                '["repeatable"] = True',
            ),
        ),
        ("brevo", "activecampaign"),
    ),
    Mutant(
        "a-5xx-did-nothing",
        "a gateway's error says that the request did not get through",
        (
            Change(
                "wire/retry.py",
                "frozenset({423, 429, 477})",
                "frozenset({423, 429, 477, 500, 502, 503, 504})",
            ),
        ),
        ("brevo", "activecampaign"),
    ),
    Mutant(
        "doubt-is-none",
        "an error means that nothing was carried out",
        (
            Change(
                "wire/client.py",
                "-> Unavailable | OutcomeUnknown:\n    if _lost_before(sent, effect):",
                "-> Unavailable | OutcomeUnknown:\n    if False:",
            ),
        ),
        ("brevo", "activecampaign"),
    ),
    Mutant(
        "one-too-many",
        "a hundred requests per window are a hundred and one",
        (
            Change(
                "wire/budget.py",
                "ours = self.ours + 1 - limit.ours",
                "ours = self.ours - limit.ours",
            ),
            Change(
                "wire/budget.py",
                "self.ours + self.others + 1 - limit.rate.requests",
                "self.ours + self.others - limit.rate.requests",
            ),
        ),
    ),
    Mutant(
        "quota-begins-anew",
        "a new process has the whole quota",
        (
            Change(
                "runs/target.py",
                "ledger=ledger, say",
                "say",
            ),
        ),
    ),
    Mutant(
        "hubspot-by-position",
        "answers to a batch come in its order",
        (
            Change(
                f"{_HUBSPOT}/write.py",
                '        for result in objects(found.get("results")):\n'
                "            op = names.of_result(result)\n",
                '        for op, result in zip(ops, objects(found.get("results"))):\n',
            ),
        ),
        ("hubspot",),
    ),
    Mutant(
        "hubspot-a-part-is-nothing",
        "when a part of a batch fails, none of it was carried out",
        (Change(f"{_HUBSPOT}/write.py", "        if batch.carried_out:", "        if False:"),),
        tests=("tests/hubspot/test_write.py",),
    ),
    Mutant(
        "hubspot-all-or-nothing",
        "a batch that is turned down is refused row by row with the same reason",
        (
            Change(
                f"{_HUBSPOT}/write.py",
                "        if len(ops) > 1:\n",
                "        if len(ops) > 1:\n"
                "            for op in ops:\n"
                "                self._refused(op, fault)\n"
                "            return\n",
            ),
        ),
        ("hubspot",),
    ),
    Mutant(
        "brevo-lists-do-not-lag",
        "what one reading does not show is not there",
        (
            Change(
                f"{_BREVO}/recover.py",
                "        if missing and trial:\n"
                "            await session.clock.sleep(session.options.list_lag)\n"
                "        if missing:\n",
                "        if missing and not trial:\n",
            ),
        ),
        ("brevo",),
    ),
    Mutant(
        "brevo-ended-is-shown",
        "when an import has ended, its rows can be read",
        (
            Change(
                f"{_BREVO}/jobs.py",
                "agree = left == before and not just_ended",
                "agree = left == before or just_ended",
            ),
        ),
        ("brevo",),
    ),
    Mutant(
        "brevo-hidden-is-ended",
        "an import that is not shown has ended",
        (
            Change(
                f"{_BREVO}/jobs.py",
                "        if not patient:\n            return None\n",
                "",
            ),
        ),
        ("brevo",),
    ),
    Mutant(
        "brevo-lost-uploads-go-again",
        "an upload without an answer is sent once more",
        (
            Change(
                f"{_BREVO}/calls.py",
                "Effect.ONCE, parts=parts, leaving=leaving)",
                "Effect.REPEATABLE, parts=parts, leaving=leaving)",
            ),
        ),
        ("brevo",),
    ),
    Mutant(
        "brevo-forgets-the-job",
        "an import is remembered by the process that waits for it",
        (
            Change(
                _LOADER,
                "lambda job: self._journal.note_job(self._job.run, to_write, job),",
                "lambda job: None,",
            ),
            Change(
                f"{_BREVO}/recover.py",
                "if noted is None and len(ops) < session.options.import_from:",
                "if noted is None:",
            ),
        ),
        ("brevo",),
    ),
    Mutant(
        "activecampaign-lost-deals-go-again",
        "a deal without an answer is created once more",
        (
            Change(
                f"{_ACTIVECAMPAIGN}/deal_calls.py",
                '"deals", {"deal": dict(content)}, effect=Effect.ONCE',
                '"deals", {"deal": dict(content)}, effect=Effect.REPEATABLE',
            ),
        ),
        ("activecampaign",),
    ),
    Mutant(
        "activecampaign-one-look",
        "what is not there now is not going to be",
        (
            Change(
                f"{_ACTIVECAMPAIGN}/recover.py",
                "[seconds * part / sum(_LOOKS) for part in _LOOKS] if seconds else [0.0]",
                "[0.0 * seconds]",
            ),
        ),
        ("activecampaign",),
    ),
    Mutant(
        "activecampaign-one-clock",
        "our clock and theirs are the same",
        (
            Change(
                f"{_ACTIVECAMPAIGN}/recover.py",
                "- max(ahead, timedelta(0)) - MARGIN",
                "",
            ),
        ),
        ("activecampaign",),
    ),
    Mutant(
        "activecampaign-fields-are-saved",
        "a deal that was created has its fields",
        (
            Change(
                f"{_ACTIVECAMPAIGN}/write.py",
                "    saved = await tenant.calls.deals.create(content.body())\n",
                "    saved = await tenant.calls.deals.create(content.body())\n"
                "    return Outcome(op.key, OpState.WRITTEN, saved.id)\n",
            ),
        ),
        ("activecampaign",),
    ),
    Mutant(
        "activecampaign-no-key-no-deal",
        "a deal without a key is somebody else's",
        (
            Change(
                f"{_ACTIVECAMPAIGN}/recover.py",
                "        if not keyless:\n            return []",
                "        if True:\n            return []",
            ),
        ),
        ("activecampaign",),
    ),
)
