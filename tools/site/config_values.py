"""Checks of mote.toml's values: each returns a value in the form needed, or raises Wrong."""

import ipaddress
import re
from collections.abc import Callable
from typing import Any

from tools.site.policy import Pattern

_TOKEN = r"[0-9A-Za-z!#$%&'*+.^_`|~-]+"  # RFC 9110, 5.6.2

# Reason -> the fields that no site may set because of it, in lower case.
_OWN_FIELDS = {
    "belongs to the connection, which is the server's business": frozenset((
        "connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding",
        "upgrade", "proxy-authenticate", "proxy-authentication-info", "http2-settings",
        "close")),
    "says where the message ends; the server sets it": frozenset(("content-length",)),
    "is the time at which a response is sent; the server sets it": frozenset(("date", "age")),
    "is made from the file; any other would mislead caches": frozenset((
        "etag", "last-modified", "vary", "accept-ranges", "content-encoding", "content-range")),
    "is set by the server where it belongs": frozenset(("allow", "retry-after")),
    "is for redirects: use [[http.redirect]]": frozenset(("location",)),
    "has rules of its own: use [[http.cache]]": frozenset(("cache-control", "expires", "pragma")),
}


class Wrong(Exception):
    """An unusable value; the message says what would be usable."""


def integer(low: int, high: int) -> Callable[[Any], str]:
    def check(value: Any) -> str:
        if type(value) is not int or not low <= value <= high:
            raise Wrong(f"must be a whole number from {low} to {high}")
        return str(value)
    return check


def one_of(*words: str) -> Callable[[Any], str]:
    def check(value: Any) -> str:
        if value not in words:
            raise Wrong("must be " + " or ".join(f'"{word}"' for word in words))
        return value
    return check


def hostname(value: Any) -> str:
    # RFC 1123, 2.1: letters, digits and inner hyphens, labels of at most 63 characters.
    label = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
    fits = isinstance(value, str) and re.fullmatch(rf"{label}(\.{label})*", value)
    if not fits or len(value) > 63:
        raise Wrong("must be a host name of letters, digits and hyphens, at most 63 characters")
    return value


def address(value: Any) -> str:
    if value == "dhcp":
        return value
    message = 'must be "dhcp" or an address with its prefix, like "192.0.2.10/24"'
    try:
        if not isinstance(value, str) or "/" not in value:
            raise ValueError
        interface = ipaddress.IPv4Interface(value)
    except ValueError as error:
        raise Wrong(message) from error
    _check_host(interface.ip)
    network = interface.network
    if network.prefixlen == 0:
        raise Wrong("must have a prefix from 1 to 32")
    if network.prefixlen < 31 and interface.ip in (network[0], network[-1]):
        raise Wrong(f"is the network's own or broadcast address in {network}")
    return f"{interface.ip}/{network.prefixlen}"


def gateway(value: Any) -> str:
    try:
        if not isinstance(value, str):
            raise ValueError
        address = ipaddress.IPv4Address(value)
    except ValueError as error:
        raise Wrong('must be an address, like "192.0.2.1"') from error
    _check_host(address)
    return str(address)


def routes(value: Any) -> str:
    """A list of networks, each with a router or on the link, as the machine reads it."""
    if not isinstance(value, list):
        raise Wrong('must be a list of routes, like ["10.0.0.0/8 via 192.0.2.9"]')
    if len(value) > 16:
        raise Wrong("may hold 16 routes")
    return ", ".join(map(_route, value))


def _route(value: Any) -> str:
    try:
        if not isinstance(value, str):
            raise ValueError
        text, *router = value.split()
        network = ipaddress.IPv4Network(text)
        if "/" not in text or router[:1] not in ([], ["via"]) or len(router) not in (0, 2):
            raise ValueError
        via = [ipaddress.IPv4Address(router[1])] if router else []
    except ValueError as error:
        raise Wrong(f'{value!r} must be a network, on the link or via a router, like '
                    '"198.51.100.0/24" or "10.0.0.0/8 via 192.0.2.9"') from error
    for address in via:
        _check_host(address)
    if network.network_address.is_multicast or network.network_address.is_loopback or \
            (not via and network.prefixlen == 0):
        raise Wrong(f"{network} is not a network to which a route can lead")
    return " via ".join(map(str, (network, *via)))


