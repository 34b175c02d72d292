"""The blocks of figures on the time of a step on tables, on watching it, and on schedules; see `readme_figures`."""

import statistics
from collections.abc import Mapping
from typing import Any

from tools.readme_blocks.records import figures

LONG = 10  # milliseconds of a step
BACKENDS = {"tensorflow": "TensorFlow", "jax": "JAX"}


def steps() -> str:
    """Small tables: a row for each network and backend; one sentence on a larger network."""
    columns = ("zoo", "zoo without sentinel", "keras", "keras, 32 steps an execution")
    found = figures("table_speed")["microseconds_a_step"]
    lines = ["| µs a step | " + " | ".join(columns) + " |", "|---" * (len(columns) + 1) + "|"]
    for network, by_backend in found.items():
        for backend, title in BACKENDS.items():
            cells = [f"{by_backend[backend][name]:.0f}" for name in columns]
            lines.append(f"| `{network}`, {title} | {' | '.join(cells)} |")
    loops = [f"{each['torch']['loop']:.0f} (`{network}`)" for network, each in found.items() if "torch" in each]
    torch = f" PyTorch's usual loop takes {' and '.join(loops)}." if loops else ""
    large = figures("rossmann_step")
    times, ratios = large["milliseconds_a_step"], large["times_as_long_as_the_zoo"]
    seconds = statistics.mean(run["processor_seconds"] for run in figures("rossmann")["runs"])
    return "\n".join(lines) + (
        f"\n\nTraining on small tables, validation included.{torch} A step of the Rossmann network (24 embeddings, "
        f"1000, 500, batches of {large['batch_size']}) takes {times['zoo']:.1f} ms; Keras' own `fit` takes "
        f"{ratios['keras']:.2f} times and PyTorch {ratios['torch']:.2f} times as long. A training by the recipe, on "
        f"all days and with an average of the weights, takes {seconds / 60:.0f} minutes of one core.\n"
    )


def watching() -> str:
    """What the sentinel costs of a step: of long ones, of short ones in the zoo's `fit`, and in Keras'."""
    cases = figures("sentinel_overhead")["cases"]
    long = [case for case in cases if case["step_ms"] >= LONG]
    small = [case for case in cases if case["step_ms"] < LONG]
    parts = [f"Watching costs {_span(long, 'overhead_percent')} % of a step of {LONG} ms or more (negative is noise)"]
    for by, where in (("zoo", "the zoo's own `fit`"), ("keras", "Keras' `fit`")):
        chosen = [case for case in small if case.get("by", "keras") == by]
        if chosen:
            percent, times = _span(chosen, "overhead_percent"), _span(chosen, "step_ms", 2)
            parts.append(f"{percent} % of one of {times} ms on a small table in {where}")
    return ", ".join(parts) + "."


def schedules() -> str:
    """The best validation error of every schedule at two rates."""
    found = figures("schedules")
    rates = {"recipe": "the recipe's", "found": "the one `find_learning_rate` suggests"}
    names = {name.partition(",")[0]: None for name in found["summary"]}
    lines = ["| schedule | " + " | ".join(rates.values()) + " | seeds that reached the goal |", "|---|---|---|---|"]
    for name in names:
        rows = [found["summary"][f"{name}, {rate}"] for rate in rates]
        cells = [f"{row['mae']:.4f} ± {row['spread']:.4f}" for row in rows]
        goals = " and ".join(f"{row['seeds_that_reached_the_goal']}" for row in rows)
        lines.append(f"| {name.replace('_', ' ')} | {' | '.join(cells)} | {goals} |")
    seeds, goal = found["seeds"], statistics.mean(each["goal"] for each in found["seeds"])
    return "\n".join(lines) + (
        f"\n\nBest mean absolute error on validation in {found['epochs']} epochs on California housing, `mlp`, mean ± "
        f"standard deviation of {len(seeds)} seeds with a split each. The goal of a seed is its best error with any "
        f"constant rate: {goal:.4f} on average.\n"
    )


def _span(cases: list[Mapping[str, Any]], key: str, digits: int = 0) -> str:
    low, high = (f"{function(case[key] for case in cases):.{digits}f}" for function in (min, max))
    return low if low == high else f"{low} to {high}"
