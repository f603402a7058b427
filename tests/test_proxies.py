"""The site behind Caddy and nginx as the recipes set them up: real programs, TLS, and who counts as asking."""

from __future__ import annotations

import http.client
import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
import time
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from digest import leash
from digest.settings import FILE
from digest.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.slow, pytest.mark.enable_socket]

REPOSITORY = Path(__file__).resolve().parent.parent
RECIPES = REPOSITORY / "docs" / "recipes"
PATH = f"{Path(sys.executable).parent}:{os.environ['PATH']}:/usr/sbin"
NAME = "digest.example.org"
LOOKS = 600
TOKEN = "m/EXAMPLE-OF-A-TOKEN"  # noqa: S105  (of nobody)

LACKING = {
    "caddy": "caddy is not in the environment: make test sets it up, or pip install -e '.[dev]'",
    "nginx": "nginx is missing: apt-get install nginx-light",
}


def program(name: str) -> str:
    """Where a proxy is."""
    found = shutil.which(name, path=PATH)
    if found is None:
        pytest.skip(LACKING[name])
    return found


def own_address() -> str:
    """This machine's address that is not loopback: readers on loopback are not limited."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        try:
            asking.connect(("192.0.2.1", 9))
        except OSError:
            pytest.skip("this machine has no address but loopback")
        return str(asking.getsockname()[0])


def certificate(folder: Path) -> None:
    """A certificate of the site, signed by itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.oid.NameOID.COMMON_NAME, NAME)])
    now = datetime.now(UTC)  # noqa: TID251  (who checks it has the real clock)
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + timedelta(1))
    folder.mkdir()
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "privkey.pem").write_bytes(pem)
    (folder / "fullchain.pem").write_bytes(made.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM))


@dataclass
class Proxied:
    """A proxy with the recipe's file before a site; ports of HTTP and HTTPS, and what the proxy says in files."""

    http: int
    https: int
    site: subprocess.Popen[bytes]
    folder: Path

    @contextmanager
    def connected(self, host: str = "127.0.0.1") -> Iterator[http.client.HTTPSConnection]:
        """TLS to an address of this machine, asking for the site by its name."""
        context = ssl._create_unverified_context()  # noqa: S323, SLF001  (nobody vouches for a test's certificate)
        plain = socket.create_connection((host, self.https), timeout=10)
        connection = http.client.HTTPSConnection(NAME, self.https, timeout=10)
        connection.sock = context.wrap_socket(plain, server_hostname=NAME)
        with closing(connection):
            yield connection

    def get(self, path: str) -> http.client.HTTPResponse:
        """One answer, read to its end."""
        with self.connected() as connection:
            connection.request("GET", path)
            answer = connection.getresponse()
            answer.read()
            return answer

    def logged(self) -> str:
        """All that the proxy wrote."""
        return "".join(path.read_text(encoding="utf-8") for path in self.folder.rglob("*.log"))


def caddy(folder: Path, ports: dict[str, int]) -> list[str]:
    """The recipe's Caddyfile, but that certificates are its own and ports are free ones; the command."""
    text = (RECIPES / "server" / "Caddyfile").read_text(encoding="utf-8").replace(":8000", f":{ports['site']}")
    ours = f"http_port {ports['http']}\nhttps_port {ports['https']}\nlocal_certs\nskip_install_trust\nadmin off\n"
    assert text.count("\n{\n") == 1
    (folder / "Caddyfile").write_text(text.replace("\n{\n", f"\n{{\n{ours}"), encoding="utf-8")
    return [program("caddy"), "run", "--adapter", "caddyfile", "--config", str(folder / "Caddyfile")]


