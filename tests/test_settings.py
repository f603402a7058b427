"""Settings: where everything lives, and every fault of `digest.toml` named with its place."""

from __future__ import annotations

import fcntl
from typing import TYPE_CHECKING

import pytest

from digest import databases, served
from digest.errors import SettingsError
from digest.settings import KEYS, SITE, Settings, home, load

if TYPE_CHECKING:
    from pathlib import Path


def faults(folder: Path, text: str | bytes) -> list[str]:
    """What is wrong with a settings file, without the path in front."""
    path = folder / "digest.toml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    with pytest.raises(SettingsError) as caught:
        load(folder)
    lines = str(caught.value).splitlines()
    assert all(line.startswith(f"{path}:") for line in lines)
    return [line.removeprefix(f"{path}:") for line in lines]


def test_without_a_file_all_is_default(tmp_path: Path) -> None:
    """A new installation needs no settings; an empty file says nothing either."""
    settings = load(tmp_path)
    assert settings == Settings(home=tmp_path)
    (tmp_path / "digest.toml").touch()
    assert load(tmp_path) == settings


def test_everything_lives_in_the_home_folder(tmp_path: Path) -> None:
    """Database, secret, mails, pages, profiles and templates are below it, each in its place."""
    settings = load(tmp_path)
    folders = [settings.outbox, settings.pages, settings.profiles, settings.digests, settings.templates]
    places = [settings.database, settings.secret, settings.operator_token, *folders]
    assert {place.parent for place in places} == {tmp_path}
    assert len(set(places)) == 8


def test_a_file_says_what_differs(tmp_path: Path) -> None:
    """Every key can be set; comments, a byte order mark and Windows line ends do no harm."""
    text = (
        "\ufeff# how we send\r\n"
        'sender = "Lab Digest <digest@example.org>"\r\n'
        "window_days = 3\r\n"
        "background_papers = 0\r\nprocesses = 2\r\nmachines = 3\r\nshard_readers = 400\r\n"
        'sources = ["arxiv:cs.CV", # news\r\n "/srv/papers"]\r\n'
        'contact = "digest@example.org"\r\n'
        'accent = "#0B6E4F"\r\nlogo = "https://lab.example.org/logo.png"\r\n'
        'pages_url = "https://lab.example.org/digest"\r\naddress = "1 Wood Lane, Oxford"\r\nlayout = "compact"\r\n'
        'write_pages = false\r\nsend_at = "07:30"\r\ntimezone = "Europe/Lisbon"\r\nwait_minutes = 30\r\n'
        'trusted_proxies = ["10.0.0.0/8"]\r\n'
        'site_url = "https://lab.example.org/"\r\noperator = "Ada <ada@example.org>"\r\n'
        '[summaries]\r\nurl = "http://localhost:11434/v1"\r\nmodel = "owl-7b"\r\nseconds = 20\r\n'
        '[delivery]\r\ntransport = "smtp"\r\nhost = "mail.example.org"\r\nsecurity = "tls"\r\nport = 4650\r\n'
        'username = "digest"\r\npassword_file = "password"\r\nauth = "login"\r\nca_file = "ca.pem"\r\n'
        'connections = 2\r\nmails_per_connection = 50\r\ntimeout = 30\r\nhelo = "lab.example.org"\r\n'
        'socket = "lmtp"\r\ncommand = "msmtp"\r\nfolder = "mails"\r\npassword_variable = ""\r\n'
        "per_second = 9\r\nper_domain = 60\r\nper_day = 500\r\nexpire_hours = 24\r\n"
        'thread = true\r\ndkim_domain = "example.org"\r\ndkim_key = "dkim.pem"\r\ndkim_selector = "owls"\r\n'
        'error_budget = 5\r\nbounce_address = "bounces@example.org"\r\n'
        '[bounces]\r\nhost = "imap.example.org"\r\nsecurity = "starttls"\r\nport = 1430\r\nusername = "bounces"\r\n'
        'password_file = "password"\r\nauth = "plain"\r\nca_file = "ca.pem"\r\nmailbox = "Bounces"\r\n'
        'move_to = "Read"\r\ntimeout = 30\r\nmaildir = ""\r\npassword_variable = ""\r\n'
        '[alarms]\r\nurls_variable = "ALARMS"\r\nurls_file = ""\r\n'
    )
    (tmp_path / "digest.toml").write_bytes(text.encode())
    settings = load(tmp_path, {databases.VARIABLE: "postgresql://localhost/digest"})
    assert settings.model_dump(exclude={"home"}) == {
        "sender": "Lab Digest <digest@example.org>",
        "window_days": 3,
        "background_papers": 0,
        "processes": 2,
        "machines": 3,
        "shard_readers": 400,
        "sources": ("arxiv:cs.CV", "/srv/papers"),
        "contact": "digest@example.org",
        "write_pages": False,
        "pages_url": "https://lab.example.org/digest/",
        "site_url": "https://lab.example.org",
        "operator": "Ada <ada@example.org>",
        "accent": "#0b6e4f",
        "logo": "https://lab.example.org/logo.png",
        "address": "1 Wood Lane, Oxford",
        "layout": "compact",
        "trusted_proxies": ("10.0.0.0/8",),
        "send_at": "07:30",
        "timezone": "Europe/Lisbon",
        "wait_minutes": 30,
        "summaries": {
            "url": "http://localhost:11434/v1",
            "model": "owl-7b",
            "key_variable": "",
            "key_file": "",
            "seconds": 20.0,
            "papers": 50,
        },
        "alarms": {"urls_variable": "ALARMS", "urls_file": ""},
        "delivery": {
            "transport": "smtp",
            "host": "mail.example.org",
            "security": "tls",
            "port": 4650,
            "username": "digest",
            "password_variable": "",
            "password_file": "password",
            "auth": "login",
            "ca_file": "ca.pem",
            "connections": 2,
            "mails_per_connection": 50,
            "timeout": 30.0,
            "helo": "lab.example.org",
            "socket": "lmtp",
            "command": "msmtp",
            "folder": "mails",
            "per_second": 9.0,
            "per_domain": 60.0,
            "per_day": 500,
            "expire_hours": 24.0,
            "error_budget": 5,
            "bounce_address": "bounces@example.org",
            "thread": True,
            "dkim_domain": "example.org",
            "dkim_key": "dkim.pem",
            "dkim_selector": "owls",
        },
        "bounces": {
            "maildir": "",
            "host": "imap.example.org",
            "security": "starttls",
            "port": 1430,
            "username": "bounces",
            "password_variable": "",
            "password_file": "password",
            "auth": "plain",
            "ca_file": "ca.pem",
            "mailbox": "Bounces",
            "move_to": "Read",
            "timeout": 30.0,
        },
    }
    assert set(KEYS) == set(settings.model_dump(exclude={"home"}))


