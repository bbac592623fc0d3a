"""mote.toml: what is accepted, what it is compiled to, and what is refused with which words."""

from pathlib import Path

import pytest

from tools.base.errors import UserError
from tools.site import pack_format as layout
from tools.site.config import parse_settings, read_settings
from tools.site.policy import CacheRule, HeaderRule, Pattern
from tools.site.redirects import Redirect, parse_target
from tools.site.settings import Settings

WHOLE = """
panic = "halt"
idle = "doze"
console = "quiet"

[power]
drain_s = 20

[tcp]
congestion = "cubic"

[network]
hostname = "web-1"

[[network.interface]]
match = 0
address = "192.0.2.10/24"
gateway = "192.0.2.1"
mtu = 1400
offload = "off"
routes = ["10.0.0.0/8 via 192.0.2.9", "198.51.100.0/24"]

[[network.interface]]
match = "52:54:00:AB:CD:EF"
address = "dhcp"

[http]
port = 8080
connections = 5000
connections_per_address = 50
index = ["start.html"]
not_found = "errors/404.html"
idle_timeout_s = 30
header_timeout_s = 5
clean_urls = true
compress = ["zstd", "gzip"]
health = ""
metrics = "/internal/metrics"
metrics_interface = "52:54:00:AB:CD:EF"
access_log = "combined"
access_log_lines = 10

[http.error_pages]
503 = "busy.html"

[[http.cache]]
match = "*.pdf"
control = "private, max-age=60"

[[http.headers]]
match = "/*"
set = { "X-A" = "b", content-type = "text/plain" }

[[http.redirect]]
from = "/old/*"
to = "/new/*"
status = 308
"""


def test_every_key() -> None:
    assert parse_settings(WHOLE, "mote.toml") == Settings(
        lines=("panic=halt", "idle=doze", "console=quiet", "power.drain_s=20",
               "tcp.congestion=cubic", "network.hostname=web-1",
               "network.0.address=192.0.2.10/24",
               "network.0.gateway=192.0.2.1", "network.0.mtu=1400", "network.0.offload=off",
               "network.0.routes=10.0.0.0/8 via 192.0.2.9, 198.51.100.0/24",
               "network.52:54:00:ab:cd:ef.address=dhcp", "http.port=8080",
               "http.connections=5000", "http.connections_per_address=50",
               "http.idle_timeout_s=30", "http.header_timeout_s=5", "http.health=",
               "http.metrics=/internal/metrics", "http.metrics_interface=52:54:00:ab:cd:ef",
               "http.access_log=combined", "http.access_log_lines=10"),
        index=("start.html",), error_pages={404: "errors/404.html", 503: "busy.html"},
        clean_urls=True, compress=(layout.GZIP, layout.ZSTD),
        cache=(CacheRule(Pattern("*.pdf"), "private, max-age=60"),),
        headers=(HeaderRule(Pattern("/*"), (("X-A", "b"), ("Content-Type", "text/plain"))),),
        redirects=(Redirect(b"/old/", "/new/", 308, is_prefix=True, keeps_rest=True),),
        endpoints={"http.health": "", "http.metrics": "/internal/metrics"})


def test_blob() -> None:
    assert Settings(lines=("a=1", "b=2")).blob() == b"a=1\nb=2\n"
    assert parse_settings("", "mote.toml") == Settings()
    assert Settings().blob() == b""


