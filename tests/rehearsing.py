"""Runs the scenes of a page as a reader would: in a folder, with sandboxes, and no account."""

from __future__ import annotations

import ast
import re
import shlex
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import httpx
import polars as pl

from migrator.cli.demo import LeapingClock
from migrator.journal import open_journal
from migrator.sandbox import SandboxServer
from migrator.vendors.registry import names, product
from tests.pages import ROOT, RUN_ID, Block, Scene, lines, parsed, same_order

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import ExitStack
    from pathlib import Path

    import pytest


NOT_RUN = frozenset({"systemctl"})
"""Commands of others that a page may show; those of ``cp`` are run, of ``make`` looked up."""

_ID = re.compile(r'"id":\s*"?(\w+)')


@dataclass(slots=True)
class Losing:
    """A sandbox that does the first request with a text in it, and whose answer is lost.

    Attributes:
        made: id of the record that this request has made; blank = there was none yet.
    """

    inner: Any
    text: str
    made: str = ""

    def handle(self, request: httpx.Request) -> httpx.Response:
        """Answer as the sandbox does, or break off."""
        response: httpx.Response = self.inner.handle(request)
        if self.text and self.text.encode() in request.content:
            self.text = ""
            self.made = _ID.findall(response.text)[0]
            raise httpx.RemoteProtocolError("lost", request=request)
        return response