def test_several_machines_have_one_database(tmp_path: Path) -> None:
    """A machine without the shared database's name is told so, and begins with none of its own."""
    (tmp_path / "digest.toml").write_text("processes = 1\nmachines = 2\n", encoding="utf-8")
    with pytest.raises(SettingsError, match=r"digest\.toml:2: machines: several machines share .* DIGEST_DATABASE_URL"):
        load(tmp_path, {})
    assert load(tmp_path, {databases.VARIABLE: "postgresql://localhost/digest"}).machines == 2


def test_every_fault_is_named_with_line_and_key(tmp_path: Path) -> None:
    """All faults of a file come at once, in the order of its lines, a misspelt key with what was meant."""
    text = """
windowdays = 7
background_papers = "many"
"sender" = "nobody"
window_days = 0
home = "/elsewhere"
[smtp]
host = "localhost"
"""
    assert faults(tmp_path, text) == [
        "2: windowdays: unknown key (did you mean 'window_days'?)",
        "3: background_papers: expected a valid integer, got 'many'",
        "4: sender: expected a name and an address, like 'Paper Digest <digest@example.org>'",
        "5: window_days: expected greater than or equal to 1, got 0",
        f"6: home: unknown key: known are {', '.join(KEYS)}",
        f"7: smtp: unknown key: known are {', '.join(KEYS)}",
    ]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("window_days = 367", "window_days: expected less than or equal to 366, got 367"),
        ("window_days = true", "window_days: expected a valid integer, got True"),
        ("window_days = 7.5", "window_days: expected a valid integer, got 7.5"),
        ("background_papers = -1", "background_papers: expected greater than or equal to 0, got -1"),
        ("sender = 3", "sender: expected a valid string, got 3"),
        ("window_days.soon = 1", "window_days: expected a valid integer, got {'soon': 1}"),
    ],
)
def test_values_are_taken_as_they_stand(tmp_path: Path, line: str, why: str) -> None:
    """Nothing is converted or clipped: a wrong value is a fault that shows it."""
    assert faults(tmp_path, f"\n{line}\n") == [f"2: {why}"]


