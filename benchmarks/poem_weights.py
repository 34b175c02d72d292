"""From a finished training on Tang poems to the weights that come with the zoo: half precision, judged as they are.

    python -m benchmarks.poem_training train --seed 1      # leaves the run
    python -m benchmarks.poem_weights --seed 1

Writes weights/poem.tang.h5 and its card, and the file's row in weights/manifest.json.
"""

import argparse
import json
from hashlib import sha256
from pathlib import Path
from typing import Any

from benchmarks.poem_training import FOLDER, OPTIONS, SPLIT_SEED
from zoo.create import create_model
from zoo.datasets.poems_corpora import tang
from zoo.files import write_json
from zoo.recipes.poems import judge, recipe, trained
from zoo.records import machine_facts

ROOT = Path(__file__).resolve().parents[1]
NAME = "poem.tang"
LICENCE = "MIT, as the digitised text; the poems are in the public domain"
WIDEST = 3_000_000  # bytes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, required=True)
    seed = parser.parse_args().seed
    dataset = tang(seed=SPLIT_SEED)
    plan = recipe(dataset, "poem", data="tang", options=OPTIONS)
    run = FOLDER / f"tang-{seed}"
    best = json.loads((run / "facts.json").read_text(encoding="utf-8"))["best_epoch"]
    origin: dict[str, Any] = {"data": "tang", "data_options": OPTIONS, "seed": SPLIT_SEED, "epochs": best}
    path = ROOT / "weights" / f"{NAME}.h5"
    trained(create_model("poem", weights=run / "weights.h5"), plan, dataset, origin=origin).save(path, dtype="float16")
    content = path.read_bytes()
    if len(content) > WIDEST:
        raise SystemExit(f"{path} has {len(content):,} bytes; at most {WIDEST:,} are to be committed.")
    facts = {"size": len(content), "sha256": sha256(content).hexdigest()}
    half = create_model("poem", weights=path)
    card = {
        "name": NAME,
        "file": path.name,
        **facts,
        "model": "poem: the next character of a classical Chinese poem, given its form",
        "data": f"the Complete Tang Poems, {dataset.card['source']}: {dataset.card['poems']['train']:,} poems to learn "
        f"from; split seed {SPLIT_SEED}, near-duplicates in one split",
        "licence": LICENCE,
        "command": f"python -m benchmarks.poem_training train --seed {seed}; python -m benchmarks.poem_weights "
        f"--seed {seed}",
        "seed": seed,
        "limits": f"{dataset.card['characters']:,} traditional characters are known; it writes as its corpus does",
        "scores_on_test": list(judge(half, plan, dataset, seed=seed).scores),
        "trained_on": machine_facts(),
    }
    write_json(path.with_suffix(".card.json"), card)
    enter(path, facts)
    print(json.dumps(card["scores_on_test"], indent=1))


def enter(path: Path, facts: dict[str, Any]) -> None:
    """Put the file's row into the manifest, in the place of an earlier one."""
    manifest = ROOT / "weights" / "manifest.json"
    content = json.loads(manifest.read_text(encoding="utf-8"))
    row = {
        "name": NAME,
        "kind": "weights",
        "file": path.name,
        **facts,
        "urls": [],
        "mirror": None,
        "licence": LICENCE,
        "source": f"trained by this project; see {path.with_suffix('.card.json').name}",
        "note": "Tracked by git and carried by the wheel.",
    }
    content["artifacts"] = [*(each for each in content["artifacts"] if each["name"] != NAME), row]
    manifest.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
