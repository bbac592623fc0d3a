"""Documents in JSON, YAML and TOML, made at random: for the comparison with Python's readers, and
as seeds for the fuzzers."""

import json
import random

# Pieces to insert into a document at a random place.
YAML_PIECES = [
    "a", "c: ", "d:", "- ", "-", " ", "  ", "    ", "\n", "\n  ", "\n    ", "\n- ", "\n  - ", "# x",
    " # y", "'", '"', "'q'", '"r\\n"', "|", "|-", "|+", "|2", ">", ">-", ">+1", "[", "]", "{", "}",
    ", ", ",", ": ", ":", "---", "...", "\n---\n", "\n...\n", "?", "~", "null", "\\", "\t",
    "two words", "::1", "http://x/?a=b#c", "192.0.2.4/24", "%YAML 1.1\n---\n", "\r\n", "é", "x: y",
    "\nk: v", "\n  k: v", "\n  w", "\n\n", "&a", "*a", "!t", "<<: x", "@", "`", "%", "-a", "''",
    '""', '"a\\\n b"', '"a\n\n b"', "'c\n d'", " \n", "\ufeff", '"\\u0041"', "{a: 1}", "[1, 2]",
    '{"a":1}', ""]
TOML_PIECES = ["[", "]", "=", ".", '"', "'", "\n", "\r\n", "#", "{", "}", ",", "\\", "a", "1", " ",
               '"""', "'''", "\t", "é", "[[", "]]", "_", "-", "+", ""]
JSON_PIECES = ["[", "]", "{", "}", ",", ":", '"', "\\", "\\u00e9", "\\ud83d", "0", "-", ".", "e",
               "null", "true", " ", "\n", "\r\n", "\t", '"a":', "é", "\x00", "\x7f", "'", "#", ""]


