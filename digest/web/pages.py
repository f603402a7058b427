"""Templates filled: a page as an answer, with what is the same for all pages, and what is told of failures."""

from __future__ import annotations

import hashlib
import logging
from dataclasses import fields
from functools import cached_property, partial
from http import HTTPStatus
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from starlette.responses import HTMLResponse, PlainTextResponse, Response

from digest.errors import TemplateError
from digest.jinja import Templates
from digest.paper_view import short_line
from digest.view import AccentView
from digest.web import specimens
from digest.web.security import policy
from digest.web.views import FrameView, LinkView, NoteView

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from digest.settings import Settings

_NAME, _ADDRESS = 80, 160
_STYLE = "web/site/style.css"

_FAILURES = {
    400: ("That did not arrive whole", "Something in the request cannot be read. Please go back and try once more."),
    403: (
        "That came from elsewhere",
        "This form was not sent from one of our pages, or the page was open for too long. Nothing was changed.",
    ),
    404: ("There is nothing here", "The address may be mistyped, or what stood here is gone."),
    405: ("That cannot be done here", "This page can be looked at or sent to, and not what was tried."),
    413: ("That is too much", "More was sent than this site reads at once. Nothing was changed."),
    414: ("That address is too long", "No page of ours has an address of that length."),
    429: ("A little slower, please", "Very much was asked of this site from where you are. Please wait a moment."),
    500: ("Something broke here", "It is our fault and not yours, and it has been noted. Please try again later."),
    503: ("Busy for a moment", "The database is in use by something that takes long. Please try again in a minute."),
}


class Pages:
    """The pages of an installation; its operator's templates come before the shipped ones. Threads may share it."""

    def __init__(self, settings: Settings) -> None:
        self.log = logging.getLogger("digest.web")
        self._templates = Templates(settings.templates)
        self._shipped = Templates()
        self._look = settings.look
        self._accent = AccentView(light=self._look.accent, dark=self._look.accent_on_dark)

    def faults(self) -> tuple[str, ...]:
        """What is wrong with the templates of the site, each fault once, by compiling all and filling them."""
        names = [name for name in self._templates.names if name.startswith("web/site/")]
        found = _faults(partial(self._templates.compile, name) for name in names)
        trials = (partial(_filled, self._templates, name, specimens.FRAME, view) for name, view in specimens.pages())
        return found or _faults([lambda: self.style, *trials])

    def check(self) -> None:
        """See that all templates of the site can be filled.

        Raises:
            TemplateError: one does not compile, or names what is not there; a line for each fault.
        """
        if found := self.faults():
            raise TemplateError("\n".join(found))

    @cached_property
    def _frame(self) -> FrameView:
        return FrameView(
            site=short_line(self._look.masthead, _NAME) or "Paper Digest",
            address=short_line(self._look.address, _ADDRESS),
            style=self.style_url,
            script=self.script_url,
        )

    @cached_property
    def style_url(self) -> str:
        """Where the style sheet is, by what is in it."""
        return f"/static/{_mark(self.style)}.css"

    @cached_property
    def script_url(self) -> str:
        """Where the script is, likewise."""
        return f"/static/{_mark(self.script)}.js"

    @cached_property
    def style(self) -> str:
        """The style sheet of all pages."""
        return self._templates.fill(_STYLE, {"accent": self._accent})

    @cached_property
    def script(self) -> str:
        """What makes pages quicker to use where scripts run."""
        return (files("digest.web") / "site.js").read_text(encoding="utf-8")

    def text(self, name: str, view: object) -> str:
        """The text that the template `web/site/<name>` makes of a view; the shipped one where the operator's fails.

        Raises:
            TemplateError: a shipped template fails.
        """
        try:
            return _filled(self._templates, name, self._frame, view)
        except TemplateError as error:
            # It could be filled with all specimens; the visitor of this one page shall not pay for what they lack.
            self.log.error("%s", error)  # noqa: TRY400  (the template's line says it all)
            return _filled(self._shipped, name, self._frame, view)

    def show(
        self, name: str, view: object, status: int = 200, *, pictures: bool = False, headers: Mapping[str, str] = {}
    ) -> Response:
        """The page; with `pictures` it may show some from where the papers are.

        Raises:
            TemplateError: an overriding template fails.
        """
        allowed = policy(pictures="'self' https:" if pictures else "'self'")
        return HTMLResponse(self.text(f"{name}.html", view), status, {"Content-Security-Policy": allowed, **headers})

    def note(self, view: NoteView, status: int = 200, headers: Mapping[str, str] = {}) -> Response:
        """A page that says something, and may ask for something with one button."""
        return self.show("note", view, status, headers=headers)

    def failure(self, status: int, headers: Mapping[str, str] = {}) -> Response:
        """What is told of a request that failed; in plain text where the template fails, too."""
        title, why = _FAILURES.get(status) or (HTTPStatus(status).phrase, "")
        try:
            return self.note(
                NoteView(title=title, lines=(why,), links=(LinkView(label="Front page", url="/"),)), status, headers
            )
        except TemplateError as error:
            self.log.error("%s", error)  # noqa: TRY400  (the template's line says it all)
            return PlainTextResponse(f"{title}\n", status, dict(headers))


def _filled(templates: Templates, name: str, frame: FrameView, view: object) -> str:
    shown = {each.name: getattr(frame, each.name) for each in fields(frame)}
    of: Any = view
    shown |= {each.name: getattr(of, each.name) for each in fields(of)}
    return templates.fill(f"web/site/{name}", shown)


def _faults(trials: Iterable[Callable[[], object]]) -> tuple[str, ...]:
    """The errors of those that fail, each once."""
    found = []
    for trial in trials:
        try:
            trial()
        except TemplateError as error:
            found.append(str(error))
    return tuple(dict.fromkeys(found))


def _mark(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]
