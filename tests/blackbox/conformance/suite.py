"""All cases, by topic."""

import re

from conformance import (conditions, content, framing, methods, negotiation, origins, persistence,
                         ranges, targets)
from conformance.model import Case

TOPICS: dict[str, list[Case]] = {
    "framing": [*framing.LINES, *framing.FIELDS],
    "lengths": framing.LENGTHS,
    "chunks": [*framing.CHUNKS, *framing.BROKEN_CHUNKS],
    "methods": methods.CASES,
    "targets": targets.CASES,
    "conditions": conditions.CASES,
    "ranges": ranges.CASES,
    "negotiation": negotiation.CASES,
    "content": content.CASES,
    "origins": origins.CASES,
    "persistence": persistence.CASES,
}

CASES = [case for cases in TOPICS.values() for case in cases]

# The format of a case's reason: an RFC's number or another standard, and a section.
SECTION = re.compile(r"(\d{4}|Fetch) (\d+|[A-Z])(\.\d+)*")

# Features of ours alone: other servers' answers can't be compared.
OURS_ALONE = content.ENDPOINTS
