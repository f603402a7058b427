"""The renderer of one installation: its templates, its look, and links that are signed with its secret."""

from __future__ import annotations

from typing import TYPE_CHECKING

from digest import secret
from digest.render import Renderer
from digest.signed_links import SignedLinks

if TYPE_CHECKING:
    from digest.settings import Settings


def renderer(settings: Settings, *, lazily: bool = False) -> Renderer:
    """What makes this installation's mails and pages; with `lazily` templates are compiled as they are needed.

    Raises:
        SettingsError: the installation's secret cannot be read.
        TemplateError: a template fails; see `Renderer`.
    """
    return Renderer(settings.templates, settings.look, links(settings), lazily=lazily)


def links(settings: Settings) -> SignedLinks | None:
    """The links of mails to this installation's site; None where there is no site.

    Raises:
        SettingsError: the installation's secret cannot be read.
    """
    return SignedLinks(secret.load(settings.secret), settings.site_url) if settings.site_url else None
