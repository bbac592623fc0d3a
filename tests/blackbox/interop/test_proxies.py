"""Reverse proxies in front: connections kept and reused, health checked, not one 502."""

import csv
import io
import json
import re
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any

import pytest

import sites
from conftest import Bench
from images import Images
from lab import Lab, until
from machine import Guest
from programs import (CONFIG, DEADLINE_S, Service, Use, boot, metric, needed, the_site,
                      wrong_files)

PORT = 8080
PROXY = f"http://127.0.0.1:{PORT}"
STATISTICS_PORT = 8081
POOL = 16  # idle connections to the machine that a proxy may keep

NGINX = """
daemon off; master_process off; user root; pid {folder}/nginx.pid; error_log stderr error;
events {{}}
http {{
  access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  upstream mote {{ server {guest}:80 max_fails=1 fail_timeout=60s; keepalive {pool}; }}
  server {{
    listen 127.0.0.1:{port};
    client_max_body_size 16m;
    location / {{
      proxy_pass http://mote;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $host;
    }}
  }}
}}
"""

HAPROXY = """
global
  stats socket ipv4@127.0.0.1:{statistics}
  log stdout format raw daemon notice
defaults
  mode http
  log global
  timeout check 20s
  timeout connect 20s
  timeout client 60s
  timeout server 60s
  http-reuse always
frontend front
  bind 127.0.0.1:{port}
  default_backend mote
backend mote
  option httpchk
  http-check send meth GET uri /healthz ver HTTP/1.1 hdr Host mote
  http-check expect status 200
  server mote {guest}:80 check inter 200ms fall 1 rise 2 pool-max-conn {pool} maxconn {pool}
"""

# Varnish doesn't keep content that must be revalidated each time, and serves ranges only of what it
# keeps.
CACHED = """
[[http.cache]]
match = "*.txt"
control = "max-age=3600"
"""

VARNISH = """
vcl 4.1;
backend mote {{
  .host = "{guest}";
  .port = "80";
  .probe = {{ .url = "/healthz"; .interval = 200ms; .timeout = 10s; .window = 5; .threshold = 4; }}
}}
sub vcl_recv {{ if (req.url ~ "^/size/") {{ return (pass); }} }}
"""


@pytest.fixture(scope="module")
def site(images: Images) -> Path:
    return the_site(images)


class Proxy:
    """A proxy of one kind in front of a machine."""

    def __init__(self, bench: Bench, guest: Guest, name: str) -> None:
        self.guest, self.lab = guest, bench.lab
        self.folder = bench.results / name
        self.folder.mkdir(parents=True, exist_ok=True)
        self.service: Service = getattr(self, name)(bench).listens(PORT)
        self._client = HTTPConnection("127.0.0.1", PORT)
        bench.on_close(self.close)
        until(self.is_well, f"{name} finding its server well", 30)

    def _write(self, name: str, text: str) -> str:
        path = self.folder / name
        path.write_text(text.format(folder=self.folder, guest=Lab.GUEST, port=PORT, pool=POOL,
                                    statistics=STATISTICS_PORT))
        return str(path)

    def nginx(self, bench: Bench) -> Service:
        return Service(bench, "nginx", "nginx", "-p", str(self.folder), "-e", "stderr", "-c",
                       self._write("nginx.conf", NGINX))

    def haproxy(self, bench: Bench) -> Service:
        return Service(bench, "haproxy", "haproxy", "-db", "-f",
                       self._write("haproxy.cfg", HAPROXY))

    def varnish(self, bench: Bench) -> Service:
        return Service(bench, "varnish", "varnishd", "-F", "-j", "none", "-n",
                       str(self.folder / "work"), "-a", f"127.0.0.1:{PORT}", "-f",
                       self._write("mote.vcl", VARNISH), "-s", "malloc,32m", "-p",
                       "thread_pool_min=10")

    def varnish_says(self, program: str, *options: str) -> str:
        return self.lab.run(program, "-n", str(self.folder / "work"), *options).stdout

    def get(self, path: str, method: str = "GET", **fields: str) -> tuple[HTTPResponse, bytes]:
        """An exchange by Python's own client, on its one connection to the proxy."""
        if self._client.sock is None:
            self._client.sock = self.lab.connect(PORT, "127.0.0.1")
        self._client.request(method, path, headers=fields)
        response = self._client.getresponse()
        return response, response.read()

    def close(self) -> None:
        self._client.close()

    def server_row(self) -> dict[str, str]:
        """HAProxy's statistics for its server."""
        with self.lab.connect(STATISTICS_PORT, "127.0.0.1") as control:
            control.sendall(b"show stat\n")
            text = b"".join(iter(lambda: control.recv(65536), b"")).decode()
        rows = csv.DictReader(io.StringIO(text.removeprefix("# ")))
        return next(row for row in rows if (row["pxname"], row["svname"]) == ("mote", "mote"))

    def is_well(self) -> bool:
        """Whether health checks, if the proxy makes any, have found the server."""
        if self.service.name == "haproxy":
            return self.server_row()["check_status"].endswith("L7OK")
        if self.service.name == "varnish":
            return self.backend()["probe_message"] == [5, 5, "healthy"]
        return self.service.is_alive()

    def backend(self) -> dict[str, Any]:
        """Varnish's state of its server; the list's first three items describe the list."""
        return json.loads(self.varnish_says("varnishadm", "backend.list", "-j"))[3]["boot.mote"]

    def is_content(self) -> None:
        """The proxy's view of its server: up, never down, and no errors."""
        self.service.is_alive()
        name = self.service.name
        if name == "nginx":
            assert self.service.said == ""
        elif name == "haproxy":
            row = self.server_row()
            # A star: the next check has begun.
            assert (row["status"], row["check_status"].strip("* ")) == ("UP", "L7OK")
            faults = ("chkfail", "chkdown", "econ", "eresp", "wretr", "wredis", "hrsp_5xx",
                      "cli_abrt", "srv_abrt")
            assert {fault: row[fault] for fault in faults} == dict.fromkeys(faults, "0")
        else:
            assert self.backend()["probe_message"] == [5, 5, "healthy"]
            counted = json.loads(self.varnish_says("varnishstat", "-j"))["counters"]
            for fault in ("backend_fail", "backend_unhealthy", "fetch_failed", "backend_busy"):
                assert counted[f"MAIN.{fault}"]["value"] == 0, fault


