"""What a browser sends: forms of bounded size (WHATWG URL standard, section 5.1), and whether our pages sent it."""

from __future__ import annotations

from typing import Annotated, NamedTuple
from urllib.parse import parse_qs, urlsplit

from fastapi import Depends, Request
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

LARGEST = 300 * 1024
"""Bytes of a request's body that are read."""

_FIELDS = 100
_FORM = "application/x-www-form-urlencoded"


class Form(NamedTuple):
    """The fields of a form, of several with one name the last; empty where the body is no form."""

    fields: dict[str, str]

    def get(self, name: str) -> str:
        """What was typed into a field, line ends as one character; empty where it is missing."""
        return self.fields.get(name, "").replace("\r\n", "\n").replace("\r", "\n")


async def read_form(request: Request) -> Form:
    """The form that a request carries.

    Raises:
        HTTPException: 413 for a body that is too large, 400 for one that broke off or has too many fields.
    """
    content = bytearray()
    try:
        async for piece in request.stream():
            content += piece
            if len(content) > LARGEST:
                raise HTTPException(413)
    except ClientDisconnect:
        raise HTTPException(400) from None
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM:
        return Form({})
    try:
        found = parse_qs(
            content.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=_FIELDS, errors="replace"
        )
    except ValueError:
        raise HTTPException(400) from None
    return Form({name: values[-1] for name, values in found.items()})


FormBody = Annotated[Form, Depends(read_form)]
"""A handler's argument that is the form."""


def is_from_elsewhere(request: Request, site: str) -> bool:
    """Whether a browser says that another site's page sent this (Fetch Metadata; else the Origin header).

    Our pages send no referrer, so that browsers call their origin `null`; programs send neither header.
    """
    fetched = request.headers.get("sec-fetch-site")
    if fetched is not None:
        return fetched not in {"same-origin", "none"}
    origin = request.headers.get("origin", "null")
    return origin != "null" and urlsplit(origin).netloc not in {request.headers.get("host"), urlsplit(site).netloc}