def nginx(folder: Path, ports: dict[str, int]) -> list[str]:
    """The recipe's nginx.conf, but that certificates, logs and ports are the test's; the command."""
    command = [program("nginx"), "-e", str(folder / "start.log"), "-c", str(folder / "nginx.conf")]
    certificate(folder / "live")
    text = (RECIPES / "server" / "nginx.conf").read_text(encoding="utf-8")
    changes = {
        r":8000\b": f":{ports['site']}",
        r"listen (\[::\]:)?80;": f"listen {ports['http']};",
        r"listen (\[::\]:)?443 ": f"listen {ports['https']} ",
        f"/etc/letsencrypt/live/{NAME}": str(folder / "live"),
        "/var/log/nginx": str(folder),
    }
    for pattern, to in changes.items():
        text, count = re.subn(pattern, to, text)
        assert count, pattern
    # Twice the same port, as IPv6 is left out.
    text = re.sub(r"(\tlisten [^\n]*\n)\1", r"\1", text)
    paths = "".join(
        f"{kind}_temp_path {folder / kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    user = "user root;\n" if os.geteuid() == 0 else ""  # pytest's folders are closed to others
    (folder / "nginx.conf").write_text(
        f"{user}daemon off;\npid {folder / 'pid'};\nevents {{}}\nhttp {{\n{paths}{text}}}\n", encoding="utf-8"
    )
    checked = subprocess.run([*command, "-t"], capture_output=True, text=True, check=False)
    assert (checked.returncode, "warn" in checked.stderr) == (0, False), checked.stderr
    return command


def wait_for(port: int) -> None:
    """Until somebody listens."""
    until = time.monotonic() + 30
    while time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError(f"nobody listens on {port}")


@pytest.fixture(params=[caddy, nginx], ids=["caddy", "nginx"])
def proxied(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Proxied]:
    """The site behind a proxy."""
    with ExitStack() as stack:
        free = [stack.enter_context(socket.socket()) for _ in range(3)]
        for each in free:
            each.bind(("127.0.0.1", 0))
        ports = {name: each.getsockname()[1] for name, each in zip(("site", "http", "https"), free, strict=True)}
    proxy = request.param(tmp_path, ports)
    home = tmp_path / "home"
    home.mkdir()
    Store(home / "digest.sqlite3").close()
    (home / FILE).write_text(f'site_url = "https://{NAME}"\ntrusted_proxies = ["127.0.0.1"]\n', encoding="utf-8")
    base = {"PATH": PATH, "HOME": str(tmp_path), "DIGEST_HOME": str(home), "PYTHONPATH": str(REPOSITORY)}
    running = []
    try:
        for name, command in (
            ("site", [sys.executable, "-m", "digest.web", "--port", str(ports["site"])]),
            ("proxy", proxy),
        ):
            with (tmp_path / f"{name}.log").open("wb") as log:
                running.append(subprocess.Popen(command, env=base, cwd=tmp_path, stdout=log, stderr=log))
        for port in ports.values():
            wait_for(port)
        yield Proxied(http=ports["http"], https=ports["https"], site=running[0], folder=tmp_path)
    finally:
        for each in running:
            leash.end(leash.family([each.pid]), 3)
            each.wait()


def test_the_site_is_behind_tls(proxied: Proxied) -> None:
    """Pages come with the site's own headers, HTTP leads to HTTPS, and what is large is refused."""
    answer = proxied.get("/")
    assert answer.status == 200
    assert answer.headers.get_all("Strict-Transport-Security") == ["max-age=31536000"]
    assert answer.headers.get_all("Referrer-Policy") == ["no-referrer"]
    assert answer.headers.get_all("X-Frame-Options") == ["DENY"]
    assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
    assert "uvicorn" not in str(answer.headers)
    with closing(http.client.HTTPConnection("127.0.0.1", proxied.http, timeout=10)) as plain:
        plain.request("GET", "/papers", headers={"Host": NAME})
        moved = plain.getresponse()
        assert moved.status in {301, 308}
        assert re.fullmatch(rf"https://{NAME}(:\d+)?/papers", moved.headers["Location"])
    with proxied.connected() as connection:
        connection.request("POST", "/subscribe", body=b"a" * 400_000)
        assert connection.getresponse().status == 413


def test_limits_see_the_reader_and_not_the_proxy(proxied: Proxied) -> None:
    """Whoever asks too often is told so, whatever address a header makes up; others are served meanwhile."""
    statuses = []
    with ExitStack() as stack:
        connection = stack.enter_context(proxied.connected(own_address()))
        for number in range(LOOKS + 1):
            made_up = f"198.51.100.{number % 250}"
            headers = {"X-Forwarded-For": made_up, "Forwarded": f"for={made_up}", "X-Real-IP": made_up}
            connection.request("GET", "/healthz", headers=headers)
            answer = connection.getresponse()
            answer.read()
            statuses.append(answer.status)
    assert statuses == [200] * LOOKS + [429]
    assert proxied.get("/healthz").status == 200


def test_no_log_has_a_readers_link(proxied: Proxied) -> None:
    """Neither of a page that is there, nor while the site is down and the proxy says so."""
    proxied.get(f"/{TOKEN}")
    leash.end(leash.family([proxied.site.pid]), 3)
    proxied.site.wait()
    assert proxied.get(f"/{TOKEN}").status == 502
    time.sleep(0.5)
    assert TOKEN.partition("/")[2] not in proxied.logged()
