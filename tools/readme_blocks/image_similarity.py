"""The figures of the page on pairs of pictures."""

import statistics
from collections.abc import Mapping
from typing import Any

from tools.readme_blocks.records import figures

ORL = {
    ("orl", "network"): "`image_similarity`: MobileNet's features at stride 16, discriminant",
    ("orl_small", "network"): "`image_similarity_small`, trained on these people alone",
    ("orl", "raw pixels"): "cosine of raw pixels",
    ("orl", "mobilenet"): "cosine of MobileNet's features",
}

SEEDS = 3  # that a goal is judged by


def image_similarity() -> str:
    """A table for the people, one for the alphabets, a line for the two cameras."""
    found = figures("image_similarity")
    return "\n".join([_orl(found), _omniglot(found["omniglot"]), _middlebury(found["middlebury"])])


def _orl(found: Mapping[str, Any]) -> str:
    lines = [
        "| same person or not, people never seen (ORL) | equal error rate, pooled | mean of the folds | seeds |",
        "|---|---|---|---|",
    ]
    for (part, key), title in ORL.items():
        seeds = len(found[part]["seeds"])
        folds = statistics.mean(map(statistics.mean, found[part]["folds"][key]))
        lines.append(f"| {title} | {_rate(found[part]['pooled'][key])} | {folds:.3f} | {seeds} |")
    orl = found["orl"]
    every = orl["all pairs of all pictures"]
    goal = _goal("The goal, half of the better cosine, was", f"{orl['goal']:.3f}", orl)
    return "\n".join(lines) + (
        f"\n\n{len(orl['folds']['network'][0])} folds of three people each, {orl['pairs']['same']:,} pairs of one "
        f"person and {orl['pairs']['different']:,} of two. Over all pairs of all pictures raw pixels have "
        f"{_rate(every['raw pixels'])}, MobileNet's features {_rate(every['mobilenet'])}. {goal}\n"
    )


def _omniglot(found: Mapping[str, Any]) -> str:
    lines = [
        f"| {found['ways']}-way one-shot, alphabets never seen (Omniglot, small 1) | mean of views | one view "
        "| cosine of pixels |",
        "|---|---|---|---|",
    ]
    for name, row in found["alphabets"].items():
        parts = {
            f"{row['validation']['alphabet']}, held out to choose by": row["validation"],
            f"{name}, test": row["test"],
        }
        for title, part in parts.items():
            cells = [_percent(part[way]) for way in ("network", "one view", "raw pixels")]
            lines.append(f"| {title} | {' | '.join(cells)} |")
    seeds = len(found["seeds"])
    trainings = "One training" if seeds == 1 else f"Mean ± standard deviation of {seeds} seeds, each a training"
    goal = _goal("The goal on the last was", f"{100 * found['goal']:.0f} %", found)
    return "\n".join(lines) + (
        f"\n\n{trainings} on three of the five alphabets. The features of a drawing are those of itself and of "
        f"{found['views']} affine changes of it, in the mean; `zoo predict` reads one view. {goal} "
        "Seed 0 was read before, with 12 views, and had missed it.\n"
    )


def _middlebury(found: Mapping[str, Any]) -> str:
    rates = {name: _rate(each) for name, each in found["equal error rate"].items()}
    seeds = len(found["seeds"])
    return (
        f"Two cameras, a scene never seen (Middlebury), {found['pairs']:,} pairs of crops, "
        f"{'one seed' if seeds == 1 else f'{seeds} seeds'}: equal error rate {rates['network']}; cosine of raw pixels "
        f"{rates['raw pixels']}, less their mean {rates['raw pixels less their mean']}.\n"
    )


def _goal(text: str, goal: str, found: Mapping[str, Any]) -> str:
    count = len(found["seeds"])
    by = "" if count >= SEEDS else f" by {count} of the {SEEDS} trainings that are to show it"
    return f"{text} {goal}: {'reached' if found['reached'] else 'missed'}{by}."


def _rate(row: Mapping[str, Any]) -> str:
    return f"{row['mean']:.3f}" + (f" ± {row['deviation']:.3f}" if row["deviation"] else "")


def _percent(row: Mapping[str, Any]) -> str:
    return f"{100 * row['mean']:.1f}" + (f" ± {100 * row['deviation']:.1f} %" if row["deviation"] else " %")