@pytest.mark.parametrize("text, words", [
    ("colour = 1", ":1: colour: unknown key"),
    ("[htpp]\nport = 80", ":1: htpp: unknown key; known are console, http, idle, network, panic, "
     "power, tcp"),
    ("[power]\ndrain = 5", ":2: power.drain: unknown key; known are drain_s"),
    ("power = 5", ":1: power: must be a table, begun by [power]"),
    ("[power]\ndrain_s = 301", ":2: power.drain_s = 301: must be a whole number from 0 to 300"),
    ("[power]\ndrain_s = -1", "power.drain_s = -1"),
    ("[power]\ndrain_s = '5'", "power.drain_s = '5'"),
    ("[tcp]\nwindow = 5", ":2: tcp.window: unknown key; known are congestion"),
    ("tcp = 'bbr'", ":1: tcp: must be a table, begun by [tcp]"),
    ("[tcp]\ncongestion = 'reno'",
     ":2: tcp.congestion = 'reno': must be \"bbr\" or \"cubic\""),
    ("[tcp]\ncongestion = 'BBR'", "tcp.congestion = 'BBR'"),
    ("[tcp]\ncongestion = true", "tcp.congestion = True"),
    ("[http]\nprot = 80", ":2: http.prot: unknown key; known are"),
    ("[network]\nhost = 'a'", ":2: network.host: unknown key; known are hostname, interface"),
    ("[[network.interface]]\nmatch = 0\ndns = 'x'", ":3: network.interface.dns: unknown key"),
    ("[http]\nport = 0", ":2: http.port = 0: must be a whole number from 1 to 65535"),
    ("[http]\nport = 65536", "http.port = 65536"),
    ("[http]\nconnections = 63", "http.connections = 63: must be a whole number from 64"),
    ("[http]\nconnections = 131073", "http.connections = 131073"),
    ("[http]\nport = '80'", "http.port = '80'"),
    ("[http]\nport = true", "http.port = True"),
    ("[http]\nport = 80.0", "http.port = 80.0"),
    ("[http]\nindex = 'index.html'", "http.index: must be a list"),
    ("[http]\nindex = ['a/b']", "http.index = 'a/b'"),
    ("[http]\nnot_found = '../x'", "http.not_found = '../x'"),
    ("[http]\nnot_found = ''", "http.not_found = ''"),
    ("[http]\nidle_timeout_s = 0", "http.idle_timeout_s = 0"),
    ("[http]\nconnections_per_address = 0", "http.connections_per_address = 0"),
    ("http = 80", ":1: http: must be a table, begun by [http]"),
    ("panic = 'restart'", ":1: panic = 'restart': must be \"reset\" or \"halt\""),
    ("console = 'loud'", ":1: console = 'loud': must be \"normal\" or \"quiet\""),
    ("idle = 'sleep'", ":1: idle = 'sleep': must be \"poll\" or \"doze\""),
    ("network.hostname = 'a b'", "network.hostname = 'a b'"),
    ("network.hostname = '-a'", "network.hostname = '-a'"),
    ("network.hostname = 'a\\n'", "network.hostname"),
    ("network.interface = 3", "network.interface: must be tables"),
    ("[[network.interface]]\naddress = 'dhcp'", "network.interface.match: is missing"),
    ("[[network.interface]]\nmatch = 8", "network.interface.match = 8"),
    ("[[network.interface]]\nmatch = '52:54'", "network.interface.match = '52:54'"),
    ("[[network.interface]]\nmatch = 0\n[[network.interface]]\nmatch = 0", "0 is there twice"),
    ("http.clean_urls = 1", ":1: http.clean_urls = 1: must be true or false"),
    ("http.compress = 'gzip'", "http.compress: must be a list of names"),
    ("http.compress = ['deflate']", "http.compress = 'deflate': must be \"gzip\" or \"br\""),
    ("http.compress = ['br', 'br']", "http.compress = 'br': is there twice"),
    ("http.health = 'up'", "http.health = 'up': must be a path"),
    ("http.health = '/'", "http.health = '/'"),
    ("http.health = '/a b'", "http.health = '/a b'"),
    ("http.health = '/a/../b'", "http.health = '/a/../b'"),
    ("http.health = '/a/'", "http.health = '/a/'"),
    (f"http.metrics = '/{'m' * 63}'", "at most 63 characters"),
    ("http.metrics = '/healthz'", ":1: http.metrics = '/healthz': is also http.health's path"),
    ("http.metrics_interface = 8", "http.metrics_interface = 8: must be an index"),
    ("http.access_log = true", "http.access_log = True: must be \"off\" or \"combined\""),
    ("http.access_log_lines = 0", "http.access_log_lines = 0: must be a whole number"),
    ("http.error_pages = '404.html'", "http.error_pages: must be a table"),
    ("[http.error_pages]\n200 = 'a'", ":2: http.error_pages.200: is no error that the server"),
    ("[http.error_pages]\n0404 = 'a'", ":2: http.error_pages.0404: is no error"),
    ("[http.error_pages]\n503 = '../a'", ":2: http.error_pages.503 = '../a': must be a file"),
    ("[http]\nnot_found = 'a'\n[http.error_pages]\n404 = 'b'", ":4: http.error_pages.404: is set"),
    ("[[http.cache]]\nmatch = '*'", "http.cache.control: is missing; it must be text"),
    ("[[http.cache]]\ncontrol = 'no-cache'", "http.cache.match: is missing; it must be a pattern"),
    ("[[http.cache]]\nage = 3", ":2: http.cache.age: unknown key; known are control, match"),
    ("[http.cache]\nmatch = '*'", "http.cache: must be tables, each begun by [[http.cache]]"),
    ("[[http.cache]]\nmatch = 'a'\ncontrol = ''", ":2: http.cache.match = 'a': must be a pattern"),
    ("[[http.cache]]\nmatch = '/\u0007'\ncontrol = ''", "not TOML"),
    ("[[http.cache]]\nmatch = \"/\\u0007\"\ncontrol = ''", "control characters"),
    ("[[http.cache]]\nmatch = '*'\ncontrol = 'max-age 60'", ":3: http.cache.control = 'max-age"),
    ("[[http.cache]]\nmatch = '*'\ncontrol = 'a,,b'", ":3: http.cache.control"),
    ("[[http.headers]]\nmatch = '*'", "http.headers.set: must be fields with their values"),
    ("[[http.headers]]\nmatch = '*'\nset = {}", ":3: http.headers.set: must be fields"),
    ("[[http.headers]]\nmatch = '*'\nset = { X-A = 3 }", ":3: http.headers.set.X-A = 3: must be"),
    ("[[http.headers]]\nmatch = '*'\nset = { 'X A' = '' }", ":3: http.headers.set.X A: is no"),
    ("[[http.headers]]\nmatch = '*'\nset = { 'X:' = '' }", "set.X:: is not a valid field"),
    ("[[http.headers]]\nmatch = '*'\nset = { X = 'é' }", "set.X = 'é': must consist of"),
    ("[[http.headers]]\nmatch = '*'\nset = { X = ' a' }", "http.headers.set.X = ' a': must not"),
    ("[[http.headers]]\nmatch = '*'\nset = { X = \"a\\r\\nY: b\" }", "http.headers.set.X = 'a"),
    ("[[http.headers]]\nmatch = '*'\nset = { X = 'a', x = 'b' }", "http.headers.set.x: is there"),
    ("[[http.headers]]\nmatch = '*'\nset = { Content-Type = '' }", "must be a media type"),
    ("[[http.headers]]\nmatch = '*'\nset = { content-type = 'html' }", "must be a media type"),
    ("http.redirect = 3", "http.redirect: must be tables"),
    ("[[http.redirect]]\nfrom = '/a'", "http.redirect.to: is missing; it must be text"),
    ("[[http.redirect]]\nto = '/a'", "http.redirect.from: is missing; it must be text"),
    ("[[http.redirect]]\nfrom = '/a'\nto = '/b'\nstatus = 303",
     ":4: http.redirect.status = 303: must be 301 or 302 or 307 or 308"),
    ("[[http.redirect]]\nfrom = '/a'\nto = '/b'\nstatus = '301'", "http.redirect.status = '301'"),
    ("[[http.redirect]]\nfrom = '/a'\nto = '/b'\n[[http.redirect]]\nfrom = '/%61'\nto = '/c'",
     ":5: http.redirect.from = '/%61': is there twice"),
    ("[[http.site]]\nroot = '.'", "http.site.hosts: must be a list of names"),
    ("[[http.site]]\nhosts = []\nroot = '.'", ":2: http.site.hosts: must name at least one"),
    ("[[http.site]]\nhosts = ['a:80']\nroot = '.'", ":2: http.site.hosts = 'a:80': must be a host"),
    ("[[http.site]]\nhosts = ['*.a']\nroot = '.'", ":2: http.site.hosts = '*.a'"),
    ("[[http.site]]\nhosts = ['a.']\nroot = '.'", ":2: http.site.hosts = 'a.'"),
    ("[[http.site]]\nhosts = ['bücher.example']\nroot = '.'", "must be a host name in ASCII"),
    ("[[http.site]]\nhosts = ['[::g]']\nroot = '.'", ":2: http.site.hosts = '[::g]'"),
    ("[[http.site]]\nhosts = [3]\nroot = '.'", ":2: http.site.hosts = 3"),
    ("[[http.site]]\nhosts = ['a', 'A']\nroot = '.'", "http.site.hosts = 'A': is there twice"),
    ("[[http.site]]\nhosts = ['a']\nroot = '.'\n[[http.site]]\nhosts = ['a']\nroot = '.'",
     "http.site.hosts = 'a': is there twice"),
    ("[[http.site]]\nhosts = ['a']", "http.site.root: is missing"),
    ("[[http.site]]\nhosts = ['a']\nroot = 'nowhere'", ":3: http.site.root = 'nowhere': no such"),
    ("[[http.site]]\nhosts = ['a']\nroot = '.'\nport = 8", ":4: http.site.port: unknown key"),
    ("[http", "not TOML"),
    ("panic = 'halt'\npanic = 'halt'", "not TOML"),
])
def test_refusals_name_file_line_and_key(text: str, words: str) -> None:
    with pytest.raises(UserError) as caught:
        parse_settings(text, "mote.toml")
    message = str(caught.value)
    assert message.startswith("mote.toml") and words in message and "\n" not in message


