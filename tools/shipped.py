"""The weights that come with the zoo: a card beside the file, and its row in the manifest."""

import json
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from zoo.files import write_json, write_text
from zoo.records import machine_facts

WEIGHTS = Path(__file__).resolve().parents[1] / "weights"
WIDEST = 3_000_000  # bytes


def ship(path: Path, card: Mapping[str, Any]) -> None:
    """Write the card of a file of weights, and its row into the manifest in the place of an earlier one.

    `card` holds what only its training knows: model, data, licence, command, seed, scores.
    """
    content = path.read_bytes()
    if len(content) > WIDEST:
        raise SystemExit(f"{path} has {len(content):,} bytes; at most {WIDEST:,} are to be committed.")
    facts = {"size": len(content), "sha256": sha256(content).hexdigest()}
    about = path.with_suffix(".card.json")
    whole = {"name": path.stem, "file": path.name, **facts, **card, "trained_on": machine_facts()}
    write_json(about, whole)
    manifest = WEIGHTS / "manifest.json"
    entries = json.loads(manifest.read_text(encoding="utf-8"))
    row = {
        "name": path.stem,
        "kind": "weights",
        "file": path.name,
        **facts,
        "urls": [],
        "mirror": None,
        "licence": card["licence"],
        "source": f"trained by this project; see {about.name}",
        "note": "Tracked by git and carried by the wheel.",
    }
    entries["artifacts"] = [*(each for each in entries["artifacts"] if each["name"] != path.stem), row]
    write_text(manifest, json.dumps(entries, indent=2, ensure_ascii=False) + "\n")
    print(json.dumps(whole["scores_on_test"], indent=1))
