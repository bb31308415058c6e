"""Holds requests and responses against the vendor's own OpenAPI document, where it is at hand.

``check_request`` and ``check_response`` raise AssertionError with what is wrong; ``Checked`` does
both to everything that passes. Where real answers differ from the document, :data:`KNOWN` says so.
"""

from __future__ import annotations

import json
import re
from email import message_from_bytes
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import httpx
import pytest
from openapi_schema_validator import OAS30Validator, oas30_format_checker
from referencing import Registry
from referencing.jsonschema import DRAFT4
from ruamel.yaml import YAML

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

FOLDER = Path(__file__).parents[3] / "shared" / "specs" / "brevo"
_URI = "urn:brevo"
_EVERYWHERE = "*"
_OTHER_PATHS = re.compile(
    r'^  "?/(?!account"?:|crm/|companies|contacts|processes)[\s\S]*?(?=^  "?/|^\w[\w-]*:$)',
    re.MULTILINE,
)
"""The paths of other products: most of a document whose parsing takes seconds."""

_UNDOCUMENTED = frozenset({401, 402, 403, 405, 429})
"""Statuses that any endpoint may answer, though the document lists them nowhere or rarely."""


class Known(NamedTuple):
    """Something in which real traffic differs from the document.

    Attributes:
        endpoint: method and path as in the document, ``*`` = all.
        part: ``query``, ``request``, or the status of the response.
        where: the place in it, ``*`` = any item of a list; for a query the parameter.
        rule: what is broken: a keyword of JSON Schema, ``unknown``, ``status`` or ``body``.
    """

    endpoint: str
    part: str
    where: str
    rule: str
    reason: str


KNOWN = (
    Known("GET /crm/tasktypes", "200", "", "type", "an array by the newer document and live"),
    Known("PATCH /companies/{id}", "204", "", "status", "recorded; documented is 200"),
    Known(_EVERYWHERE, "400", "", "required", "recorded without code for ids in the path"),
    Known("POST /crm/deals", "400", "", "body", "documented without a body; it has one"),
    Known("POST /crm/tasks", "400", "", "body", "documented without a body; it has one"),
    Known("GET /processes", "200", "processes/*/status", "enum", "in_process: newer document"),
    Known("GET /processes/{processId}", "200", "status", "enum", "in_process: newer document"),
    Known("GET /crm/deals", "query", "sortBy", "unknown", "newer document"),
    Known("GET /crm/deals", "query", "filters[attributes.deal_owner]", "unknown", "newer document"),
    Known("GET /crm/deals", "query", "filters[attributes.deal_stage]", "unknown", "newer document"),
    Known("GET /crm/deals", "query", "filters[attributes.pipeline]", "unknown", "newer document"),
    Known("GET /companies", "query", "filters[attributes.name]", "unknown", "newer document"),
)
"""All known differences; ``newer document`` is the vendor's of autumn 2026."""


class _Flaw(NamedTuple):
    """A difference as it was found."""

    part: str
    where: str
    rule: str
    text: str