@pytest.mark.parametrize(("name", "words"), [
    ("Connection", "to the connection"), ("keep-alive", "to the connection"),
    ("Transfer-Encoding", "to the connection"), ("TE", "to the connection"),
    ("upgrade", "to the connection"), ("Content-Length", "where the message ends"),
    ("Date", "the server sets it"), ("ETag", "made from the file"),
    ("Last-Modified", "made from the file"), ("Vary", "made from the file"),
    ("Content-Encoding", "made from the file"), ("Accept-Ranges", "made from the file"),
    ("Location", "[[http.redirect]]"), ("Cache-Control", "[[http.cache]]"),
    ("Expires", "[[http.cache]]"), ("Allow", "by the server"), ("Retry-After", "by the server")])
def test_fields_that_are_the_servers(name: str, words: str) -> None:
    with pytest.raises(UserError) as caught:
        parse_settings(f"[[http.headers]]\nmatch = '*'\nset = {{ {name} = 'a' }}", "mote.toml")
    assert str(caught.value).startswith(f"mote.toml:3: http.headers.set.{name}: ")
    assert words in str(caught.value)


@pytest.mark.parametrize(("source", "words"), [
    ("a", "begins with a slash"), ("*", "begins with a slash"), ("/a*b", "its star at the end"),
    ("/a**", "its star at the end"), ("/a?b", "without query"), ("/a#b", "without query"),
    ("/a%2Fb", "encoded slash"), ("/a%00", "NUL"), ("/a%zz", "percent"), ("/a%", "percent"),
    ("/a//b", "empty or dot segments"), ("//a", "empty or dot segments"),
    ("/a/../b", "empty or dot segments"), ("/a/.", "empty or dot segments"),
    ("/%2e%2e/a", "empty or dot segments"), ("/a/./*", "empty or dot segments")])
