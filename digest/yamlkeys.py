"""Taking keys out of a YAML mapping with all that they hold: what is left stays as it is written."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ruamel.yaml import YAML
from ruamel.yaml.nodes import MappingNode

if TYPE_CHECKING:
    from collections.abc import Collection

_REST_OF_LINE = re.compile(r"[ \t]*(?:#[^\r\n]*)?(?:\r\n|\r|\n|\Z)")


def without(text: str, keys: Collection[str]) -> str:
    """The text without some keys of its mapping; it is YAML that `digest.yamldoc` reads without fault.

    Comments in front of a key stay, one behind its value on the same line goes with it. A mapping between brackets is
    set anew, with a comma and a space between what is left.
    """
    root = YAML(typ="safe", pure=True).compose(text)
    if not isinstance(root, MappingNode):
        return text
    places = [(int(key.start_mark.index), int(value.end_mark.index)) for key, value in root.value]
    gone = {place for place, (key, _) in enumerate(root.value) if str(key.value) in keys}
    if not gone:
        return text
    if root.flow_style:
        kept = ", ".join(text[start:end] for place, (start, end) in enumerate(places) if place not in gone)
        return text[: places[0][0]] + kept + text[places[-1][1] :]
    # From the end, so that no cut moves the place of another.
    for place in sorted(gone, reverse=True):
        start, end = places[place]
        rest = _REST_OF_LINE.match(text, end)
        text = text[:start] + text[rest.end() if rest else end :]
    return text
