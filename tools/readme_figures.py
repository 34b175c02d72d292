"""Write the figures of README.md and of the pages in docs/ from the records in results/; a test fails when they differ.

python -m tools.readme_figures
"""

import argparse
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

from tools.readme_blocks import (
    attacks,
    backbones,
    explain,
    first_hour,
    image_similarity,
    joint,
    pictures,
    sequences,
    sound,
    steps,
    structures,
    tables,
    texts,
    training,
    volumes,
    weak_labels,
)
from tools.readme_blocks.records import ROOT
from zoo.files import write_text

BLOCK = re.compile(r"(<!-- figures: (\w+) -->\n).*?(<!-- end of figures -->)", re.DOTALL)
BLOCKS: dict[str, Callable[[], str]] = {
    "posts": texts.posts,
    "blogs": texts.blogs,
    "reviews": texts.reviews,
    "balancing": texts.balancing,
    "speed": texts.speed,
    "time": texts.time,
    "steps": steps.steps,
    "schedules": steps.schedules,
    "recurrent": sequences.recurrent,
    "babi": sequences.babi,
    "pairs": sequences.pairs,
    "poem_training": sequences.poem_training,
    "poem_generation": sequences.poem_generation,
    "poem_speed": sequences.poem_speed,
    "robustness": training.robustness,
    "parity": backbones.parity,
    "photos": backbones.photos,
    "music_tagger": sound.music_tagger,
    "genres": sound.genres,
    "volumes": volumes.classifiers,
    **{f"structures_{name}": partial(structures.part, name) for name in structures.PARTS},
    "explanations": explain.explanations,
    "label_errors": explain.label_errors,
    "studio": explain.studio,
    "attacks": partial(attacks.attacks, "robustness", "robustness_cifar10"),
    "co_teaching": weak_labels.co_teaching,
    "weak_labels": weak_labels.weak_labels,
    "image_similarity": image_similarity.image_similarity,
    "joint": joint.joint,
    "tables": tables.tables,
    "first_hour": first_hour.first_hour,
    "bounds": first_hour.bounds,
    "imbalance": tables.imbalance,
    "credit_cost": tables.credit_cost,
    "start": backbones.start,
    "fuzz": training.fuzz,
    "steady": backbones.steady,
    "small_pictures": pictures.small_pictures,
    "fine_tuning": pictures.fine_tuning,
    "augmentation": pictures.augmentation,
    "picture_training": pictures.picture_training,
}


def pages() -> list[Path]:
    """README.md and the pages in docs/ that hold a block of figures."""
    candidates = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    return [page for page in candidates if BLOCK.search(page.read_text(encoding="utf-8"))]


def filled(text: str) -> str:
    """A page with every block of figures written anew."""
    return BLOCK.sub(lambda found: found[1] + BLOCKS[found[2]]() + found[3], text)


def main() -> None:
    for page in pages():
        write_text(page, filled(page.read_text(encoding="utf-8")))


if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__).parse_args()
    main()