def test_bad_sources_of_redirects(source: str, words: str) -> None:
    with pytest.raises(UserError) as caught:
        parse_settings(f"[[http.redirect]]\nfrom = '{source}'\nto = '/'", "mote.toml")
    assert str(caught.value).startswith(f"mote.toml:2: http.redirect.from = '{source}': ")
    assert words in str(caught.value)


@pytest.mark.parametrize(("source", "target", "words"), [
    ("/a", "b", "must be a path"), ("/a", "ftp://example.com/", "must be a path"),
    ("/a", "javascript:alert(1)", "must be a path"), ("/a", "https:/x", "must be a path"),
    ("/a", "https://", "must be a path"), ("/a", "https://é.example/", "in ASCII"),
    ("/a", "https://a b/", "must be a path"), ("/a", "///x", "must be a path"),
    ("/a", "/\\\\example.com", "must be a path"), ("/a", "https://a@b/", "must be a path"),
    ("/a", "/%", "percent"), ("/a", "/b\\nc", "control"), ("/a", "/b\\r\\nX: y", "control"),
    ("/a", "/" + "b" * 2000, "2001 bytes"), ("/a", "/" + "é" * 400, "2401 bytes"),
    ("/a*", "https://example.com*", "a slash between host and star"),
    ("/a*", "https://example.com?b=*", "a slash between host and star"),
    ("/a*", "/b#*", "no fragment"), ("/a*", "/" + "b" * 256 + "*", "257 bytes")])
