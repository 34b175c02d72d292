"""The figures of the page on pairs of pictures."""

from collections.abc import Mapping
from typing import Any

from tools.readme_blocks.records import figures


def image_similarity() -> str:
    """A line for each part of the record that is there."""
    found = figures("image_similarity")
    parts = {"orl": _orl, "omniglot": _omniglot, "middlebury": _middlebury}
    orl = {**found["orl"], "small": found["orl_small"]}
    return "\n".join(write({**found, "orl": orl}[name]) for name, write in parts.items() if name in found)


def _orl(found: Mapping[str, Any]) -> str:
    names = {"network": "`image_similarity`: MobileNet's features at stride 16, discriminant",
             "small": "`image_similarity_small`, trained on these people alone", "raw pixels": "cosine of raw pixels",
             "mobilenet": "cosine of MobileNet's features"}  # fmt: skip
    lines = [
        "| same person or not, people never seen (ORL) | equal error rate, pooled | mean of the folds |",
        "|---|---|---|",
    ]
    for name, title in names.items():
        of, key = (found["small"], "network") if name == "small" else (found, name)
        folds = of["folds"][key]
        lines.append(f"| {title} | {of['pooled'][key]:.3f} | {sum(folds) / len(folds):.3f} |")
    every = found["all pairs of all pictures"]
    return "\n".join(lines) + (
        f"\n\n{len(found['folds']['network'])} folds of three people each, {found['pairs']['same']:,} pairs of one "
        f"person and {found['pairs']['different']:,} of two. Over all pairs of all pictures raw pixels have "
        f"{every['raw pixels']:.3f}, "
        f"MobileNet's features {every['mobilenet']:.3f}. The goal, half of the better cosine, was {found['goal']:.3f}: "
        f"{'reached' if found['reached'] else 'missed'}.\n"
    )


def _omniglot(found: Mapping[str, Any]) -> str:
    lines = [
        f"| {found['ways']}-way one-shot, alphabets never seen (Omniglot, small 1) | network | cosine of pixels |",
        "|---|---|---|",
    ]
    for name, row in found["alphabets"].items():
        parts = {
            f"{row['validation']['alphabet']}, held out to choose by": row["validation"],
            f"{name}, test": row["test"],
        }
        for title, part in parts.items():
            lines.append(f"| {title} | {100 * part['network']:.1f} % | {100 * part['raw pixels']:.1f} % |")
    return "\n".join(lines) + (
        f"\n\nOne training on three of the five alphabets; the goal on the last was {100 * found['goal']:.0f} %: "
        f"{'reached' if found['reached'] else 'missed'}.\n"
    )


def _middlebury(found: Mapping[str, Any]) -> str:
    rates = found["equal error rate"]
    return (
        f"Two cameras, a scene never seen (Middlebury), {found['pairs']:,} pairs of crops: equal error rate "
        f"{rates['network']:.3f}; cosine of raw pixels {rates['raw pixels']:.3f}, less their mean "
        f"{rates['raw pixels less their mean']:.3f}.\n"
    )