def test_a_source_that_is_none_is_named_with_its_line(tmp_path: Path) -> None:
    """In a list over several lines each fault has its own line and place, after faults of earlier lines."""
    text = """sources = [
  "arxiv:cs.CV", 7,
  # not yet: "hf-dayly",
  "hf-dayly",
]
contact = "nobody"
"""
    first, second, third = faults(tmp_path, text)
    assert first == "2: sources[1]: expected a valid string, got 7"
    assert second.startswith("4: sources[2]: expected a source, like ")
    assert second.endswith("got 'hf-dayly' (did you mean 'hf-daily'?)")
    assert third.startswith("6: contact: expected a mail address or a URL")


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ('sources = "arxiv:cs.CV"', "sources: expected a list, got 'arxiv:cs.CV'"),
        ('sources = ["hf-daily", "arxiv:cs.CV", "HF-daily"]', "sources: named twice: hf-daily"),
        ("[sources]", "sources: expected a list, got {}"),
        ("contact = 3", "contact: expected a valid string, got 3"),
    ],
)
def test_the_list_of_sources_is_a_list(tmp_path: Path, line: str, why: str) -> None:
    """What is no list, or says the same twice, is a fault."""
    assert faults(tmp_path, f"\n{line}\n") == [f"2: {why}"]


def test_faults_of_a_table_have_their_own_lines(tmp_path: Path) -> None:
    """In the table of the model each key is named with its line, and a missing one with the table's."""
    text = """window_days = 7

[summaries]
modle = "owl-7b"
url = "ftp://example.org"
papers = 0
key = "hoot"
"""
    assert faults(tmp_path, text) == [
        "3: summaries.model: missing",
        "4: summaries.modle: unknown key (did you mean 'model'?)",
        "5: summaries.url: expected an http or https URL, like http://localhost:11434/v1, got 'ftp://example.org'",
        "6: summaries.papers: expected greater than or equal to 1, got 0",
        "7: summaries.key: unknown key: known are url, model, key_variable, key_file, seconds, papers",
    ]
    dotted = 'summaries.url = "http://localhost"\nwindow_days = 7\nsummaries.model = 7\n'
    assert faults(tmp_path, dotted) == ["3: summaries.model: expected a valid string, got 7"]
    assert faults(tmp_path, '\nsummaries = "owl-7b"') == ["2: summaries: expected a table, got 'owl-7b'"]


@pytest.mark.parametrize(
    ("url", "key", "why"),
    [
        ("http://example.org/v1", "key_variable", "expected an https URL, as the key would go"),
        ("https://me:secret@example.org/v1", "key_variable", "expected a URL without a name or password"),
        ("https://example.org/v1?a=b", "key_variable", "expected an http or https URL"),
        ("https://[::1", "key_file", "expected an http or https URL"),
        ("https://example.org:x", "key_file", "expected an http or https URL"),
    ],
)
def test_a_key_goes_to_no_other_machine_in_the_clear(tmp_path: Path, url: str, key: str, why: str) -> None:
    """A URL with a password in it, or that would send the key unencrypted, is refused."""
    [fault] = faults(tmp_path, f'[summaries]\nurl = "{url}"\nmodel = "owl-7b"\n{key} = "OWL_KEY"\n')
    assert why in fault


@pytest.mark.parametrize(
    "url", ["http://localhost:1", "http://127.0.0.1/v1", "http://[::1]:8080", "https://example.org"]
)
def test_a_key_may_go_to_this_machine_or_over_https(tmp_path: Path, url: str) -> None:
    """There is nobody in between on this machine, and nobody who can read along over https."""
    (tmp_path / "digest.toml").write_text(
        f'[summaries]\nurl = "{url}"\nmodel = "m"\nkey_variable = "K"', encoding="utf-8"
    )
    summaries = load(tmp_path).summaries
    assert summaries is not None
    assert summaries.url == url