def test_bad_targets_of_redirects(source: str, target: str, words: str) -> None:
    with pytest.raises(UserError) as caught:
        parse_settings(f'[[http.redirect]]\nfrom = "{source}"\nto = "{target}"', "mote.toml")
    message = str(caught.value)
    assert message.startswith("mote.toml") and ": http.redirect.to = " in message
    assert words in message and "\n" not in message


@pytest.mark.parametrize(("target", "sent"), [
    ("/a b", "/a%20b"), ("/%41%2f", "/%41%2f"), ("/é?ü=ö#ä", "/%C3%A9?%C3%BC=%C3%B6#%C3%A4"),
    ("HTTPS://Example.com", "HTTPS://Example.com"), ("/a#b#c", "/a#b%23c"),
    ("http://[::1]:80/[x]", "http://[::1]:80/%5Bx%5D"),
    ("/a*", "/a*"), ("/\"<>|^`{}", "/%22%3C%3E%7C%5E%60%7B%7D"), ("/a\\b", "/a%5Cb")])
def test_targets_are_encoded_as_they_must_be(target: str, sent: str) -> None:
    assert parse_target(target, is_prefix=False) == (sent, False)


@pytest.mark.parametrize("address", [
    "192.0.2.10", "192.0.2.256/24", "192.0.2.0/24", "192.0.2.255/24", "224.0.0.1/24",
    "127.0.0.1/8", "0.0.0.0/0", "255.255.255.255/32", "192.0.2.1/33", "DHCP", "2001:db8::1/64",
    "0.1.2.3/8", "240.0.0.0/8", "192.0.2.1/24/1", "192.0.2.1/", "192.0.2.1/0"])
def test_bad_addresses(address: str) -> None:
    with pytest.raises(UserError, match="network.interface.address"):
        parse_settings(f"[[network.interface]]\nmatch = 0\naddress = '{address}'", "mote.toml")


@pytest.mark.parametrize("address, line", [
    ("192.0.2.10/24", "192.0.2.10/24"), ("10.0.0.0/31", "10.0.0.0/31"),
    ("10.0.0.1/32", "10.0.0.1/32"), ("240.0.0.1/8", "240.0.0.1/8"),
    ("192.0.2.9/255.255.255.0", "192.0.2.9/24")])
