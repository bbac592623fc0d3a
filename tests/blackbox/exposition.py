"""Reads Prometheus's text-based exposition format 0.0.4, and refuses anything else."""

import re
from dataclasses import dataclass, field

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
HELP = re.compile(rf"# HELP ({NAME}) (.*)")
TYPE = re.compile(rf"# TYPE ({NAME}) (counter|gauge)")
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"')
SAMPLE = re.compile(rf"({NAME})(?:\{{(.*)\}})? ([0-9.e+]+)")

Labels = frozenset[tuple[str, str]]


@dataclass
class Family:
    """The samples of one name, by their labels."""

    help: str
    kind: str = ""
    samples: dict[Labels, float] = field(default_factory=dict)


@dataclass
class Exposition:
    """All families of one response."""

    families: dict[str, Family]

    def value(self, name: str, **labels: str) -> float:
        """One sample's value."""
        return self.families[name].samples[frozenset(labels.items())]

    def total(self, name: str) -> float:
        """The sum of a family's samples."""
        return sum(self.families[name].samples.values())


def labels_of(text: str | None) -> Labels:
    """The name-value pairs between the braces; no name twice."""
    pairs = []
    while text:
        found = LABEL.match(text)
        assert found, f"not a label: {text!r}"
        pairs.append((found[1], found[2]))
        text = text[found.end():]
        assert not text or re.match(r",.", text), f"no comma between labels: {text!r}"
        text = text[1:]
    assert len({name for name, _ in pairs}) == len(pairs), f"a label twice: {pairs}"
    return frozenset(pairs)


def read(text: str) -> Exposition:
    """Reads the whole text: each family in one piece behind its HELP and TYPE, no sample twice."""
    assert text.endswith("\n"), "the last line doesn't end"
    families: dict[str, Family] = {}
    current = ""
    for line in text.splitlines():
        if found := HELP.fullmatch(line):
            assert found[1] not in families, f"{found[1]} begins again"
            current = found[1]
            families[current] = Family(found[2])
        elif found := TYPE.fullmatch(line):
            assert found[1] == current and not families[current].kind, line
            families[current].kind = found[2]
            assert current.endswith("_total") == (found[2] == "counter"), line
        else:
            found = SAMPLE.fullmatch(line)
            assert found, f"not a line of the format: {line!r}"
            family = families[current]
            assert found[1] == current and family.kind, f"a sample outside of its family: {line!r}"
            labels = labels_of(found[2])
            assert labels not in family.samples, f"a sample twice: {line!r}"
            family.samples[labels] = float(found[3])
    for name, family in families.items():
        assert family.help and family.samples, f"{name} is empty"
    return Exposition(families)
