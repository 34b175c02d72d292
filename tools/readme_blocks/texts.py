"""The blocks of figures on author profiles and reviews: scores, balancing, speed."""

from collections.abc import Mapping

from tools.readme_blocks.records import figures


def shown(values: Mapping[str, float] | None, metric: str) -> str:
    """Mean ± deviation over seeds, shares in per cent."""
    if values is None:
        return "–"
    scale, digits = (100, 1) if metric in ("accuracy", "gap") else (1, 2)
    return f"{scale * values['mean']:.{digits}f} ± {scale * values['deviation']:.{digits}f}"


def scores(name: str, columns: Mapping[str, str]) -> str:
    """One row an output: the model beside simple models."""
    found = figures(f"profile_scores_{name}")
    titles = {"mae": "mean absolute error, years", "accuracy": "accuracy, %"}
    lines = ["| output | score | " + " | ".join(columns.values()) + " |", "|---" * (len(columns) + 2) + "|"]
    for output, row in found["summary"].items():
        cells = [shown(row.get(key), "gap" if key == "gap_closed" else row["metric"]) for key in columns]
        lines.append(f"| {output} | {titles[row['metric']]} | " + " | ".join(cells) + " |")
    seconds = [run["seconds"] for run in found["runs"]]
    return "\n".join(lines) + (
        f"\n\n`{found['model']}`, mean ± standard deviation of {len(seconds)} seeds, each with its own split; "
        f"training, baselines and report took {min(seconds):.0f} to {max(seconds):.0f} s on two cores.\n"
    )


def posts() -> str:
    columns = {"model": "model", "majority": "constant", "linear": "linear", "trees": "boosted trees"}
    table = scores("posts", {**columns, "limit": "best possible", "gap_closed": "gap closed, %"})
    found = figures("profile_scores_posts")
    number = found["runs"][0]["fresh"]["posts"]
    ahead = "; ".join(
        f"{output} {shown(row['ahead_of_linear'], row['metric'])} "
        f"({'years' if row['metric'] == 'mae' else 'points'}, at least "
        f"{row['least_standard_errors_ahead']['linear']:.1f} standard errors of the paired difference), "
        f"{shown(row['gap_closed'], 'gap')} % of the gap closed"
        for output, row in found["fresh"].items()
    )
    return f"{table}\nOn {number:,} fresh posts, ahead of the linear model by: {ahead}.\n"


def blogs() -> str:
    return scores(
        "blogs", {"model": "model", "majority": "constant", "linear": "TF-IDF + linear", "trees": "boosted trees"}
    )


REVIEWS = {
    "accuracy": "accuracy, %",
    "auc": "AUC",
    "kappa": "kappa",
    "steps_off": "steps off",
    "mae": "mean absolute error",
}


def reviews() -> str:
    """A row for each output and metric of the clothing reviews, the probabilities' own scores aside."""
    found = figures("reviews")
    who = {"model": "model", "majority": "constant", "linear": "TF-IDF + linear", "trees": "boosted trees"}
    lines = ["| output | score | " + " | ".join(who.values()) + " |", "|---" * (len(who) + 2) + "|"]
    for name, row in found["scores"].items():
        output, _, metric = name.rpartition(" ")
        if metric not in REVIEWS:
            continue
        scale, digits = (100, 1) if metric == "accuracy" else (1, 3)
        cells = []
        for key in who:
            spread = f" ± {scale * row[key]['spread']:.{digits}f}" if len(found["seconds"]) > 1 and key in row else ""
            cells.append(f"{scale * row[key]['mean']:.{digits}f}{spread}" if key in row else "–")
        lines.append(f"| {output.replace('_', ' ')} | {REVIEWS[metric]} | {' | '.join(cells)} |")
    runs = len(found["seconds"])
    seeds = "one seed" if runs == 1 else f"mean ± standard deviation of {runs} seeds, each with its own split"
    return "\n".join(lines) + (
        f'\n\nWomen\'s Clothing E-Commerce Reviews, `author_profile_small`, {seeds}. "Steps off": how many places the '
        "median of the predicted rating lies from the right one, in the mean.\n"
    )


def balancing() -> str:
    found = figures("balancing")
    lines = ["| losses weighted by | age | income | gender | mean gap closed, % |", "|---|---|---|---|---|"]
    for method, by_output in found["gap_closed"].items():
        cells = [f"{100 * by_output[output]:.1f}" for output in ("age", "income", "gender")]
        lines.append(f"| {method} | {' | '.join(cells)} | {100 * found['mean_gap_closed'][method]:.1f} |")
    return (
        "\n".join(lines)
        + f'\n\nSeeds: {len(found["runs"])}. "static" is one over the loss of the constant prediction. '
        "Measured with the network of before, which took the maximum over a post where today's adds up.\n"
    )


def speed() -> str:
    found = {key: value for key, value in figures("author_profile_speed").items() if isinstance(value, dict)}
    titles = [
        f"{key} ({value['different_tokens_a_batch']:,.0f} different words a batch)" for key, value in found.items()
    ]
    lines = ["| the zoo's step is so many times as fast as | " + " | ".join(titles) + " |"]
    lines.append("|---" * (len(found) + 1) + "|")
    for name in next(iter(found.values()))["times_as_fast_as"]:
        cells = [f"{value['times_as_fast_as'][name]:.2f}" for value in found.values()]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    steps = ", ".join(f"{key} {value['milliseconds_a_step']['zoo']:.0f} ms" for key, value in found.items())
    older = figures("author_profile_speed_zen3")  # a processor without bfloat16 units
    ratios = " and ".join(
        f"{older[key]['times_as_fast_as']['keras_textbook']:.2f} and "
        f"{older[key]['times_as_fast_as_best_torch']:.2f} ({key})"
        for key in found
    )
    return "\n".join(lines) + (
        f"\n\nA step of the zoo: {steps}. On an older processor without bfloat16 units, shared with others, it is so "
        f"many times as fast as keras_textbook and the best of PyTorch: {ratios}.\n"
    )


def time() -> str:
    runs = figures("time_to_score")["runs"]
    ratios, run = sorted(each["times_as_fast"] for each in runs), runs[0]
    theirs, ours = run["textbook"], run["zoo"]
    best = max(theirs, key=lambda row: row["skill"])
    reached = next(row for row in ours if row["skill"] >= best["skill"])
    return (
        f"Time to equal validation scores, on the generated posts with the reference network: {len(runs)} seeds, "
        f"{ratios[0]:.1f} to {ratios[-1]:.1f} times as fast. With the first of them the textbook's script reached its "
        f"best skill, {best['skill']:.3f}, after {best['seconds']:.0f} s ({len(theirs)} epochs); the "
        f"zoo's recipe passed it after {reached['seconds']:.0f} s, and ended at {ours[-1]['skill']:.3f} after "
        f"{ours[-1]['seconds']:.0f} s.\n"
    )