KINDS = ["nginx", "haproxy", pytest.param("varnish", marks=pytest.mark.interop)]


@pytest.fixture(params=KINDS)
def proxy(request: pytest.FixtureRequest, bench: Bench) -> Proxy:
    needed("varnishd" if request.param == "varnish" else request.param)
    return Proxy(bench, boot(bench, CONFIG + CACHED), request.param)


def test_every_file(proxy: Proxy, site: Path, tmp_path: Path) -> None:
    needed("curl")
    names = sites.files(site)
    for codings in ([], ["compressed"]):
        config = tmp_path / "curl.conf"
        config.write_text("\n".join([*codings, *[
            f'url = "{PROXY}{sites.url_path(name)}"\noutput = "{tmp_path}/{name}"'
            for name in names]]) + "\n")
        proxy.lab.run("curl", "-sS", "-f", "--create-dirs", "-K", str(config))
        assert not wrong_files(tmp_path, site, names)
    proxy.is_content()


def test_load_on_kept_connections(proxy: Proxy) -> None:
    """Thousands of requests over few connections, with health checks beside them.

    The rate makes the load last two seconds, ten health checks, however fast the host is.
    """
    needed("h2load")
    use = Use(proxy.guest)
    said = proxy.lab.run("h2load", "--h1", "-n", "3000", "-c", str(POOL), "-t", "1", "--rps", "94",
                         f"{PROXY}/size/1460.bin", timeout=DEADLINE_S).stdout
    assert "3000 succeeded, 0 failed, 0 errored, 0 timeout" in said, said
    assert re.search(r"status codes: 30\d\d 2xx, 0 3xx, 0 4xx, 0 5xx", said), said
    requests, connections = use.so_far()
    # Each health check is a request on its own connection, beside the load.
    health_checks = requests - 3000
    assert (health_checks > 0) == (proxy.service.name != "nginx")
    assert connections - health_checks <= 2 * POOL
    proxy.is_content()


def test_conditions_ranges_and_refusals(proxy: Proxy, site: Path) -> None:
    text = (site / "text.txt").read_bytes()
    tag = proxy.get("/text.txt")[0].headers["ETag"]
    for _ in range(50):
        assert proxy.get("/text.txt", **{"If-None-Match": tag})[0].status == 304
        answer, part = proxy.get("/text.txt", Range="bytes=100-199")
        assert (answer.status, part) == (206, text[100:200])
        assert proxy.get("/nowhere")[0].status == 404
        assert proxy.get("/text.txt", "HEAD")[0].status == 200
    proxy.is_content()


@pytest.mark.parametrize("size", [1000, 300_000])
@pytest.mark.parametrize("framing", ["Content-Length", "Transfer-Encoding: chunked"])
def test_content_that_nobody_wants(proxy: Proxy, tmp_path: Path, size: int,
                                   framing: str) -> None:
    """The machine's 405 gets through while content is still on its way; other requests go on."""
    needed("curl")
    body = tmp_path / "body"
    body.write_bytes(b"x" * size)
    options = ["-H", framing] if "chunked" in framing else []
    for _ in range(10):
        told = proxy.lab.run("curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", "-X", "POST",
                             "-H", "Expect:", *options, "--data-binary", f"@{body}",
                             f"{PROXY}/size/1.bin").stdout
        assert told == "405"
        assert proxy.get("/size/1.bin")[0].status == 200


@pytest.mark.parametrize("kind", KINDS)
def test_connections_that_grow_old(bench: Bench, kind: str) -> None:
    """The machine closes connections idle for a second; a proxy that keeps them must not
    stumble."""
    guest = boot(bench, CONFIG + "idle_timeout_s = 1\n")
    proxy = Proxy(bench, guest, kind)
    for _ in range(4):
        closed = metric(guest, "mote_http_timeouts_total", kind="idle")
        for _ in range(5):
            assert proxy.get("/size/1460.bin")[0].status == 200
        until(lambda: metric(guest, "mote_http_connections") == 1, "the end of all but our own")
        assert metric(guest, "mote_http_timeouts_total", kind="idle") > closed
    if kind == "nginx":
        assert proxy.service.said == ""
