"""The site as a program of its own: `python -m digest.site_server HOST PORT`, for the home that DIGEST_HOME names."""

from __future__ import annotations

import importlib
import os
import sys

import uvicorn

from digest import settings
from digest.errors import DigestError

SITE = "digest.web.app"
"""The module whose `create` makes the site of some settings."""

GRACE = 3
"""Seconds that answers have to be finished when the program is stopped."""


def main(host: str, port: int) -> None:
    """Answer requests until the process is stopped."""
    try:
        site = importlib.import_module(SITE).create(settings.load(settings.home(os.environ)))
    except DigestError as error:
        sys.stderr.write(f"digest: {error}\n")
        sys.exit(1)
    uvicorn.run(
        site,
        host=host,
        port=port,
        access_log=False,  # who reads what is nobody's business, and links let their readers in
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=GRACE,
    )


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
