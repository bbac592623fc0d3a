"""Field lines for responses that Mote composes at run time: errors, redirects by prefix, OPTIONS.

Such a response may be for any path, so its header rules are found when it is requested. All
patterns become one automaton that reads a path byte by byte: each of its states belongs to a group
of paths for which the same rules count, and the pack holds the lines of each group.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from tools.base.errors import UserError
from tools.site.policy import HeaderRule, merged

# The automaton's words are 16 bits wide, and a machine must hold them all.
_MOST_STATES = (1 << 16) - 1
_MOST_WORDS = 1 << 21
_MOST_SETS = (1 << 16) - 1

# Defaults for an answer to OPTIONS, unless a rule sets them (Fetch, 3.3.3): the methods, and how
# long browsers needn't ask again.
_PREFLIGHT = {"Access-Control-Allow-Methods": "GET, HEAD", "Access-Control-Max-Age": "3600"}


@dataclass(frozen=True)
class FieldSet:
    """Lines for every response of a group, and those that follow them in answers to OPTIONS."""

    lines: bytes
    preflight: bytes = b""
    echoes: bool = False  # OPTIONS allows whichever header fields the request asks for

    @property
    def text(self) -> bytes:
        return self.lines + self.preflight


class FieldSets:
    """The sets for each group of paths with each group of error pages; page group 0 is no page."""

    def __init__(self, rules: Sequence[HeaderRule], sites: int) -> None:
        self._rules = rules
        self._sites = sites
        self._resources: set[tuple[int, bytes]] = set()
        self._exact: defaultdict[bytes, int] = defaultdict(int)  # rules for one path, as bits
        for number, rule in enumerate(rules):
            if _is_exact(rule):
                self._exact[rule.match.text.encode()] |= 1 << number
        # The rules that count, as bits -> the group's number.
        self._groups: dict[int, int] = {}
        self._page_groups = {0: 0}

    def group(self, site: int, path: bytes, paths: Sequence[bytes]) -> int:
        """The group of a site's resource at `path`, which answers at all of `paths`."""
        self._resources.add((site, path))
        return self._number(self._groups, self._mask(paths)) if self._rules else 0

    def page_group(self, paths: Sequence[bytes]) -> int:
        """The group of an error page that answers at these paths."""
        return self._number(self._page_groups, self._mask(paths)) if self._rules else 0

    def words(self) -> list[int]:
        """The automaton in http/pack/format.hpp's form; empty without rules. Call before sets()."""
        if not self._rules:
            return []
        needed = [number for number, rule in enumerate(self._rules) if not self._is_told(rule)]
        classes, states = automaton([self._rules[number].match.text.encode() for number in needed])
        words = [1 + max(classes), len(states), 0, 0]
        words += [classes[at] | classes[at + 1] << 8 for at in range(0, 256, 2)]
        for found, following in states:
            mask = sum(1 << number for place, number in enumerate(needed) if found >> place & 1)
            words += [self._number(self._groups, mask), *following]
        words[2] = len(self._groups)
        return words + [0] * (-len(words) % 4)

    def _is_told(self, rule: HeaderRule) -> bool:
        """Whether a rule is for one path where every site has a resource, which knows its group."""
        return _is_exact(rule) and all((site, rule.match.text.encode()) in self._resources
                                       for site in range(self._sites))

    def sets(self) -> list[FieldSet]:
        """The sets of the first page group, then those of the next, and so on."""
        if len(self._groups) * len(self._page_groups) > _MOST_SETS:
            raise UserError(f"http.headers: more than {_MOST_SETS} ways in which patterns and "
                            "error pages' paths match together; let fewer patterns overlap")
        return [self._set(page | mask) for page in self._page_groups for mask in self._groups]

    def _mask(self, paths: Sequence[bytes]) -> int:
        mask = 0
        for path in paths:
            mask |= self._exact.get(path, 0)
        for number, rule in enumerate(self._rules):
            if not _is_exact(rule) and any(rule.match.matches(path) for path in paths):
                mask |= 1 << number
        return mask

    @staticmethod
    def _number(groups: dict[int, int], mask: int) -> int:
        return groups.setdefault(mask, len(groups))

    def _set(self, mask: int) -> FieldSet:
        rules = [rule for number, rule in enumerate(self._rules) if mask >> number & 1]
        fields = merged(rules, lambda: "for paths that match all of " +
                        ", ".join(repr(rule.match.text) for rule in rules))
        fields = {name: value for name, value in fields.items() if name != "Content-Type"}
        names = {name.lower() for name in fields}
        if "access-control-allow-origin" not in names:
            return FieldSet(_lines(fields))
        preflight = {name: value for name, value in _PREFLIGHT.items() if name.lower() not in names}
        return FieldSet(_lines(fields), _lines(preflight),
                        "access-control-allow-headers" not in names)


def automaton(patterns: Sequence[bytes]) -> tuple[bytes, list[tuple[int, list[int]]]]:
    """An automaton that reads a path and knows which patterns match it: the class of each byte, and
    for each state the patterns that match, as bits, and the next state for each class.

    A state is a set of places in the patterns, as bits of one number: those up to which the path
    so far can have matched. A byte advances a place that it follows, and a star keeps its place.
    """
    literals = bytes(sorted({byte for pattern in patterns for byte in pattern} - {ord("*")}))
    moves = [0] * (len(literals) + 1)  # class 0: all other bytes
    stars = start = place = 0
    ends = []
    for pattern in patterns:
        start |= 1 << place
        for byte in pattern:
            if byte == ord("*"):
                stars |= 1 << place
            else:
                moves[1 + literals.index(byte)] |= 1 << place
                place += 1
        ends.append(place)
        place += 1
    known = {start: 0}
    queue = [start]
    states = []
    for places in queue:  # grows in the loop
        following = []
        for move in moves:
            after = (places & move) << 1 | (places & stars)
            if after not in known:
                known[after] = len(queue)
                queue.append(after)
            following.append(known[after])
        states.append((sum(1 << number for number, end in enumerate(ends) if places >> end & 1),
                       following))
        if len(known) > _MOST_STATES or len(known) * (len(moves) + 1) > _MOST_WORDS:
            raise UserError("http.headers: the patterns overlap in too many ways; give them fewer "
                            "stars, or match fewer paths by each")
    return bytes(1 + literals.find(bytes([byte])) if byte in literals else 0
                 for byte in range(256)), states


def _is_exact(rule: HeaderRule) -> bool:
    return "*" not in rule.match.text


def _lines(fields: dict[str, str]) -> bytes:
    return "".join(f"{name}: {value}\r\n" for name, value in fields.items()).encode("ascii")