def test_faults_of_delivery_have_their_own_lines(tmp_path: Path) -> None:
    """Each key is told with its line, one that is missing with the table's, a password with where it belongs."""
    text = """window_days = 7
[delivery]
transport = "smtp"
secuirty = "tls"
password = "sesame"
port = 0
connections = 100
helo = "me and you"
"""
    told = faults(tmp_path, text)
    assert told == [
        "2: delivery.host: missing: smtp needs to know the server",
        "4: delivery.secuirty: unknown key (did you mean 'security'?)",
        (
            "5: delivery.password: a password never stands in this file: name its place by password_variable or "
            "password_file"
        ),
        "6: delivery.port: expected greater than or equal to 1, got 0",
        "7: delivery.connections: expected less than or equal to 64, got 100",
        "8: delivery.helo: expected a host's name or [IP address], got 'me and you'",
    ]
    assert faults(tmp_path, '\ndelivery = "smtp"') == ["2: delivery: expected a table, got 'smtp'"]


@pytest.mark.parametrize(
    ("lines", "fault"),
    [
        ('transport = "post"', "2: delivery.transport: expected 'folder', 'maildir', 'smtp', 'lmtp', 'sendmail' or"),
        ('transport = "smtp"\nhost = "mail.example.org:25"', "3: delivery.host: expected a host's name or IP address"),
        ('transport = "smtp"\nhost = "a@b\\r\\n"', "3: delivery.host: expected words on one line"),
        ('transport = "lmtp"', "1: delivery.host: lmtp needs a host or a socket, got neither"),
        ('transport = "lmtp"\nhost = "h"\nsocket = "s"', "3: delivery.host: lmtp needs a host or a socket, got both"),
        ('host = "mail.example.org"', '1: delivery: host has no effect without a transport: add transport = "smtp"'),
        ('username = "me"', "2: delivery.username: without a password: name its place by"),
        ('password_variable = "P"', "1: delivery.username: missing: there is a password, but nobody to log in"),
        (
            'username = "me"\npassword_variable = "P"\npassword_file = "p"',
            "4: delivery.password_file: expected password",
        ),
        ('auth = "cram-md5"', "2: delivery.auth: expected 'plain', 'login' or 'xoauth2', got 'cram-md5'"),
    ],
)
def test_what_does_not_go_together_is_refused(tmp_path: Path, lines: str, fault: str) -> None:
    """A server that is not named, a password without a user, a key without effect: told before a mail is lost."""
    [told] = faults(tmp_path, f"[delivery]\n{lines}\n")
    assert told.startswith(fault)


@pytest.mark.parametrize("host", ["mail", "mail.example.org.", "127.0.0.1", "::1", "my_relay"])
def test_a_mail_server_has_a_name_or_an_address(tmp_path: Path, host: str) -> None:
    """The port is the usual one of what protects the connection."""
    for security, port in (("starttls", 587), ("tls", 465), ("none", 25)):
        text = f'[delivery]\ntransport = "smtp"\nhost = "{host}"\nsecurity = "{security}"\nauth = ""\n'
        (tmp_path / "digest.toml").write_text(text, encoding="utf-8")
        assert load(tmp_path).delivery.address == (host, port)


@pytest.mark.parametrize("contact", ["digest@example.org", "https://example.org/digest?about=us", ""])
def test_a_contact_is_an_address_or_a_url(tmp_path: Path, contact: str) -> None:
    """Either may stand in a User-Agent."""
    (tmp_path / "digest.toml").write_text(f'contact = "{contact}"\n', encoding="utf-8")
    assert load(tmp_path).contact == contact


@pytest.mark.parametrize("contact", ["me", "a@b (c)", "a@b\\r\\nX: y", "ftp://example.org", "café@example.org", "@"])
def test_other_contacts_are_refused(tmp_path: Path, contact: str) -> None:
    """What would break the header, or reach nobody, is a fault."""
    [fault] = faults(tmp_path, f'contact = "{contact}"\n')
    assert fault.startswith("1: contact: expected a mail address or a URL")


