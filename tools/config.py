"""Reads mote.toml, strictly, and compiles it into the lines that the firmware reads."""

import ipaddress
import re
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.errors import UserError


@dataclass(frozen=True)
class Settings:
    """What the packer itself heeds, and the `key=value` lines for the firmware."""

    lines: tuple[str, ...] = ()
    index: tuple[str, ...] = ("index.html", "index.htm")
    not_found: str = "404.html"
    not_found_required: bool = False  # the file was named by the user, so it must be there

    def blob(self) -> bytes:
        return "".join(line + "\n" for line in self.lines).encode()


class _Wrong(Exception):
    """A value that does not fit; its message says what would."""


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
    """Like read_settings, for text at hand; `name` stands for the file in messages."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UserError(f"{name}: not TOML: {error}") from error
    except ValueError as error:  # Python's limit on the digits of a number
        raise UserError(f"{name}: a number is too long; the largest setting has five "
                        "digits") from error
    except RecursionError as error:
        raise UserError(f"{name}: nested too deeply; no setting needs more than a list") from error
    return _Reader(name, text).read(document)


# --- Checks of one value: each returns the value in the firmware's form, or raises _Wrong. ---

def _integer(low: int, high: int) -> Callable[[Any], str]:
    def check(value: Any) -> str:
        if type(value) is not int or not low <= value <= high:
            raise _Wrong(f"must be a whole number from {low} to {high}")
        return str(value)
    return check


def _one_of(*words: str) -> Callable[[Any], str]:
    def check(value: Any) -> str:
        if value not in words:
            raise _Wrong("must be " + " or ".join(f'"{word}"' for word in words))
        return value
    return check


def _hostname(value: Any) -> str:
    # RFC 1123, 2.1: letters, digits and inner hyphens, labels of at most 63 characters.
    label = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
    fits = isinstance(value, str) and re.fullmatch(rf"{label}(\.{label})*", value)
    if not fits or len(value) > 63:
        raise _Wrong("must be a host name of letters, digits and hyphens, at most 63 characters")
    return value


def _address(value: Any) -> str:
    if value == "dhcp":
        return value
    message = 'must be "dhcp" or an address with its prefix, like "192.0.2.10/24"'
    try:
        if not isinstance(value, str) or "/" not in value:
            raise ValueError
        interface = ipaddress.IPv4Interface(value)
    except ValueError as error:
        raise _Wrong(message) from error
    _check_host(interface.ip)
    network = interface.network
    if network.prefixlen == 0:
        raise _Wrong("must have a prefix from 1 to 32")
    if network.prefixlen < 31 and interface.ip in (network[0], network[-1]):
        raise _Wrong(f"is the network's own or broadcast address in {network}")
    return f"{interface.ip}/{network.prefixlen}"


def _gateway(value: Any) -> str:
    try:
        if not isinstance(value, str):
            raise ValueError
        address = ipaddress.IPv4Address(value)
    except ValueError as error:
        raise _Wrong('must be an address, like "192.0.2.1"') from error
    _check_host(address)
    return str(address)


def _check_host(address: ipaddress.IPv4Address) -> None:
    if address.is_multicast or address.is_loopback or address.is_unspecified or \
            address in ipaddress.IPv4Network("240.0.0.0/4"):
        raise _Wrong(f"{address} is not an address that a host can have")


def _match(value: Any) -> str:
    if type(value) is int and 0 <= value <= 7:
        return str(value)
    if isinstance(value, str) and re.fullmatch(r"[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){5}", value):
        return value.lower()
    raise _Wrong('must be an index from 0 to 7 or a MAC address, like "52:54:00:12:34:56"')


def _file_name(value: Any) -> str:
    if not isinstance(value, str) or not value or "/" in value or value in (".", ".."):
        raise _Wrong("must be a file's name, without a slash")
    return value


def _page(value: Any) -> str:
    parts = value.strip("/").split("/") if isinstance(value, str) else [""]
    if any(part in ("", ".", "..") for part in parts):
        raise _Wrong('must be a file of the site, like "404.html"')
    return value.strip("/")


def _shown(value: Any) -> str:
    """A value for messages, cut short."""
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # more digits, or more levels, than Python writes
        return "…"
    return text if len(text) <= 80 else text[:80] + "…"


_NETWORK = {"hostname": _hostname}
_INTERFACE = {"address": _address, "gateway": _gateway, "mtu": _integer(576, 1500),
              "offload": _one_of("on", "off")}
_HTTP = {"port": _integer(1, 65535), "idle_timeout_s": _integer(1, 86400),
         "header_timeout_s": _integer(1, 86400)}
_TOP = {"panic": _one_of("reset", "halt")}


class _Reader:
    """Walks a document once, key by key."""

    def __init__(self, name: str, text: str) -> None:
        self._name = name
        self._text = text.splitlines()
        self._lines: list[str] = []
        self._index = Settings.index
        self._not_found: str | None = None

    def read(self, document: dict[str, Any]) -> Settings:
        for key, value in document.items():
            if key == "network":
                self._read_network(self._table(key, value))
            elif key == "http":
                self._read_http(self._table(key, value))
            else:
                self._line(_TOP, "", key, value)
        return Settings(tuple(self._lines), self._index, self._not_found or Settings.not_found,
                        self._not_found is not None)

    def _read_network(self, table: dict[str, Any]) -> None:
        for key, value in table.items():
            if key == "interface":
                self._read_interfaces(value)
            else:
                self._line(_NETWORK, "network.", key, value)

    def _read_interfaces(self, value: Any) -> None:
        if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
            self._fail("network.interface", "must be tables, each begun by [[network.interface]]")
        seen: set[str] = set()
        for entry in value:
            match = self._checked(_match, "network.interface.match", entry.get("match"))
            if match in seen:
                self._fail("network.interface.match", f"{match} is there twice")
            seen.add(match)
            for key, setting in entry.items():
                if key != "match":
                    self._line(_INTERFACE, f"network.{match}.", key, setting,
                               f"network.interface.{key}")
            self._check_gateway(entry)

    def _check_gateway(self, entry: dict[str, Any]) -> None:
        if "gateway" not in entry:
            return
        address = entry.get("address", "dhcp")
        if address == "dhcp":
            self._fail("network.interface.gateway", "is only for an interface with an address of "
                       "its own; DHCP tells the gateway itself")
        interface = ipaddress.IPv4Interface(address)
        gateway = ipaddress.IPv4Address(entry["gateway"])
        if gateway == interface.ip:
            self._fail("network.interface.gateway", f"{gateway} is the interface's own address")
        # An address alone in its network (/32) has its gateway elsewhere, as some clouds want it.
        if gateway not in interface.network and interface.network.prefixlen < 32:
            self._fail("network.interface.gateway", f"{gateway} is not in {interface.network}")

    def _read_http(self, table: dict[str, Any]) -> None:
        for key, value in table.items():
            if key == "index":
                if not isinstance(value, list):
                    self._fail("http.index", 'must be a list of names, like ["index.html"]')
                self._index = tuple(self._checked(_file_name, "http.index", name)
                                    for name in value)
            elif key == "not_found":
                self._not_found = self._checked(_page, "http.not_found", value)
            else:
                self._line(_HTTP, "http.", key, value)

    def _line(self, known: dict[str, Callable[[Any], str]], prefix: str, key: str, value: Any,
              shown: str | None = None) -> None:
        shown = shown or prefix + key
        if key not in known:
            self._fail(shown, "unknown key; known are " + ", ".join(sorted(known)))
        self._lines.append(f"{prefix}{key}={self._checked(known[key], shown, value)}")

    def _table(self, key: str, value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            self._fail(key, f"must be a table, begun by [{key}]")
        return value

    def _checked(self, check: Callable[[Any], str], key: str, value: Any) -> str:
        try:
            return check(value)
        except _Wrong as wrong:
            if value is None:
                self._fail(key, f"is missing; it {wrong}")
            self._fail(key, str(wrong), value)

    def _fail(self, key: str, what: str, value: Any = None) -> Any:
        shown = "" if value is None else f" = {_shown(value)}"
        raise UserError(f"{self._name}{self._place(key, value)}: {key}{shown}: {what}")

    def _place(self, key: str, value: Any) -> str:
        """`:LINE` when exactly one line can be meant, since tomllib tells no positions."""
        last = re.escape(key.rsplit(".", 1)[-1])
        lines = [number for number, line in enumerate(self._text, 1)
                 if re.match(rf"\s*(\[+\s*)?([\w.\"-]+\.)?[\"']?{last}[\"']?\s*[=.\]]", line)]
        if value is not None and len(lines) > 1:
            lines = [number for number in lines
                     if _shown(value).strip("'") in self._text[number - 1]]
        return f":{lines[0]}" if len(lines) == 1 else ""
