"""Blocks of figures of the page on small structures in volumes."""

from collections.abc import Callable, Mapping
from typing import Any

from tools.readme_blocks.records import figures

WAYS = {
    "matched_filter_vessels_known": "matched filter at the true sizes, vessels taken out: the limit",
    "detector": "`structure_detector`",
    "slices_2_5d": "2.5-D: candidates of the matched filter, a network on three slices through each",
    "matched_filter": "matched filter at the true sizes",
}
LABELS = {
    "10_clean": "10 volumes",
    "40_clean": "40 volumes",
    "all": "120 volumes",
    "120_weak": "120 volumes whose centres lie 2 voxels off along each axis (deviation)",
    "120_weak_then_10_clean": "those first, and then 10 clean ones",
}
ALARMS = ("1", "2", "3", "6")
COMMAND = "python -m benchmarks.volumes.detector"
MADE_BY = {"costs": "phantom"}  # a block -> the part of the benchmark


def part(name: str) -> str:
    """A block, or what has to be run for it."""
    try:
        return PARTS[name]()
    except (FileNotFoundError, KeyError):
        return f"Not measured yet: `{COMMAND} {MADE_BY.get(name, name)}`.\n"


def runs_of(found: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [each for name, each in found.items() if name.startswith("seed_")]


def shown(values: Mapping[str, float], scale: float = 100.0, digits: int = 1) -> str:
    return f"{scale * values['mean']:.{digits}f} ± {scale * values['deviation']:.{digits}f}"


def phantom() -> str:
    """Sensitivity beside the limit, and 2.5-D."""
    found = figures("volumes_phantom")
    runs, both = runs_of(found), found["over_seeds"]
    lines = ["| way | " + " | ".join(f"{each} a volume" for each in ALARMS) + " |", "|---" * 5 + "|"]
    for name, words in WAYS.items():
        rows = both[name]["sensitivity"]
        lines.append(f"| {words} | " + " | ".join(shown(rows[each]) for each in ALARMS) + " |")
    low, high = (
        min(run["detector"]["interval_at_3"][0] for run in runs),
        max(run["detector"]["interval_at_3"][1] for run in runs),
    )
    seconds, slices = ([run[name]["seconds"] for run in runs] for name in ("detector", "slices_2_5d"))
    return "\n".join(lines) + (
        f"\n\nSensitivity in % at so many false alarms, mean ± standard deviation of {len(runs)} seeds, each with "
        f"volumes of its own (`{COMMAND} phantom --seed N`). 95 % intervals of one seed's 40 test volumes reach from "
        f"{100 * low:.0f} to {100 * high:.0f} at 3. At 3 the detector finds {shown(both['share_of_limit'])} % of the "
        f"limit's. It trained {min(seconds):.0f} to {max(seconds):.0f} s on {found['backend']}, 2.5-D with its "
        f"candidates {min(slices):.0f} to {max(slices):.0f} s. {found['note']}\n"
    )


def labels() -> str:
    """What more labelled volumes bought."""
    found = figures("volumes_phantom")
    rows = {**found["labels"], "all": found["seed_0"]["detector"]}
    lines = ["| trained on | sensitivity at 3 false alarms a volume, % | 95 % interval |", "|---|---|---|"]
    for name, words in LABELS.items():
        low, high = rows[name]["interval_at_3"]
        lines.append(f"| {words} | {100 * rows[name]['sensitivity']['3']:.1f} | {100 * low:.0f} to {100 * high:.0f} |")
    return "\n".join(lines) + "\n\nOne seed, the same 40 test volumes.\n"


def costs() -> str:
    """The threshold by what mistakes cost."""
    found = figures("volumes_phantom")
    both = found["over_seeds"]
    lines = ["| a missed node costs | threshold, chosen on validation | cost of a test volume |", "|---|---|---|"]
    for missed in (1, 10, 100):
        row = both[f"costs_{missed}_to_1"]
        lines.append(f"| {missed} | {shown(row['threshold'], 1, 2)} | {shown(row['cost'], 1, 2)} |")
    return "\n".join(lines) + "\n\nA false alarm costs 1.\n"


def hippocampus() -> str:
    """Dice and centre error beside the mean shape."""
    found = figures("volumes_hippocampus")
    runs, both = runs_of(found), found["over_seeds"]
    names = [name for name in both["detector"] if name != "seconds"]
    lines = ["| way | " + " | ".join(names) + " |", "|---" * (len(names) + 1) + "|"]
    for name, words in (
        ("detector", "`structure_detector`, masks"),
        ("mean_shape", "mean shape of the training masks"),
    ):
        cells = [shown(both[name][each], 1, 2 if "voxels" in each else 3) for each in names]
        lines.append(f"| {words} | " + " | ".join(cells) + " |")
    cases = runs[0]["cases"]
    return "\n".join(lines) + (
        f"\n\n{cases[0]} cases to train on, {cases[1]} choose the epoch, {cases[2]} are the test; {len(runs)} "
        f"seed{'s' if len(runs) > 1 else ''}, each with its own split (`{COMMAND} hippocampus --seed N`). nnU-Net's "
        f"published Dice is about 0.89, of five-fold cross-validation on twice as many. {found['note']}\n"
    )


def search() -> str:
    """Seconds and memory of a large volume."""
    row = figures("volumes_search")["search"]
    shape = " x ".join(map(str, reversed(row["shape"])))
    return (
        f"A volume of {shape} voxels is searched in {row['seconds']:.0f} s, {row['cpu_seconds']:.0f} s of "
        f"processor time, on one core ({figures('volumes_search')['backend']}); the process then holds "
        f"{row['peak_gib']:.2f} GiB at most, of which {row['peak_gib_before']:.2f} GiB before (`{COMMAND} search`).\n"
    )


PARTS: Mapping[str, Callable[[], str]] = {
    "phantom": phantom,
    "labels": labels,
    "costs": costs,
    "hippocampus": hippocampus,
    "search": search,
}