@pytest.mark.parametrize("sender", ["Digest", "a@", "@b", "Digest <a@b@c>", "a@example.org\\nBcc: b@example.org", ""])
def test_a_sender_is_a_name_and_an_address(tmp_path: Path, sender: str) -> None:
    """What cannot stand in a From line is refused."""
    [fault] = faults(tmp_path, f'sender = "{sender}"\n')
    assert fault.startswith("1: sender: expected a name and an address")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("window_days = 7\nwindow_days 8\n", "2: not TOML: expected '=' after a key in a key/value pair"),
        ('window_days = 7\n\nsender = "open', "3: not TOML: unterminated string"),
        ("window_days = 7\nwindow_days = 8", "2: not TOML: cannot overwrite a value"),
        (b'# sender\nsender = "Caf\xe9 <a@example.org>"\n', "2: not UTF-8: byte 0xe9"),
    ],
)
def test_a_broken_file_is_named_with_its_line(tmp_path: Path, text: str | bytes, fault: str) -> None:
    """What is no TOML says where."""
    assert faults(tmp_path, text) == [fault]


def test_a_file_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    """A folder of that name, or a home that is a file, is named with the cause."""
    (tmp_path / "digest.toml").mkdir()
    with pytest.raises(SettingsError, match=r"digest\.toml: cannot be read: Is a directory"):
        load(tmp_path)
    (tmp_path / "home").touch()
    with pytest.raises(SettingsError, match=r"digest\.toml: cannot be read: Not a directory"):
        load(tmp_path / "home")


def test_digest_home_names_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """DIGEST_HOME is taken as it is, `~` and relative paths resolved."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert home({"DIGEST_HOME": str(tmp_path / "x")}) == tmp_path / "x"
    assert home({"DIGEST_HOME": "~/x"}) == tmp_path / "x"
    assert home({"DIGEST_HOME": "x"}) == tmp_path / "x"


def test_an_unknown_users_home_is_an_error() -> None:
    """`~somebody` needs somebody."""
    with pytest.raises(SettingsError, match="DIGEST_HOME: '~no such user'"):
        home({"DIGEST_HOME": "~no such user"})


@pytest.mark.parametrize("environment", [{}, {"DIGEST_HOME": ""}])
def test_the_default_is_the_platforms_folder_for_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]
) -> None:
    """Without DIGEST_HOME it is paper-digest in the user's data folder, on Linux XDG_DATA_HOME's."""
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert home(environment) == tmp_path / "paper-digest"
    monkeypatch.delenv("XDG_DATA_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert home(environment) == tmp_path / ".local" / "share" / "paper-digest"


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ('accent = "#ffcc00"', "has a contrast of 1.5 on white: text needs 4.5, take a darker colour"),
        ('accent = "blue"', "expected a colour like #1a4fc4, got 'blue'"),
        ('logo = "http://lab.example.org/logo.png"', "expected an https URL of a picture"),
        ('site_url = "http://lab.example.org"', "expected an https URL, as links in mails let their readers in"),
        ('site_url = "ftp://localhost"', "expected an https URL, like https://digest.example.org"),
        ('trusted_proxies = ["proxy"]', "expected an address or a network like 10.0.0.0/8, got 'proxy'"),
        ('send_at = "6:00"', "expected a time of day like 06:30, got '6:00'"),
        ('timezone = "Mars/Base"', "expected an IANA time zone like Europe/Lisbon, got 'Mars/Base'"),
        ("wait_minutes = -1", "wait_minutes: expected greater than or equal to 0, got -1"),
        ('site_url = "https://lab.example.org/?a=1"', "expected an https URL, like https://digest.example.org"),
        (
            f'site_url = "https://{"a" * 37}.org/"',
            "expected at most 48 characters, as mail programs unsubscribe",
        ),
        ('operator = "Ada"', "expected a name and an address"),
        ('sender = ""', "expected a name and an address"),
        ('pages_url = "lab.example.org"', "expected the URL of a folder, like https://example.org/digest/"),
        ('layout = "table"', "expected 'cards' or 'compact', got 'table'"),
    ],
)
def test_a_look_that_will_not_do_is_refused(tmp_path: Path, line: str, fault: str) -> None:
    """Colours that cannot be read, pictures in the clear and layouts that do not exist are named with their line."""
    [told] = faults(tmp_path, f"\n{line}\n")
    assert told.startswith("2: ")
    assert fault in told


@pytest.mark.parametrize(
    ("lines", "fault"),
    [
        ('dkim_key = "key"', "2: delivery.dkim_selector: missing: with dkim_key, it says where"),
        ('dkim_selector = "owls"', "3: delivery.dkim_selector: without a key"),
        ('dkim_key = "k"\ndkim_selector = "owls and foxes"', "4: delivery.dkim_selector: expected a selector"),
        ('dkim_key = "k"\ndkim_selector = "s"\ndkim_domain = "org"', "5: delivery.dkim_domain: expected a domain"),
        ('dkim_domain = "example.org;a=x"', "3: delivery.dkim_domain: expected a domain"),
        ('dkim_domain = "example.com"', "2: delivery: dkim_domain: expected the domain of sender"),
        ('dkim_domain = "anexample.org"', "2: delivery: dkim_domain: expected the domain of sender"),
    ],
)
def test_what_signs_is_whole_and_of_the_sender(tmp_path: Path, lines: str, fault: str) -> None:
    """A key has a place where it is published, and a domain that counts for the sender."""
    (found,) = faults(tmp_path, f'sender = "Owls <digest@lab.example.org>"\n[delivery]\n{lines}\n')
    assert found.startswith(fault)


@pytest.mark.parametrize("domain", ["", "lab.example.org", "Example.org", "post.lab.example.org"])
def test_a_domain_above_or_below_may_sign(tmp_path: Path, domain: str) -> None:
    """Receivers take it for the sender's, as long as the DMARC record does not ask for more."""
    text = f'dkim_key = "key"\ndkim_selector = "s1.owls"\ndkim_domain = "{domain}"\n'
    (tmp_path / "digest.toml").write_text(f'sender = "digest@lab.example.org"\n[delivery]\n{text}', encoding="utf-8")
    assert load(tmp_path).delivery.dkim_domain == domain.lower()