class Maker:
    """Makes documents; the same ones for the same seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def documents(self, format_name: str, count: int) -> list[bytes]:
        make, pieces = {"json": (self.json, JSON_PIECES), "yaml": (self.yaml, YAML_PIECES),
                        "toml": (self.toml, TOML_PIECES)}[format_name]
        return [self.changed(make(), pieces).encode() for _ in range(count)]

    def one(self, *choices: str) -> str:
        return self.random.choice(choices)

    def happens(self, chance: float) -> bool:
        return self.random.random() < chance

    def changed(self, text: str, pieces: list[str]) -> str:
        """Half of all documents stay as they are."""
        for _ in range(self.random.choice([0, 0, 0, 1, 1, 2])):
            start = self.random.randint(0, len(text))
            end = min(len(text), start + self.random.choice([0, 0, 1, 1, 2, 5]))
            text = text[:start] + self.random.choice(pieces) + text[end:]
        return text

    # --- JSON ---

    def json(self) -> str:
        return json.dumps(self.json_value(0), ensure_ascii=self.happens(0.5),
                          indent=self.random.choice([None, None, 1, 2]))

    def json_value(self, depth: int) -> object:
        if depth < 4 and self.happens(0.3):
            return [self.json_value(depth + 1) for _ in range(self.random.randint(0, 4))]
        if depth < 4 and self.happens(0.4):
            return {self.one("a", "b", "é", "") + str(i): self.json_value(depth + 1)
                    for i in range(self.random.randint(0, 4))}
        return self.random.choice([None, True, False, 0, -17, 1.5, 1e300, "", 'a\n"\\/', "é😀",
                                   "\x00\x7f\u2028", "-", "192.0.2.1/24"])

    # --- YAML ---

    def yaml(self) -> str:
        if self.happens(0.15):
            return "".join(self.random.choice(YAML_PIECES)
                           for _ in range(self.random.randint(1, 14)))
        return self.brackets(0) if self.happens(0.2) else self.block(0, self.random.choice([0, 2]))

    def block(self, depth: int, indentation: int) -> str:
        """A map or a list, one part after the other."""
        is_map = depth == 0 or self.happens(0.65)
        keys = self.random.sample(["a", "b", "long key", "'q'", '"z"', "x-y", "192.0.2.1", "n0"], 3)
        parts = []
        for key in keys[:self.random.randint(1, 3)]:
            parts.append(" " * indentation + (f"{key}:" if is_map else "-"))
            parts.append(self.part(depth, indentation, is_map))
            if self.happens(0.1):
                parts.append(self.one("\n", "# c\n", "  # c\n", "   \n"))
        return "".join(parts)

    def part(self, depth: int, indentation: int, is_map: bool) -> str:
        if depth < 3 and self.happens(0.45):
            step = self.random.choice([0, 1, 2, 2, 4] if is_map else [1, 2, 2, 3])
            inner = self.block(depth + 1, indentation + step)
            if not is_map and step > 1 and self.happens(0.7):
                return " " * (step - 1) + inner.lstrip(" ")
            return self.one("", " ", " # c") + "\n" + inner
        deeper = "\n" + " " * (indentation + self.random.choice([1, 1, 2]))
        if self.happens(0.3):
            return " " + self.block_scalar(" " * (indentation + 2))
        if self.happens(0.15):
            return self.one("", " ", " ~", " null", " # c") + "\n"
        if self.happens(0.2):
            return " " + self.brackets(0) + self.one("\n", " # c\n", " \n")
        return " " + self.one(
            "v", "v w", f"v{deeper}w", "'a'", '"b"', f"'a{deeper}b'", f'"a \n{deeper}b\\{deeper}c"',
            "192.0.2.4/24", "::/0", "http://a:80/#x", "a#b", "a # b", '"\\u00e9\\x41"', "-1",
            "a, b", f"x{deeper}\n{deeper}y z # c") + "\n"

    def block_scalar(self, indentation: str) -> str:
        header = self.one("|", ">") + self.one("", "", "-", "+", "2", "1-", "+3")
        lines = (self.one("", indentation + "t x", indentation + "t", indentation + " u",
                          indentation, indentation + "\tv", "   ")
                 for _ in range(self.random.randint(0, 5)))
        return "\n".join([header, *lines]) + "\n"

    def brackets(self, depth: int) -> str:
        if depth > 2 or self.happens(0.3):
            return self.one("a", "b c", "'d'", '"e"', "1", "x:y", "", "a\n b", "-x", "~")
        if self.happens(0.5):
            parts = [self.brackets(depth + 1) for _ in range(self.random.randint(0, 3))]
            return "[" + self.between(parts) + "]"
        parts = [self.one("k", "l", "'m'", '"n"') + str(i) * self.random.randint(0, 1)
                 + self.one(": ", ": ", ":", " : ", ":\n ") + self.brackets(depth + 1)
                 for i in range(self.random.randint(0, 3))]
        return "{" + self.between(parts) + "}"

    def between(self, parts: list[str]) -> str:
        def blank() -> str:
            return self.one("", "", " ", " ", "\n  ", " # c\n ")
        return (blank() + ",".join(blank() + part + blank() for part in parts)
                + self.one("", "", ","))

    # --- TOML ---

    def toml(self) -> str:
        lines = [self.toml_line() for _ in range(self.random.randint(1, 6))]
        return self.one("\n", "\n", "\r\n").join(lines) + self.one("", "\n")

    def toml_line(self) -> str:
        if self.happens(0.2):
            return f"[{self.toml_key()}]"
        if self.happens(0.12):
            return f"[[{self.toml_key()}]]"
        if self.happens(0.05):
            return self.one("", "# c", "   ", "\t")
        return (self.toml_key() + self.one(" = ", "=", "= ") + self.toml_value(0)
                + self.one("", "", " # c", " "))

    def toml_key(self) -> str:
        return self.one("a", "b", "c", "d", "e", "f", '"a"', "'b'", "a-b", "1", '"x.y"', "a . b",
                        "a.b", "b.c", "c.a.b", '"\\u0061"')

    def toml_value(self, depth: int) -> str:
        if depth < 3 and self.happens(0.15):
            parts = [self.toml_value(depth + 1) for _ in range(self.random.randint(0, 3))]
            return ("[" + self.one("", " ", "\n", "\n# c\n")
                    + self.one(", ", ",\n", ", # x\n ").join(parts)
                    + self.one("", ",", " ,\n", "\n") + "]")
        if depth < 3 and self.happens(0.15):
            parts = [f"{self.toml_key()} = {self.toml_value(depth + 1)}"
                     for _ in range(self.random.randint(0, 2))]
            return "{" + self.one("", " ") + ", ".join(parts) + self.one("", " ", ",") + "}"
        return self.one(
            "1", "0", "-5", "+7", "1_000", "true", "false", '"s"', "'l'", '""', "''",
            '"e\\n\\u00e9\\U0001F600"', "'''\nml'''", '"""a\nb\\\n   c"""',
            '"""x\\  \n\n y"""""', "'''''a'''''", "1.5", "0x1F", "1979-05-27", "007", "_1", "1__2",
            '"tab\t"', '"bad\\q"', "'a\\b'", '"\\ud800"', "+0", "99999999999")
