"""From a finished run on SICK to the weights that come with the zoo: half precision, judged as they are, with a card.

    python -m benchmarks.pairs sick                                              # leaves the runs
    python -m benchmarks.pairs_weights runs/pairs/sick-text_similarity_aligned/1

Writes weights/text_similarity_aligned.sick.h5 and its card, and the file's row in weights/manifest.json.
"""

import argparse
import json
from hashlib import sha256
from pathlib import Path

from zoo.files import write_json
from zoo.records import machine_facts

ROOT = Path(__file__).resolve().parents[1]
NAME = "text_similarity_aligned.sick"
LICENCE = "CC BY-NC-SA 3.0, as the data: for non-commercial use"
WIDEST = 3_000_000  # bytes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    run = parser.parse_args().run
    from zoo.recipes import evaluate, load_trained

    trained = load_trained(run)
    path = ROOT / "weights" / f"{NAME}.h5"
    trained.save(path, dtype="float16")
    content = path.read_bytes()
    if len(content) > WIDEST:
        raise SystemExit(f"{path} has {len(content):,} bytes; at most {WIDEST:,} are to be committed.")
    facts = {"size": len(content), "sha256": sha256(content).hexdigest()}
    seed = trained.origin["seed"]
    keys = ("output", "metric", "model", "standard_error", "linear", "trees")
    card = {
        "name": NAME,
        "file": path.name,
        **facts,
        "model": f"{trained.entry}: how alike two English sentences are, on the scale of the data, 1 to 5",
        "data": "SICK, Marelli et al. 2014, https://zenodo.org/record/2787612: 4,439 training pairs of sentences about "
        "pictures and videos, judged by people; nothing else was learnt from",
        "licence": LICENCE,
        "command": f"zoo train {trained.entry} --data sick --seed {seed} (model.h5 of the run folder, in half "
        "precision: python -m benchmarks.pairs_weights)",
        "seed": seed,
        "chosen": "of the seeds 0, 1 and 2, the one that is best on validation",
        "limits": f"{len(trained.tokeniser.words):,} words are known; it is about scenes that one can see, not about "
        "news, opinions or other languages",
        "scores_on_test": [{key: row[key] for key in keys} for row in evaluate(path).scores],
        "trained_on": machine_facts(),
    }
    write_json(path.with_suffix(".card.json"), card)
    _enter(path, facts)
    print(json.dumps(card["scores_on_test"], indent=1))


def _enter(path: Path, facts: dict[str, object]) -> None:
    """Put the file's row into the manifest, in the place of an earlier one."""
    manifest = ROOT / "weights" / "manifest.json"
    content = json.loads(manifest.read_text(encoding="utf-8"))
    rows = content["artifacts"]
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
    content["artifacts"] = [*(each for each in rows if each["name"] != NAME), row]
    manifest.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
