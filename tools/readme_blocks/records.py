"""What the committed records in results/ say."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "results"


def figures(name: str) -> Mapping[str, Any]:
    """The figures of a record. Raises `FileNotFoundError` where there is none."""
    return json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))["figures"]
