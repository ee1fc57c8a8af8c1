"""What wapiti reports and is nothing to mend, each with the reason why."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

FALSE = [
    (
        {
            "category": "Secure Flag cookie",
            "info": "Secure flag is not set in the cookie : (session|visite|adresse|attente|annonce|langue|theme)",
        },
        "The demonstration is served over http. Over https each is Secure and named __Host-: "
        "tests/attack/test_reading.py.",
    ),
]
"""What a report's fields hold (whole, as regular expressions), and why it is no finding."""


def why_false(report: Mapping[str, Any]) -> str:
    """The reason why this is none; empty when it is one."""
    for fields, reason in FALSE:
        if all(re.fullmatch(pattern, str(report[name])) for name, pattern in fields.items()):
            return reason
    return ""