def _check_host(address: ipaddress.IPv4Address) -> None:
    # 240.0.0.0/4 is reserved, but allowed: some clouds use it internally.
    if address.is_multicast or address.is_loopback or \
            address in ipaddress.IPv4Network("0.0.0.0/8") or int(address) == 0xFFFFFFFF:
        raise Wrong(f"{address} is not an address that a host can have")


def match(value: Any) -> str:
    if type(value) is int and 0 <= value <= 7:
        return str(value)
    if isinstance(value, str) and re.fullmatch(r"[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){5}", value):
        return value.lower()
    raise Wrong('must be an index from 0 to 7 or a MAC address, like "52:54:00:12:34:56"')


def file_name(value: Any) -> str:
    if not isinstance(value, str) or not value or "/" in value or value in (".", ".."):
        raise Wrong("must be a file's name, without a slash")
    return value


def page(value: Any) -> str:
    parts = value.strip("/").split("/") if isinstance(value, str) else [""]
    if any(part in ("", ".", "..") for part in parts):
        raise Wrong('must be a file of the site, like "404.html"')
    return value.strip("/")


def whether(value: Any) -> bool:
    if not isinstance(value, bool):
        raise Wrong("must be true or false")
    return value


def endpoint(value: Any) -> str:
    """A path without percent-encoding, so that requests can write it in one way only; or none."""
    if value == "":
        return ""
    fits = isinstance(value, str) and re.fullmatch(r"(/[A-Za-z0-9._~-]+)+", value)
    if not fits or len(value) > 63 or {".", ".."}.intersection(value.split("/")):
        raise Wrong('must be a path of letters, digits and -._~, like "/healthz", of at most 63 '
                    'characters; or "" for none')
    return value


def site_host(value: Any) -> str:
    """A host name as in Host, without a port."""
    try:
        if not isinstance(value, str):
            raise Wrong
        if found := re.fullmatch(r"\[([0-9A-Fa-f:.]+)\]", value):
            return f"[{ipaddress.IPv6Address(found[1])}]"
    except (Wrong, ValueError):
        raise Wrong("must be a host's name as text") from None
    label = r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
    if not re.fullmatch(rf"{label}(\.{label})*", value) or len(value) > 253:
        raise Wrong("must be a host name in ASCII, without a port, a final dot or a star")
    return value.lower()


def pattern(value: Any) -> Pattern:
    if not isinstance(value, str) or not value.startswith(("/", "*")):
        raise Wrong('must be a pattern on paths, which begins with "/" or "*", like "*.html"')
    if not value.isprintable():
        raise Wrong("must hold no control characters")
    return Pattern(value)


def field_value(value: Any) -> str:
    """A field's value (RFC 9110, 5.5), limited to what all parties read the same way."""
    if not isinstance(value, str):
        raise Wrong("must be text")
    if not re.fullmatch(r"[ -~]*", value):
        raise Wrong("must consist of visible ASCII characters and spaces")
    if value != value.strip():
        raise Wrong("must not begin or end with a space")
    return value


def cache_control(value: Any) -> str:
    """RFC 9111, 5.2: directives with a token or a quoted string, separated by commas."""
    directive = rf'{_TOKEN}(=({_TOKEN}|"[^"\\]*"))?'
    if field_value(value) and not re.fullmatch(rf"{directive}(, *{directive})*", value):
        raise Wrong('must be directives separated by commas, like "public, max-age=600"')
    return value


def field_name(name: str) -> str:
    if not re.fullmatch(_TOKEN, name):
        raise Wrong("is not a valid field name")
    for reason, names in _OWN_FIELDS.items():
        if name.lower() in names:
            raise Wrong(reason)
    return name


def media_type(value: str) -> str:
    """RFC 9110, 8.3.1."""
    if not re.fullmatch(rf'{_TOKEN}/{_TOKEN}( *; *{_TOKEN}=({_TOKEN}|"[^"\\]*"))*', value):
        raise Wrong('must be a media type, like "application/json"; it can\'t be removed')
    return value


def text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise Wrong("must be text")
    return value
