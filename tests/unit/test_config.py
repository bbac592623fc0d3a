"""mote.toml: what is accepted, what it is compiled to, and what is refused with which words."""

from pathlib import Path

import pytest

from tools.config import Settings, parse_settings, read_settings
from tools.errors import UserError

WHOLE = """
panic = "halt"

[network]
hostname = "web-1"

[[network.interface]]
match = 0
address = "192.0.2.10/24"
gateway = "192.0.2.1"
mtu = 1400
offload = "off"

[[network.interface]]
match = "52:54:00:AB:CD:EF"
address = "dhcp"

[http]
port = 8080
index = ["start.html"]
not_found = "errors/404.html"
idle_timeout_s = 30
header_timeout_s = 5
"""


def test_every_key() -> None:
    assert parse_settings(WHOLE, "mote.toml") == Settings(
        lines=("panic=halt", "network.hostname=web-1", "network.0.address=192.0.2.10/24",
               "network.0.gateway=192.0.2.1", "network.0.mtu=1400", "network.0.offload=off",
               "network.52:54:00:ab:cd:ef.address=dhcp", "http.port=8080",
               "http.idle_timeout_s=30", "http.header_timeout_s=5"),
        index=("start.html",), not_found="errors/404.html", not_found_required=True)


def test_blob() -> None:
    assert Settings(lines=("a=1", "b=2")).blob() == b"a=1\nb=2\n"
    assert parse_settings("", "mote.toml") == Settings()
    assert Settings().blob() == b""


@pytest.mark.parametrize("text, words", [
    ("colour = 1", ":1: colour: unknown key"),
    ("[http]\nprot = 80", ":2: http.prot: unknown key; known are"),
    ("[network]\nhost = 'a'", ":2: network.host: unknown key"),
    ("[[network.interface]]\nmatch = 0\ndns = 'x'", ":3: network.interface.dns: unknown key"),
    ("[http]\nport = 0", ":2: http.port = 0: must be a whole number from 1 to 65535"),
    ("[http]\nport = 65536", "http.port = 65536"),
    ("[http]\nport = '80'", "http.port = '80'"),
    ("[http]\nport = true", "http.port = True"),
    ("[http]\nport = 80.0", "http.port = 80.0"),
    ("[http]\nindex = 'index.html'", "http.index: must be a list"),
    ("[http]\nindex = ['a/b']", "http.index = 'a/b'"),
    ("[http]\nnot_found = '../x'", "http.not_found = '../x'"),
    ("[http]\nnot_found = ''", "http.not_found = ''"),
    ("[http]\nidle_timeout_s = 0", "http.idle_timeout_s = 0"),
    ("http = 80", ":1: http: must be a table, begun by [http]"),
    ("panic = 'restart'", ":1: panic = 'restart': must be \"reset\" or \"halt\""),
    ("network.hostname = 'a b'", "network.hostname = 'a b'"),
    ("network.hostname = '-a'", "network.hostname = '-a'"),
    ("network.hostname = 'a\\n'", "network.hostname"),
    ("network.interface = 3", "network.interface: must be tables"),
    ("[[network.interface]]\naddress = 'dhcp'", "network.interface.match: is missing"),
    ("[[network.interface]]\nmatch = 8", "network.interface.match = 8"),
    ("[[network.interface]]\nmatch = '52:54'", "network.interface.match = '52:54'"),
    ("[[network.interface]]\nmatch = 0\n[[network.interface]]\nmatch = 0", "0 is there twice"),
    ("[http", "not TOML"),
    ("panic = 'halt'\npanic = 'halt'", "not TOML"),
])
def test_refusals_name_file_line_and_key(text: str, words: str) -> None:
    with pytest.raises(UserError) as caught:
        parse_settings(text, "mote.toml")
    message = str(caught.value)
    assert message.startswith("mote.toml") and words in message and "\n" not in message


@pytest.mark.parametrize("address", [
    "192.0.2.10", "192.0.2.256/24", "192.0.2.0/24", "192.0.2.255/24", "224.0.0.1/24",
    "127.0.0.1/8", "0.0.0.0/0", "255.255.255.255/32", "192.0.2.1/33", "DHCP", "2001:db8::1/64",
    "240.0.0.1/8", "192.0.2.1/24/1", "192.0.2.1/", "192.0.2.1/0"])
def test_bad_addresses(address: str) -> None:
    with pytest.raises(UserError, match="network.interface.address"):
        parse_settings(f"[[network.interface]]\nmatch = 0\naddress = '{address}'", "mote.toml")


@pytest.mark.parametrize("address, line", [
    ("192.0.2.10/24", "192.0.2.10/24"), ("10.0.0.0/31", "10.0.0.0/31"),
    ("10.0.0.1/32", "10.0.0.1/32"), ("192.0.2.9/255.255.255.0", "192.0.2.9/24")])
def test_good_addresses(address: str, line: str) -> None:
    text = f"[[network.interface]]\nmatch = 1\naddress = '{address}'"
    assert parse_settings(text, "mote.toml").lines == (f"network.1.address={line}",)


@pytest.mark.parametrize("address, gateway, words", [
    ("192.0.2.10/24", "198.51.100.1", "is not in 192.0.2.0/24"),
    ("192.0.2.10/24", "gateway", "must be an address"),
    ("192.0.2.10/24", "192.0.2.10", "is the interface's own address"),
    ("dhcp", "192.0.2.1", "is only for an interface with an address of its own")])
def test_bad_gateways(address: str, gateway: str, words: str) -> None:
    text = f"[[network.interface]]\nmatch = 0\naddress = '{address}'\ngateway = '{gateway}'"
    with pytest.raises(UserError) as caught:
        parse_settings(text, "mote.toml")
    assert words in str(caught.value) and "network.interface.gateway" in str(caught.value)


def test_gateway_may_come_before_its_address() -> None:
    text = "[[network.interface]]\nmatch=0\ngateway='192.0.2.1'\naddress='192.0.2.2/24'"
    assert len(parse_settings(text, "mote.toml").lines) == 2


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be read"):
        read_settings(tmp_path / "missing.toml")
    (tmp_path / "latin.toml").write_bytes(b"panic = 'h\xe9'")
    with pytest.raises(UserError, match="not UTF-8 at byte 10"):
        read_settings(tmp_path / "latin.toml")
