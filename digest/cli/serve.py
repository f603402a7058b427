"""The site, Prefect and the flows in one command."""

from __future__ import annotations

import os
import signal
import threading
from typing import Annotated

import typer

from digest.cli.context import settings


def serve(
    *,
    host: Annotated[str, typer.Option(help="Where the site listens; 0.0.0.0 for all of this machine's addresses.")] = (
        "127.0.0.1"
    ),
    port: Annotated[int, typer.Option(min=1, max=65535, help="The site's port.")] = 8000,
    prefect_port: Annotated[int, typer.Option(min=1, max=65535, help="The port of Prefect's server, on 127.0.0.1.")] = (
        4200
    ),
    minutes: Annotated[
        int, typer.Option("--every", min=1, max=30, metavar="MINUTES", help="How often is looked for who is due.")
    ] = 5,
) -> None:
    """Run everything on this machine: the site, and the flows that fetch papers and send issues when they are due.

    A program that ends is started again. What they say is in logs/ of DIGEST_HOME. Ctrl-C or SIGTERM ends all.

    Example: digest serve --port 8000
    """
    from digest import rendering, served, serving
    from digest.errors import TemplateError
    from digest.web.pages import Pages

    options = settings()
    if options.site_url and options.site_url == served.site(options.home):
        # Of one that is about to end.
        options = options.model_copy(update={"site_url": ""})
    if found := dict.fromkeys([*rendering.renderer(options, lazily=True).faults(), *Pages(options).faults()]):
        raise TemplateError("\n".join(found))
    stopping = threading.Event()
    for kind in (signal.SIGINT, signal.SIGTERM):
        signal.signal(kind, lambda *_: stopping.set())
    where = serving.Where(host=host, port=port, prefect_port=prefect_port, minutes=minutes)
    serving.serve(options, where, environment=os.environ, stopping=stopping, say=typer.echo)
