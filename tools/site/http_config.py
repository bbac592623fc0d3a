"""Reads mote.toml's table [http]."""

from typing import Any

from tools.site import config_values as values
from tools.site.config_document import Document
from tools.site.config_values import Wrong
from tools.site.messages import CODINGS, REDIRECTS
from tools.site.policy import CacheRule, HeaderRule
from tools.site.redirects import Redirect, parse_source, parse_target
from tools.site.settings import HostedSite, Settings

# Keys that become lines for Mote unchanged.
LINES = {"port": values.integer(1, 65535), "connections": values.integer(64, 131072),
         "connections_per_address": values.integer(1, 131072),
         "idle_timeout_s": values.integer(1, 86400),
         "header_timeout_s": values.integer(1, 86400), "health": values.endpoint,
         "metrics": values.endpoint, "metrics_interface": values.match,
         "access_log": values.one_of("off", "combined"),
         "access_log_lines": values.integer(1, 10000)}

# The server's error statuses, each of which a site can have its own page for.
ERRORS = (400, 404, 405, 408, 412, 414, 416, 417, 431, 501, 503, 505)

_NAMED_CODINGS = {name: coding for coding, name in CODINGS.items()}
_MOST_SITES = 1000


class HttpReader:
    """Walks the table once, key by key."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self.lines: list[str] = []
        self.settings: dict[str, Any] = {}  # by Settings' names
        self.readers = {
            "index": self._index, "not_found": self._not_found,
            "error_pages": self._error_pages, "clean_urls": self._clean_urls,
            "compress": self._compress, "cache": self._cache, "headers": self._headers,
            "redirect": self._redirects, "site": self._sites}

    def read(self, table: dict[str, Any]) -> None:
        endpoints = dict(Settings().endpoints)
        for key, value in table.items():
            self._document.known("http.", key, {**LINES, **self.readers})
            if key in self.readers:
                self.readers[key](f"http.{key}", value)
                continue
            checked = self._document.checked(LINES[key], f"http.{key}", value)
            self.lines.append(f"http.{key}={checked}")
            if LINES[key] is values.endpoint:
                endpoints[f"http.{key}"] = checked
        if len(set(endpoints.values())) < len(endpoints) and any(endpoints.values()):
            self._document.fail("http.metrics", "is also http.health's path; set another one",
                                endpoints["http.metrics"])
        self.settings["endpoints"] = endpoints

    def _index(self, key: str, value: Any) -> None:
        names = self._document.list(key, value, values.file_name, '["index.html"]')
        self.settings["index"] = tuple(names)

    def _not_found(self, key: str, value: Any) -> None:
        self._error_page(key, 404, value)

    def _error_pages(self, key: str, value: Any) -> None:
        for status, page in self._document.table(key, value).items():
            if status not in map(str, ERRORS):
                self._document.fail(f"{key}.{status}", "is no error that the server answers with; "
                                    "those are " + ", ".join(map(str, ERRORS)))
            self._error_page(f"{key}.{status}", int(status), page)

    def _error_page(self, key: str, status: int, value: Any) -> None:
        pages = self.settings.setdefault("error_pages", {})
        if status in pages:
            self._document.fail(key, "is set by http.not_found and by http.error_pages; keep one")
        pages[status] = self._document.checked(values.page, key, value)

    def _clean_urls(self, key: str, value: Any) -> None:
        self.settings["clean_urls"] = self._document.checked(values.whether, key, value)

    def _compress(self, key: str, value: Any) -> None:
        check = values.one_of(*_NAMED_CODINGS)
        names = self._document.list(key, value, check, '["br", "gzip"]')
        self.settings["compress"] = tuple(sorted(_NAMED_CODINGS[name] for name in names))

    def _cache(self, key: str, value: Any) -> None:
        checks = {"match": values.pattern, "control": values.cache_control}
        self.settings["cache"] = tuple(
            CacheRule(entry["match"], entry["control"])
            for entry in self._document.records(key, value, checks))

    def _headers(self, key: str, value: Any) -> None:
        checks = {"match": values.pattern, "set": lambda fields: fields}
        self.settings["headers"] = tuple(
            HeaderRule(entry["match"], self._fields(f"{key}.set", entry["set"]))
            for entry in self._document.records(key, value, checks))

    def _fields(self, key: str, value: Any) -> tuple[tuple[str, str], ...]:
        if not isinstance(value, dict) or not value:
            self._document.fail(key, 'must be fields with their values, like { "X-A" = "b" }')
        fields: dict[str, tuple[str, str]] = {}
        for name, text in value.items():
            shown = f"{key}.{name}"
            if name.lower() in fields:
                self._document.fail(shown, "is there twice; case makes no difference in names")
            try:
                values.field_name(name)
            except Wrong as wrong:
                self._document.fail(shown, str(wrong))
            self._document.checked(values.field_value, shown, text)
            if name.lower() == "content-type":
                name = "Content-Type"
                self._document.checked(values.media_type, shown, text)
            fields[name.lower()] = (name, text)
        return tuple(fields.values())

    def _redirects(self, key: str, value: Any) -> None:
        checks = {"from": values.text, "to": values.text, "status": _redirect_status}
        found: dict[tuple[bytes, bool], Redirect] = {}
        for entry in self._document.records(key, value, checks, {"status": 301}):
            try:
                path, is_prefix = parse_source(entry["from"])
            except ValueError as error:
                self._document.fail(f"{key}.from", str(error), entry["from"])
            try:
                target, keeps_rest = parse_target(entry["to"], is_prefix)
            except ValueError as error:
                self._document.fail(f"{key}.to", str(error), entry["to"])
            if (path, is_prefix) in found:
                self._document.fail(f"{key}.from", "is there twice", entry["from"])
            found[path, is_prefix] = Redirect(path, target, entry["status"], is_prefix, keeps_rest)
        self.settings["redirects"] = tuple(found.values())

    def _sites(self, key: str, value: Any) -> None:
        sites = []
        seen: set[str] = set()
        for entry in self._document.entries(key, value):
            for name in entry:
                self._document.known(f"{key}.", name, {"hosts", "root"})
            hosts = self._document.list(f"{key}.hosts", entry.get("hosts"), values.site_host,
                                        '["www.example.com"]')
            if not hosts:
                self._document.fail(f"{key}.hosts", "must name at least one host")
            if both := seen.intersection(hosts):
                self._document.fail(f"{key}.hosts", "is there twice", min(both))
            seen.update(hosts)
            root = self._document.checked(values.text, f"{key}.root", entry.get("root"))
            folder = self._document.folder / root
            if not folder.is_dir():
                self._document.fail(f"{key}.root", "no such folder; it is relative to this file's "
                                    "folder", root)
            sites.append(HostedSite(tuple(hosts), folder))
        if len(sites) > _MOST_SITES:
            self._document.fail(key, f"more than {_MOST_SITES} sites")
        self.settings["sites"] = tuple(sites)


def _redirect_status(value: Any) -> int:
    if type(value) is not int or value not in REDIRECTS:
        raise Wrong("must be " + " or ".join(map(str, REDIRECTS)))
    return value
