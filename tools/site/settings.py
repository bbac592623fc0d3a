"""The settings of mote.toml, checked and ready for the packer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tools.site import pack_format as layout
from tools.site.policy import CacheRule, HeaderRule
from tools.site.redirects import Redirect


@dataclass(frozen=True)
class HostedSite:
    """A site of its own for requests to these hosts."""

    hosts: tuple[str, ...]
    root: Path


@dataclass(frozen=True)
class Settings:
    """Settings for the packer itself, and the `key=value` lines for Mote."""

    lines: tuple[str, ...] = ()
    index: tuple[str, ...] = ("index.html", "index.htm")
    error_pages: Mapping[int, str] = field(default_factory=dict)  # those named by the user
    clean_urls: bool = False
    compress: tuple[int, ...] = (layout.GZIP, layout.BROTLI, layout.ZSTD)
    cache: tuple[CacheRule, ...] = ()
    headers: tuple[HeaderRule, ...] = ()
    redirects: tuple[Redirect, ...] = ()
    sites: tuple[HostedSite, ...] = ()
    # The server's own paths by the key that sets them; empty: none.
    endpoints: Mapping[str, str] = field(
        default_factory=lambda: {"http.health": "/healthz", "http.metrics": ""})

    def blob(self) -> bytes:
        return "".join(line + "\n" for line in self.lines).encode()
