"""Values for columns of JSON."""

import json
from typing import Any


def check_storable(values: Any) -> None:
    """Raise ValueError for values that Postgres rejects: NaN, infinity, and invalid characters."""
    text = json.dumps(values, allow_nan=False, ensure_ascii=False)
    text.encode()
    if "\\u0000" in text:
        raise ValueError("A text contains NUL.")
