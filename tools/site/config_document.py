"""A parsed mote.toml: tables, checked values, and errors that name file, line and key."""

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from tools.base.errors import UserError
from tools.site.config_values import Wrong

Value = TypeVar("Value")
Check = Callable[[Any], Value]


class Document:
    """A file's tables, and its text, in which errors find their line."""

    def __init__(self, text: str, name: str) -> None:
        self._name = name
        self._lines = text.splitlines()
        self.folder = Path(name).parent
        self.tables = self._parse(text)

    def _parse(self, text: str) -> dict[str, Any]:
        try:
            return tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise UserError(f"{self._name}: not TOML: {error}") from error
        except ValueError as error:  # Python's limit on the digits of a number
            raise UserError(f"{self._name}: a number is too long; the largest setting has five "
                            "digits") from error
        except RecursionError as error:
            raise UserError(f"{self._name}: nested too deeply; no setting needs more than a list "
                            "of tables") from error

    def table(self, key: str, value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            self.fail(key, f"must be a table, begun by [{key}]")
        return value

    def entries(self, key: str, value: Any) -> list[dict[str, Any]]:
        """The tables of an array."""
        if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
            self.fail(key, f"must be tables, each begun by [[{key}]]")
        return value

    def records(self, key: str, value: Any, checks: Mapping[str, Check[Any]],
                optional: Mapping[str, Any] = {}) -> Iterator[dict[str, Any]]:
        """The tables of an array, each with these keys and no others, all checked."""
        for entry in self.entries(key, value):
            for name in entry:
                self.known(key + ".", name, checks)
            yield {name: optional[name] if name in optional and name not in entry
                   else self.checked(check, f"{key}.{name}", entry.get(name))
                   for name, check in checks.items()}

    def list(self, key: str, value: Any, check: Check[Value], like: str) -> list[Value]:
        if not isinstance(value, list):
            self.fail(key, f"must be a list of names, like {like}")
        values = [self.checked(check, key, entry) for entry in value]
        for number, entry in enumerate(values):
            if entry in values[:number]:
                self.fail(key, "is there twice", value[number])
        return values

    def known(self, prefix: str, key: str, known: Mapping[str, Any]) -> None:
        if key not in known:
            self.fail(prefix + key, "unknown key; known are " + ", ".join(sorted(known)))

    def checked(self, check: Check[Value], key: str, value: Any) -> Value:
        try:
            return check(value)
        except Wrong as wrong:
            if value is None:
                self.fail(key, f"is missing; it {wrong}")
            self.fail(key, str(wrong), value)

    def fail(self, key: str, what: str, value: Any = None) -> NoReturn:
        shown = "" if value is None else f" = {_shown(value)}"
        raise UserError(f"{self._name}{self._place(key, value)}: {key}{shown}: {what}")

    def _place(self, key: str, value: Any) -> str:
        """`:LINE` if only one line can be meant; tomllib gives no positions."""
        last = re.escape(key.rsplit(".", 1)[-1])
        begin = r"(^\s*(\[+\s*)?|[{,]\s*)"
        lines = [number for number, line in enumerate(self._lines, 1)
                 if re.search(rf"{begin}([\w.\"-]+\.)?[\"']?{last}[\"']?\s*[=.\]]", line)]
        if value is not None and len(lines) > 1:
            lines = [number for number in lines
                     if _shown(value).strip("'") in self._lines[number - 1]]
        return f":{lines[0]}" if len(lines) == 1 else ""


def _shown(value: Any) -> str:
    """A value for messages, shortened if need be."""
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # more digits, or more levels, than Python writes
        return "…"
    return text if len(text) <= 80 else text[:80] + "…"
