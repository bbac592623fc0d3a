"""Reads mote.toml strictly, and compiles it into settings and the lines that Mote reads."""

import ipaddress
from functools import partial
from pathlib import Path
from typing import Any

from tools.base.errors import UserError
from tools.site import config_values as values
from tools.site.config_document import Check, Document
from tools.site.http_config import HttpReader
from tools.site.settings import Settings

TOP = {"panic": values.one_of("reset", "halt"), "idle": values.one_of("poll", "doze"),
       "console": values.one_of("normal", "quiet")}
POWER = {"drain_s": values.integer(0, 300)}
TCP = {"congestion": values.one_of("bbr", "cubic")}
PLAIN_TABLES = {"power": POWER, "tcp": TCP}  # of settings that the machine reads
NETWORK = {"hostname": values.hostname}
INTERFACE = {"address": values.address, "gateway": values.gateway,
             "mtu": values.integer(576, 1500), "offload": values.one_of("on", "off"),
             "routes": values.routes}


def read_settings(path: Path) -> Settings:
    """Reads a mote.toml; raises UserError naming file, line and key."""
    try:
        text = path.read_bytes().decode("utf-8")
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: not UTF-8 at byte {error.start}; save it as UTF-8") from error
    return parse_settings(text, str(path))


def parse_settings(text: str, name: str) -> Settings:
    """Like read_settings, but from text. `name` stands for the file in messages; folders named in
    the text are relative to its folder."""
    return _Reader(Document(text, name)).read()


class _Reader:
    """Walks a document once, key by key."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._lines: list[str] = []

    def read(self) -> Settings:
        http = HttpReader(self._document)
        for key, value in self._document.tables.items():
            if key == "network":
                self._read_network(self._document.table(key, value))
            elif key == "http":
                http.read(self._document.table(key, value))
            elif key in PLAIN_TABLES:
                for name, setting in self._document.table(key, value).items():
                    self._line(PLAIN_TABLES[key], f"{key}.", name, setting)
            else:
                self._document.known("", key, {**TOP, **PLAIN_TABLES, "http": None,
                                               "network": None})
                self._line(TOP, "", key, value)
        return Settings((*self._lines, *http.lines), **http.settings)

    def _read_network(self, table: dict[str, Any]) -> None:
        for key, value in table.items():
            if key == "interface":
                self._read_interfaces(value)
            else:
                self._document.known("network.", key, {**NETWORK, "interface": None})
                self._line(NETWORK, "network.", key, value)

    def _read_interfaces(self, value: Any) -> None:
        seen: set[str] = set()
        for entry in self._document.entries("network.interface", value):
            key = "network.interface.match"
            match = self._document.checked(values.match, key, entry.get("match"))
            if match in seen:
                self._document.fail(key, f"{match} is there twice")
            seen.add(match)
            for key, setting in entry.items():
                if key != "match":
                    self._line(INTERFACE, f"network.{match}.", key, setting,
                               f"network.interface.{key}")
            self._check_gateway(entry)

    def _check_gateway(self, entry: dict[str, Any]) -> None:
        if "gateway" not in entry:
            return
        fail = partial(self._document.fail, "network.interface.gateway")
        address = entry.get("address", "dhcp")
        if address == "dhcp":
            fail("is only for an interface with an address of its own; DHCP tells the gateway "
                 "itself")
        interface = ipaddress.IPv4Interface(address)
        gateway = ipaddress.IPv4Address(entry["gateway"])
        if gateway == interface.ip:
            fail(f"{gateway} is the interface's own address")
        network = interface.network
        if network.prefixlen < 31 and gateway in (network[0], network[-1]):
            fail(f"{gateway} is the network's own or broadcast address in {network}")
        # Some clouds give an address alone in its network (/32), with a gateway outside it. A route
        # can put a gateway on the link, too.
        near = [ipaddress.IPv4Network(route) for route in entry.get("routes", ())
                if "via" not in route]
        if not any(gateway in each for each in (network, *near)) and network.prefixlen < 32:
            fail(f"{gateway} is not in {network}")

    def _line(self, known: dict[str, Check[str]], prefix: str, key: str, value: Any,
              shown: str | None = None) -> None:
        shown = shown or prefix + key
        self._document.known(shown.removesuffix(key), key, known)
        self._lines.append(f"{prefix}{key}={self._document.checked(known[key], shown, value)}")
