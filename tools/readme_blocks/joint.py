"""The block of figures on models of several senses."""

from collections.abc import Mapping
from typing import Any

from tools.readme_blocks.records import figures

WORK = {"fashion": "fashion", "shop": "generated shop", "houses": "houses, 5 folds"}
WAYS = {"joint": "joint", "table": "table", "text": "text", "picture": "photo", "photos": "photos", "vote": "best vote"}
SIMPLE = {"linear": "a linear model of its logarithm", "trees": "trees"}
COMMAND = "python -m benchmarks.senses.joint"


def joint() -> str:
    """A row for each output: the joint network beside each sense alone, the vote and simple models of everything."""
    found = figures("joint")
    ways = [way for way in WAYS if any(way in found[name]["scores"] for name in found)]
    kinds = [kind for kind in ("constant", "linear", "trees") if any(kind in _simple(each) for each in found.values())]
    head = ["work and output", *(WAYS[way] for way in ways), *kinds]
    lines = [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    for name, each in found.items():
        simple = _simple(each)
        for output in each["scores"]["joint"]:
            cells = [_cell(each["scores"].get(way), output) for way in ways]
            cells += [f"{simple[kind][output]:.3f}" if kind in simple else "–" for kind in kinds]
            lines.append(f"| {WORK[name]}, {output} | {' | '.join(cells)} |")
    closed = found["shop"]["gap_closed"]
    shares = "; ".join(
        f"{WAYS[sense]} {', '.join(f'{output} {100 * share:.0f}' for output, share in each.items())}"
        for sense, each in closed.items()
    )
    return "\n".join(lines) + (
        "\n\nTrend, season and usage: accuracy; year and price: mean absolute error (houses: thousands of dollars). "
        "Mean ± standard deviation of three seeds where there are several; every contestant saw the same split, the "
        "test rows were predicted once. Trees read the table and the photos' features. Of the way from the constant to "
        f"the limit of the generated shop each closes, in per cent: {shares}. "
        f"{_houses(found['houses'])} (`{COMMAND}`).\n"
    )


def _houses(found: Mapping[str, Any]) -> str:
    """Whether photos help to say what a house costs, and what simple models make of the table alone."""
    joint, table = (found["scores"][way]["price"]["mean"] for way in ("joint", "table"))
    seeds = len(found["scores"]["joint"]["price"]["each"])
    told = (
        f"Photos of houses {'add nothing' if joint >= table else 'help'}: {joint:.1f} with them, {table:.1f} without, "
        f"{'one seed' if seeds == 1 else f'{seeds} seeds'}"
    )
    if "goal" in found:
        told += f", where {found['goal']:.0f} was the goal: {'reached' if found['reached'] else 'missed'}"
    simple = found["simple"]
    alone = {kind: simple[f"{kind} on the table"]["price"] for kind in SIMPLE if f"{kind} on the table" in simple}
    return told + "".join(f"; {SIMPLE[kind]} on the table alone {score:.1f}" for kind, score in alone.items())


def _simple(each: Mapping[str, Any]) -> Mapping[str, Any]:
    simple = dict(each.get("simple", {}))
    if "majority" in simple:  # of an older record
        simple["constant"] = simple.pop("majority")
    return simple


def _cell(row: Mapping[str, Any] | None, output: str) -> str:
    if row is None:
        return "–"
    digits = 0 if row[output]["mean"] > 1_000 else 3
    spread = f" ± {row[output]['deviation']:,.{digits}f}" if row[output]["deviation"] else ""
    return f"{row[output]['mean']:,.{digits}f}{spread}"