class Spec:
    """One OpenAPI document.

    Attributes:
        met: the known differences that were seen.
    """

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.document = document
        self.met: set[Known] = set()
        resource = DRAFT4.create_resource(document)
        self._registry: Any = Registry().with_resource(_URI, resource)
        self._paths = [
            (template, re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(template))))
            for template in sorted(document["paths"], key=lambda path: path.count("{"))
        ]

    def request(self, request: httpx.Request) -> None:
        """Raise AssertionError when a request, whose body is read, is not a documented one."""
        endpoint, operation = self._operation(request)
        flaws = [*self._query(request, operation, endpoint), *self._body(request, operation)]
        if not {"api-key", "authorization"} & set(request.headers.keys()):
            flaws.append(_Flaw("request", "api-key", "required", "no key in the headers"))
        self._judge(endpoint, flaws)

    def response(self, request: httpx.Request, response: httpx.Response) -> None:
        """Raise AssertionError when a response, which is read, is not a documented one."""
        endpoint, operation = self._operation(request)
        status = str(response.status_code)
        self._judge(endpoint, list(self._answer(operation, status, response)))

    def _operation(self, request: httpx.Request) -> tuple[str, Any]:
        path = "/" + request.url.path.rpartition("/v3/")[2].strip("/")
        method = request.method.lower()
        for template, pattern in self._paths:
            operation = self.document["paths"][template].get(method)
            if operation is not None and pattern.fullmatch(path):
                return f"{request.method} {template}", operation
        raise AssertionError(f"{request.method} {path} is not documented")

    def _judge(self, endpoint: str, flaws: list[_Flaw]) -> None:
        bad = []
        for flaw in flaws:
            known = [
                one
                for one in KNOWN
                if one.endpoint in {endpoint, _EVERYWHERE}
                and (one.part, one.rule) == (flaw.part, flaw.rule)
                and one.where == re.sub(r"\b\d+\b", "*", flaw.where)
            ]
            self.met.update(known)
            if not known:
                bad.append(f"{endpoint} {flaw.part} {flaw.where or '(all)'}: {flaw.text}")
        assert not bad, "\n".join(bad)

    def _query(self, request: httpx.Request, operation: Any, endpoint: str) -> Iterator[_Flaw]:
        documented = {
            one["name"]: one for one in operation.get("parameters", ()) if one["in"] == "query"
        }
        for name, one in documented.items():
            if one.get("required") and name not in request.url.params:
                yield _Flaw("query", name, "required", f"{endpoint} needs it")
        for name, text in request.url.params.multi_items():
            if name not in documented:
                yield _Flaw("query", name, "unknown", "not a documented parameter")
                continue
            schema = documented[name]["schema"]
            schema = schema.get("items", schema)
            whole = schema.get("type") == "integer" and re.fullmatch(r"-?\d+", text)
            yield from self._valid(schema, int(text) if whole else text, "query", name)

    def _body(self, request: httpx.Request, operation: Any) -> Iterator[_Flaw]:
        documented = operation.get("requestBody")
        content = request.content
        if documented is None or not content:
            if content:
                yield _Flaw("request", "", "body", "a body that is not documented")
            elif documented is not None and documented.get("required"):
                yield _Flaw("request", "", "body", "no body")
            return
        header = request.headers.get("content-type", "")
        media = header.partition(";")[0]
        if media not in documented["content"]:
            yield _Flaw("request", "", "body", f"content type {media}")
            return
        schema = documented["content"][media]["schema"]
        body = json.loads(content) if media == "application/json" else _form(header, content)
        for name in body if media != "application/json" else ():
            if name not in schema["properties"]:
                yield _Flaw("request", name, "unknown", "not a documented field of the form")
            elif schema["properties"][name]["type"] in {"object", "integer"}:
                body[name] = json.loads(body[name])
        yield from self._valid(schema, body, "request")

    def _answer(self, operation: Any, status: str, response: httpx.Response) -> Iterator[_Flaw]:
        documented = operation["responses"].get(status)
        if documented is None:
            if response.status_code not in _UNDOCUMENTED:
                yield _Flaw(status, "", "status", "not a documented status")
            elif not isinstance(response.json().get("message"), str):
                yield _Flaw(status, "", "body", "an error without a message")
            return
        if "$ref" in documented:
            documented = self.document["components"]["responses"][documented["$ref"].split("/")[-1]]
        media = documented.get("content", {}).get("application/json")
        if media is None:
            if response.content:
                yield _Flaw(status, "", "body", "a body that is not documented")
            return
        header = response.headers.get("content-type", "")
        if not header.startswith("application/json"):
            yield _Flaw(status, "", "body", f"content type {header}")
            return
        yield from self._valid(media["schema"], response.json(), status)

    def _valid(self, schema: Any, value: Any, part: str, where: str = "") -> Iterator[_Flaw]:
        validator = OAS30Validator(
            _absolute(schema), registry=self._registry, format_checker=oas30_format_checker
        )
        for error in validator.iter_errors(value):
            place = "/".join(str(step) for step in error.absolute_path) or where
            yield _Flaw(part, place, str(error.validator), str(error.message)[:300])


def check_request(request: httpx.Request) -> None:
    """Hold a request whose body is read against the document; skips the test without one."""
    spec().request(request)


def check_response(request: httpx.Request, response: httpx.Response) -> None:
    """Hold a response that is read against the document; skips the test without one."""
    spec().response(request, response)


def at_hand() -> bool:
    """Whether there is a document."""
    return any(FOLDER.glob("*.yaml"))


@lru_cache(maxsize=1)
def _load(path: Path) -> Spec:
    text = _OTHER_PATHS.sub("", path.read_text(encoding="utf-8"))
    return Spec(YAML(typ="safe", pure=False).load(text))


def spec() -> Spec:
    """The newest document, parsed once per process; without one the test is skipped."""
    if not at_hand():
        pytest.skip("The vendor's OpenAPI document is not beside this checkout.")
    return _load(max(FOLDER.glob("*.yaml")))


class Checked(httpx.AsyncBaseTransport):
    """Holds all that passes against the document, if there is one; otherwise lets it pass."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self._inner = inner

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Check, send, check."""
        await request.aread()
        if at_hand():
            check_request(request)
        response = await self._inner.handle_async_request(request)
        await response.aread()
        if at_hand():
            check_response(request, response)
        return response

    async def aclose(self) -> None:
        """Close what carries the requests."""
        await self._inner.aclose()


def _form(header: str, content: bytes) -> dict[str, Any]:
    """Fields of a form as text."""
    message = message_from_bytes(b"Content-Type: " + header.encode() + b"\r\n\r\n" + content)
    found = {}
    for part in message.walk():
        name = part.get_param("name", header="content-disposition")
        if isinstance(name, str):
            payload = part.get_payload(decode=True)
            assert isinstance(payload, bytes)
            found[name] = payload.decode("utf-8", "replace")
    return found


def _absolute(schema: Any) -> Any:
    """A schema whose references name the document they are of."""
    if isinstance(schema, dict):
        return {
            name: _URI + value if name == "$ref" else _absolute(value)
            for name, value in schema.items()
        }
    if isinstance(schema, list):
        return [_absolute(one) for one in schema]
    return schema