def test_a_server_is_named_by_the_environment_alone(tmp_path: Path) -> None:
    """Then it is the database, and its password stands in nothing that is printed, dumped or compared with the file."""
    url = "postgresql://ada:geheim%40@db.example.org:5433/digest?sslmode=require"
    settings = load(tmp_path, {"DIGEST_DATABASE_URL": url})
    assert settings.database == databases.Server(url, tmp_path)
    assert str(settings.database) == "postgresql://ada@db.example.org:5433/digest"
    shown = f"{settings!r} {settings} {settings.database!r} {settings.database} {settings.model_dump_json()}"
    assert "geheim" not in shown
    assert load(tmp_path, {"DIGEST_DATABASE_URL": ""}).database == tmp_path / "digest.sqlite3"
    (tmp_path / "digest.toml").write_text(f'database_url = "{url}"\n', encoding="utf-8")
    with pytest.raises(SettingsError, match="database_url: unknown key") as caught:
        load(tmp_path, {})
    assert "geheim" not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["digest.sqlite3", "sqlite:///a", "postgresql://a:geheim@b", "postgresql://a:geheim@[b/c"]
)
def test_a_url_of_no_server_is_refused(tmp_path: Path, url: str) -> None:
    """The message says what is expected, and nothing of what was given."""
    with pytest.raises(SettingsError) as caught:
        load(tmp_path, {"DIGEST_DATABASE_URL": url})
    assert str(caught.value) == ("DIGEST_DATABASE_URL: expected a URL like postgresql://digest@db.example.org/digest")


def test_commands_know_the_site_that_is_served(tmp_path: Path) -> None:
    """While `digest serve` holds its home, and where `digest.toml` names no other; behind its end only replays ask."""
    lock = tmp_path / served.LOCK
    assert (load(tmp_path, {}).site_url, served.last_site(tmp_path)) == ("", "")
    with lock.open("w", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.write("http://127.0.0.1:8000")
        file.flush()
        assert load(tmp_path, {}).site_url == "http://127.0.0.1:8000"
        assert load(tmp_path, {SITE: "http://127.0.0.1:9"}).site_url == "http://127.0.0.1:9"
        (tmp_path / "digest.toml").write_text('site_url = "https://digest.example.org"\n', encoding="utf-8")
        assert load(tmp_path, {}).site_url == "https://digest.example.org"
        (tmp_path / "digest.toml").unlink()
    assert (load(tmp_path, {}).site_url, served.last_site(tmp_path)) == ("", "http://127.0.0.1:8000")
    lock.write_bytes(b"\xff")
    assert served.last_site(tmp_path) == ""