def test_good_addresses(address: str, line: str) -> None:
    text = f"[[network.interface]]\nmatch = 1\naddress = '{address}'"
    assert parse_settings(text, "mote.toml").lines == (f"network.1.address={line}",)


@pytest.mark.parametrize("address, gateway, words", [
    ("192.0.2.10/24", "198.51.100.1", "is not in 192.0.2.0/24"),
    ("192.0.2.10/24", "gateway", "must be an address"),
    ("192.0.2.10/24", "192.0.2.0", "is the network's own or broadcast address"),
    ("192.0.2.10/24", "192.0.2.255", "is the network's own or broadcast address"),
    ("10.0.0.0/31", "10.0.0.2", "is not in 10.0.0.0/31"),
    ("10.0.0.1/32", "0.1.2.3", "is not an address that a host can have"),
    ("10.0.0.1/32", "255.255.255.255", "is not an address that a host can have"),
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


@pytest.mark.parametrize("address, gateway", [
    ("10.0.0.0/31", "10.0.0.1"), ("10.0.0.1/32", "10.9.9.9"), ("240.0.0.2/8", "240.0.0.1")])
def test_good_gateways(address: str, gateway: str) -> None:
    text = f"[[network.interface]]\nmatch=0\ngateway='{gateway}'\naddress='{address}'"
    assert f"network.0.gateway={gateway}" in parse_settings(text, "mote.toml").lines


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be read"):
        read_settings(tmp_path / "missing.toml")
    (tmp_path / "latin.toml").write_bytes(b"panic = 'h\xe9'")
    with pytest.raises(UserError, match="not UTF-8 at byte 10"):
        read_settings(tmp_path / "latin.toml")


def test_a_gateway_may_be_where_a_route_puts_it_on_the_link() -> None:
    text = ("[[network.interface]]\nmatch=0\naddress='192.0.2.10/24'\ngateway='203.0.113.1'\n"
            "routes=['203.0.113.1/32']")
    assert "network.0.routes=203.0.113.1/32" in parse_settings(text, "mote.toml").lines


@pytest.mark.parametrize("routes, words", [
    ("'10.0.0.0/8'", "must be a list of routes"), ("[8]", "8 must be a network"),
    ("['10.0.0.0']", "must be a network"), ("['10.0.0.1/8']", "must be a network"),
    ("['10.0.0.0/8 dev 192.0.2.9']", "must be a network"), ("['fd00::/8']", "must be a network"),
    ("['10.0.0.0/8 via']", "must be a network"), ("['']", "must be a network"),
    ("['10.0.0.0/8 via 192.0.2.9 metric 3']", "must be a network"),
    ("['10.0.0.0/8 via 224.0.0.1']", "is not an address that a host can have"),
    ("['0.0.0.0/0']", "can lead"), ("['127.0.0.0/8']", "can lead"),
    (str(["10.0.0.0/8"] * 17), "16 routes")])
def test_bad_routes(routes: str, words: str) -> None:
    with pytest.raises(UserError) as caught:
        parse_settings(f"[[network.interface]]\nmatch = 0\nroutes = {routes}", "mote.toml")
    assert str(caught.value).startswith("mote.toml:3: network.interface.routes")
    assert words in str(caught.value)


@pytest.mark.parametrize("text", [
    "[http]\nport = " + "9" * 5000, "a = " + "[" * 5000 + "]" * 5000,
    "[http]\nport = 0x" + "f" * 5000, "[http]\n" + "port" + ".a" * 5000 + " = 1"])
def test_settings_beyond_measure_are_one_line(text: str) -> None:
    with pytest.raises(UserError) as caught:
        parse_settings(text, "mote.toml")
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize("key", ["idle_timeout_s", "header_timeout_s"])
def test_times_have_the_firmwares_range(key: str) -> None:
    assert parse_settings(f"http.{key} = 86400", "").lines == (f"http.{key}=86400",)
    with pytest.raises(UserError, match="from 1 to 86400"):
        parse_settings(f"http.{key} = 86401", "")
