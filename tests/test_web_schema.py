"""Whatever the site's own description of its operations allows, and what it does not, no answer is a server error."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode, openapi

if TYPE_CHECKING:
    from conftest import Site
    from fastapi import FastAPI
    from schemathesis import Case

FIELDS = (
    "email", "digest", "interests", "when", "cron", "at", "zone", "csrf", "text", "behind", "do", "until", "token",
    "form", "empty_day", "on_return", "language", "patience", "sure", "List-Unsubscribe",
)  # fmt: skip


def described(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI description of the site, with the fields of forms, which handlers read for themselves."""
    schema = app.openapi()
    form = {"type": "object", "properties": {name: {"type": "string"} for name in FIELDS}}
    for operations in schema["paths"].values():
        if "post" in operations:
            operations["post"]["requestBody"] = {"content": {"application/x-www-form-urlencoded": {"schema": form}}}
    return schema


def test_no_operation_ends_in_a_server_error(site: Site) -> None:
    """Good and bad values for every parameter and field of every operation, as a stranger and as a reader."""
    site.enter()
    schema = openapi.from_dict(described(site.app))  # type: ignore[arg-type]
    operations = [found.ok() for found in schema.get_all_operations()]
    modes = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
    asked: set[str] = set()
    assert len(operations) > 30

    @settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
    @given(case=st.one_of([each.as_strategy(generation_mode=mode) for each in operations for mode in modes]))
    def check(case: Case) -> None:
        asked.add(case.operation.label)
        body = case.body if isinstance(case.body, dict) else {}
        headers = {
            name: value for name, value in (case.headers or {}).items() if value.isascii() and value.isprintable()
        }
        answer = site.ask(
            case.method,
            case.formatted_path,
            params=dict(case.query or {}),
            headers={**headers, "Content-Type": "application/x-www-form-urlencoded"},
            content=urlencode({key: str(value) for key, value in body.items()}, errors="replace").encode(),
        )
        assert answer.status_code < 500, (case.method, case.formatted_path, answer.status_code)
        assert answer.headers["content-security-policy"]

    check()
    assert len(asked) > len(operations) / 2
