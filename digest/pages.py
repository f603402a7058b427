"""The folder of pages: for each issue its page, Markdown and BibTeX, for each reader an archive and two feeds.

No name in it can be guessed (`digest.twins.names`), and no file names another reader's: whoever serves the folder gives
each reader's pages to those who have the link.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from digest.durable import write_whole
from digest.store import issues
from digest.twins import atom, bibtex, entries, json_feed, markdown
from digest.twins.archive import archive

if TYPE_CHECKING:
    from pathlib import Path

    import sqlalchemy as sa

    from digest.render import Renderer
    from digest.store import Store
    from digest.twins.names import Names
    from digest.types import Issue, Rendered

ARCHIVED = 500
"""Issues that an archive lists, the newest: two years of working days. Each costs 0.06 ms at every delivery."""

_COVER = "<!DOCTYPE html>\n<meta charset=utf-8>\n<meta name=robots content=noindex>\n<title>Paper Digest</title>\n"


def publish(store: Store, folder: Path, renderer: Renderer, names: Names, issue: Issue, rendered: Rendered) -> None:
    """Write the files of an issue, and anew those of its reader; the same issue and database give the same files.

    Raises:
        DeliveryError: a file cannot be written.
        TemplateError: an overriding template fails on the archive.
    """
    # A web server that lists folders would tell all names to everybody; it shows this file instead.
    if not (folder / "index.html").exists():
        write_whole(folder / "index.html", _COVER.encode())
    stem = folder / names.issue(issue.id, issue.profile, issue.day)
    write_whole(stem.with_name(f"{stem.name}.html"), rendered.page.encode())
    write_whole(stem.with_name(f"{stem.name}.md"), markdown.write(issue).encode())
    write_whole(stem.with_name(f"{stem.name}.bib"), bibtex.write([issue]).encode())
    with store.reading() as connection:
        _write_reader(connection, folder, renderer, names, issue)


def _write_reader(connection: sa.Connection, folder: Path, renderer: Renderer, names: Names, issue: Issue) -> None:
    links, name = names.links(issue), names.reader(issue.profile)
    feed = entries.feed(issues.newest(connection, issue.profile, entries.ISSUES), name)
    headlines = issues.headlines(connection, issue.profile, ARCHIVED)
    pages = ((each, f"{names.issue(each.issue, issue.profile, each.day)}.html") for each in headlines)
    # An issue that is not delivered yet has no page, nor has one from before the pages had such names.
    listed = ((headline, page) for headline, page in pages if (folder / page).exists())
    listing = archive(issue.name, issue.profile, listed, atom=links.atom, json_feed=links.json_feed)
    write_whole(folder / links.atom, atom.write(feed, links).encode())
    write_whole(folder / links.json_feed, json_feed.write(feed, links).encode())
    write_whole(folder / links.archive, renderer.archive(listing).encode())