@dataclass(slots=True)
class Stage:
    """A folder, an environment and the sandboxes of one scene.

    Time leaps instead of passing, for the command line and for the sandboxes, so that quotas and
    lags hold and cost nothing.

    Attributes:
        shell: runs a command: exit code, stdout, stderr.
        said: what the commands of the last block have printed, line by line.
        ids: runs by the names that the page gives them in its outputs.
        sandboxes: in the order in which they were served.
        lost: records whose making had no answer, by the ids that the page gives them. Which of
            several rows a sandbox gets first, and so which id it has, is up to the threads.
    """

    folder: Path
    shell: Callable[..., tuple[int, str, str]]
    patch: pytest.MonkeyPatch
    servers: ExitStack
    clock: LeapingClock = field(default_factory=LeapingClock)
    ports: dict[str, str] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)
    ids: dict[str, str] = field(default_factory=dict)
    served: set[str] = field(default_factory=set)
    sandboxes: list[Any] = field(default_factory=list)
    lost: dict[str, Losing] = field(default_factory=dict)

    def play(self, scene: Scene) -> None:
        """Run a scene."""
        self._prepare(scene.said)
        for block in scene.blocks:
            try:
                self._block(block)
            except AssertionError as error:
                error.add_note(f"{scene.page}, line {block.line}")
                raise

    def _prepare(self, said: Mapping[str, Any]) -> None:
        self.patch.chdir(self.folder)
        self.patch.setenv("NO_COLOR", "1")
        self.patch.setattr("migrator.cli.options.SystemClock", lambda: self.clock)
        for name in names():
            self.patch.delenv(product(name).token_env, raising=False)
            self.patch.delenv(product(name).base_url_env, raising=False)
        serve = said.get("serve", ())
        for name in [serve] if isinstance(serve, str) else serve:
            options = serve[name] if isinstance(serve, Mapping) else {}
            self._serve(name, "", options, lose=said.get("lose", {}))
        for place in said.get("files", ()):
            ((name, of),) = place.items() if isinstance(place, dict) else [(place, place)]
            (self.folder / name).symlink_to(ROOT / of)
        for command in said.get("before", ()):
            self._line(command, None)

    def _serve(
        self,
        vendor: str,
        port: str,
        options: Mapping[str, Any],
        *,
        lose: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """Serve a sandbox; without a port in the page, the environment names it at once."""
        made = product(vendor)
        sandbox: Any = made.sandbox(
            token="sandbox", now=self.clock.now, clock=self.clock.monotonic, **options
        )
        self.sandboxes.append(sandbox)
        losing = Losing(sandbox, next(iter(lose), ""))
        self.lost.update(dict.fromkeys(lose.values(), losing))
        server = self.servers.enter_context(SandboxServer(losing))
        if port:
            self.ports[f"http://127.0.0.1:{port}"] = server.url
        else:
            self.served.add(made.token_env)
            self.patch.setenv(made.base_url_env, server.url)
            self.patch.setenv(made.token_env, "sandbox")

    def _block(self, block: Block) -> None:
        for edit in block.said.get("edit", ()):
            self._edit(edit)
        for command in block.said.get("first", ()):
            self._line(command, None)
        if block.file:
            path = self.folder / block.file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text, encoding="utf-8")
        elif block.language == "sh" and "parse" not in block.said:
            self.said.clear()
            for line in lines(block.text):
                self._line(line, block.said.get("exits", {}))
        elif block.language == "python" and block.said.get("run"):
            for line in commands_in(block.text):
                self._line(line, block.said.get("exits", {}))
        elif block.language == "text" and self.said:
            self._compare(block.text)

    def _compare(self, shown: str) -> None:
        """What a page shows as output was said, in that order; ``...`` stands for what is not."""
        wanted = [line for line in shown.splitlines() if line.strip() not in ("", "...")]
        for line, found in same_order(wanted, self.said):
            said = "\n".join(self.said)
            assert found is not None, f"not said, or not there: {line}\nSaid was:\n{said}"
            self.ids.update(zip(RUN_ID.findall(line), RUN_ID.findall(found), strict=True))

    def _line(self, line: str, exits: Mapping[str, int] | None) -> None:
        """Run a line; without exit codes by command it is a preparation, for which 0 and 1 do."""
        words = shlex.split(self._with_ids(line))
        match words:
            case ["export", *settings]:
                for setting in settings:
                    self._export(*setting.split("=", 1))
            case ["migrator", "sandbox", vendor, *rest, "&"]:
                parsed(words[1:-1])
                options = dict(zip(rest[::2], rest[1::2], strict=True))
                like = {"like": self.folder / options["--like"]} if "--like" in options else {}
                self._serve(vendor, options.get("--port", "8765"), like)
            case ["migrator", *arguments]:
                self._migrator(line, arguments, exits)
            case ["cp", place, copy]:
                shutil.copy(self.folder / place, self.folder / copy)
            case ["make", target, *_]:
                assert f"\n{target}: " in (ROOT / "Makefile").read_text(encoding="utf-8"), line
            case [command, *_]:
                assert command in NOT_RUN, f"a page may not show {line!r}"

    def _with_ids(self, line: str) -> str:
        """A line with the runs and records there are instead of those that the page names."""
        for shown, losing in self.lost.items():
            line = line.replace(shown, losing.made or shown)
        if "RUN" in line.split() or "/RUN/" in line:
            line = line.replace("RUN", self._newest())
        return RUN_ID.sub(lambda found: self.ids.get(found[0]) or self._newest(), line)

    def _newest(self) -> str:
        with open_journal(self.folder / ".migrator" / "journal.db") as journal:
            return journal.run().id

    def _export(self, name: str, value: str) -> None:
        """Set a variable; what names a served account is left as it is."""
        if name == "PATH":
            return  # the commands of this environment are the ones that are run
        of = next(one for one in map(product, names()) if name in (one.token_env, one.base_url_env))
        if of.token_env not in self.served:
            self.patch.setenv(name, self.ports.get(value, value))

    def _migrator(self, line: str, arguments: list[str], exits: Mapping[str, int] | None) -> None:
        to = arguments[arguments.index(">") + 1] if ">" in arguments else ""
        if to:
            arguments = arguments[: arguments.index(">")]
        code, out, err = self.shell(*arguments)
        wanted = {0, 1} if exits is None else {exits.get(arguments[0], 0)}
        assert code in wanted, f"{line} ended with {code}\n{out}\n{err}"
        if to:
            (self.folder / to).write_text(out, encoding="utf-8")
            out = ""
        self.said += f"{err}\n{out}".splitlines()

    def _edit(self, edit: Mapping[str, Any]) -> None:
        """What a person does to a file in a spreadsheet: columns of some rows get new values."""
        path = self.folder / self._with_ids(edit["file"])
        frame = pl.read_csv(path, infer_schema=False).with_row_index("_at")
        chosen = pl.all_horizontal(
            pl.lit(value=True), *(pl.col(name) == value for name, value in edit["where"].items())
        )
        assert frame.filter(chosen).height > 0, f"nothing to edit in {path.name}: {edit}"
        set_ = {name: pl.lit(str(value)) for name, value in edit["set"].items()}
        changed = frame.with_columns(
            pl.when(chosen).then(value).otherwise(pl.col(name)).alias(name)
            for name, value in set_.items()
        )
        changed.drop("_at").write_csv(path)


def commands_in(code: str) -> list[str]:
    """The texts in a Python program that are commands of ours."""
    found = (node.value for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Constant))
    return [text for text in found if isinstance(text, str) and text.startswith("migrator ")]
