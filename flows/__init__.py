"""The Prefect flows: schedule, retry, fan out and report; what they do stands in `digest`.

Prefect reads its settings when it is imported, so they are set here, before any module of this package imports it.
What the environment says already stays.
"""

import os

from digest.settings import home

os.environ.setdefault("PREFECT_HOME", str(home(os.environ) / "prefect"))
# Prefect would report its use to its makers: the server, then the client.
os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
os.environ.setdefault("DO_NOT_TRACK", "1")
# Two runs that start at once on a small machine need longer than the 20 s Prefect gives its own server.
os.environ.setdefault("PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS", "120")
