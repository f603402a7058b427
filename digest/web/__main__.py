"""`python -m digest.web --host 127.0.0.1 --port 8000`: the site of the installation that DIGEST_HOME names."""

from __future__ import annotations

import argparse
import os
import sys

import uvicorn

from digest import settings as settings_of
from digest.errors import DigestError
from digest.web.app import create

GRACE = 3
"""Seconds that answers have to be finished when the program is stopped."""


def main() -> int:
    """Serve until told to stop (SIGINT, SIGTERM); 1 if the installation cannot be used."""
    parser = argparse.ArgumentParser(prog="python -m digest.web", description="Serve the site.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    asked = parser.parse_args()
    try:
        settings = settings_of.load(settings_of.home(os.environ))
        if not settings.site_url:
            settings = settings.model_copy(update={"site_url": f"http://{asked.host}:{asked.port}"})
        site = create(settings)
    except DigestError as error:
        print(error, file=sys.stderr)  # noqa: T201  (of a program)
        return 1
    uvicorn.run(
        site,
        host=asked.host,
        port=asked.port,
        access_log=False,  # it would hold addresses and tokens
        log_level="warning",
        proxy_headers=False,  # the site itself knows whom to believe
        server_header=False,
        timeout_graceful_shutdown=GRACE,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
