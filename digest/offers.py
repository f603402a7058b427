"""The digests that an installation offers to everybody: profiles without an address, in a folder of the operator's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from digest import profiles, sample
from digest.errors import ProfileError
from digest.profile_model import SCHEDULE
from digest.subscription import FILE, OWN
from digest.yamlkeys import without

if TYPE_CHECKING:
    from digest.settings import Settings
    from digest.types import Profile


def offered(settings: Settings) -> tuple[dict[str, Profile], tuple[ProfileError, ...]]:
    """The digests by name, and the faults of those that cannot be had; without a folder the ones that come along."""
    folder = settings.digests if settings.digests.is_dir() else sample.DIGESTS
    good: dict[str, Profile] = {}
    bad: list[ProfileError] = []
    for path in profiles.find(folder):
        try:
            profile = profiles.load(path)
        except ProfileError as error:
            bad.append(error)
            continue
        if profile.slug in {OWN, FILE}:
            bad.append(ProfileError((f"{path}: a digest cannot be called {profile.slug!r}: rename the file",)))
        elif profile.email:
            bad.append(ProfileError((f"{path}: email: a digest for everybody has no address: leave it out",)))
        else:
            good[profile.slug] = profile
    return good, tuple(bad)


def text_of(settings: Settings, name: str) -> str:
    """A digest that is offered, as it is written.

    Raises:
        ProfileError: there is none of that name, or it cannot be read.
    """
    folder = settings.digests if settings.digests.is_dir() else sample.DIGESTS
    path = next((path for path in profiles.find(folder) if path.stem == name), None)
    try:
        if path is not None:
            return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        pass
    raise ProfileError((f"{name}: a digest of this name is offered no more",))


def interests_of(settings: Settings, name: str) -> str:
    """The same as the interests of a reader who makes the digest their own: without when its public issues come.

    Raises:
        ProfileError: there is none of that name, or it has faults.
    """
    text = text_of(settings, name)
    profiles.loads(text, name=f"{name}.yaml")
    return without(text, SCHEDULE)
