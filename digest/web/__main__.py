"""`python -m digest.web --host 127.0.0.1 --port 8000`: the site of the installation that DIGEST_HOME names."""

from __future__ import annotations

import argparse
import os
import sys
from datetime import UTC, datetime
from threading import Event, Thread

import uvicorn
from threadpoolctl import threadpool_limits

from digest import settings as settings_of
from digest.clock import Clock
from digest.errors import DigestError
from digest.store import Store
from digest.web.app import create


def main() -> int:
    """Serve until told to stop (SIGINT, SIGTERM); 1 if the installation cannot be used."""
    parser = argparse.ArgumentParser(prog="python -m digest.web", description="Serve the site.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    asked = parser.parse_args()
    # Requests run beside each other; threads within each would only get in each other's way.
    threadpool_limits(1)
    try:
        settings = settings_of.load(settings_of.home(os.environ))
        if not settings.site_url:
            settings = settings.model_copy(update={"site_url": f"http://{asked.host}:{asked.port}"})
        with Store(settings.database) as store:
            clock = Clock(now=lambda: datetime.now(UTC))  # noqa: TID251  (where the clock is read)
            app = create(settings, store=store, clock=clock, environment=os.environ)
            # Whoever looks at a preview should not wait for all terms to be counted.
            stop = Event()
            keeper = Thread(target=app.state.world.foresight.keep, args=(stop,), daemon=True)
            keeper.start()
            # No log of accesses, which would hold addresses and tokens; nor is a proxy believed by default.
            uvicorn.run(
                app,
                host=asked.host,
                port=asked.port,
                access_log=False,
                log_level="warning",
                proxy_headers=False,
                server_header=False,
                timeout_graceful_shutdown=10,
            )
            stop.set()
    except DigestError as error:
        print(error, file=sys.stderr)  # noqa: T201  (of a program)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
