"""Write the figures of README.md and of the pages in docs/ from the records in results/; a test fails when they differ.

python -m tools.readme_figures
"""

import argparse
import json
import re
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from tools.readme_blocks import (
    attacks,
    explain,
    first_hour,
    image_similarity,
    pictures,
    sequences,
    sound,
    steps,
    structures,
    volumes,
    weak_labels,
)
from zoo.files import write_text

ROOT = Path(__file__).resolve().parents[1]
BLOCK = re.compile(r"(<!-- figures: (\w+) -->\n).*?(<!-- end of figures -->)", re.DOTALL)


def figures(name: str) -> Mapping[str, Any]:
    return json.loads((ROOT / "results" / f"{name}.json").read_text(encoding="utf-8"))["figures"]


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


def robustness() -> str:
    kills, start, faults = figures("resume_after_kill"), figures("startup"), figures("artifact_faults")
    sentinel = figures("sentinel")
    return (
        f"- {kills['same_weights']} of {kills['kills']} trainings killed with -9 at random moments ended with the "
        "weights of an uninterrupted one, bit for bit.\n"
        f"- Downloads from a real server through every fault we could make (cut and reset at every tenth, a wrong "
        "byte, 404, eight processes at once, kill -9, full disk, read-only folder, no network): "
        f"{faults['bad_seen_in_all']} bad or partial files under a final name.\n"
        f"- Of {sentinel['planted']} faults planted in trainings (NaN, infinities, overflow, in data, weights, layers "
        "and updates, 1 and 8 steps per execution, TensorFlow and JAX) the sentinel found "
        f"{sentinel['found']}, named the right batch in {sentinel['right_batch']} and the right place in "
        f"{sentinel['right_place']}, and put weights and optimiser back bit for bit in {sentinel['restored']}.\n"
        f"- {steps.watching(figures)}\n"
        f"- `zoo list` takes {start['zoo_list_seconds_median']:.2f} s (Python alone "
        f"{start['bare_python_seconds_median']:.2f} s); `import zoo` imports of the frameworks: "
        f"{start['frameworks_imported_by_import_zoo']}.\n"
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
    older = figures("author_profile_speed_zen3")  # the first machine; its processor has no bfloat16 units
    ratios = " and ".join(
        f"{older[key]['times_as_fast_as']['keras_textbook']:.2f} and "
        f"{older[key]['times_as_fast_as_best_torch']:.2f} ({key})"
        for key in found
    )
    return "\n".join(lines) + (
        f"\n\nA step of the zoo: {steps}. On an older processor, without bfloat16 units, it is so many times as fast "
        f"as keras_textbook and the best of PyTorch: {ratios}.\n"
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


def parity() -> str:
    found = figures("parity")
    measured = {name: row for name, row in found["models"].items() if "rounds" in row}
    packages: dict[str, list[float]] = {}
    for row in measured.values():
        package = row["official"].rpartition(".")[0]
        packages.setdefault(package, []).append(max(each["difference"] for each in row["rounds"]))
    lines = [
        "| official implementation | models compared | equal to the last bit | largest difference |",
        "|---|---|---|---|",
    ]
    for package, differences in packages.items():
        exact = sum(not each for each in differences)
        lines.append(f"| {package} | {len(differences)} | {exact} | {max(differences):.1e} |")
    return "\n".join(lines) + (
        "\n\nRandom weights, through an official file and our loader; logits and features at two sizes, as a share of "
        "the logits' standard deviation (those of PyTorch in float64). Reversing one weight, of twelve tried in "
        "each full model and of all in the tiny ones, changes the prediction by at least "
        f"{found['smallest_change_of_a_reversal']:.1e}.\n"
    )


def photos() -> str:
    lines = ["| weights | right among the best five | right at once | photos |", "|---|---|---|---|"]
    for name, row in figures("photos")["models"].items():
        lines.append(f"| `{name}` | {row['right_in_top_5']} | {row['right_in_top_1']} | {row['photos']} |")
    return "\n".join(lines) + "\n"


TABLES = {  # data -> headline of its record, and what that is called
    "plane": ("y mae", "mean absolute error"),
    "older_than_five": ("age accuracy", "accuracy"),
    "membership": ("member accuracy", "accuracy"),
    "california": ("value mae", "mean absolute error, $100,000"),
    "adult": ("income auc", "AUC"),
    "credit": ("default auc", "AUC"),
}


def tables() -> str:
    columns = {
        "model": "",
        "majority": "constant",
        "linear": "linear",
        "trees": "boosted trees",
        "limit": "best possible",
    }
    lines = ["| data | score | model | " + " | ".join(filter(None, columns.values())) + " |", "|---" * 7 + "|"]
    for name, (headline, title) in TABLES.items():
        found = figures(f"table_{name}")
        row = found["summary"][headline]
        cells = [f"{row[each]['mean']:.4f} ± {row[each]['deviation']:.4f}" if each in row else "–" for each in columns]
        lines.append(f"| {name}, `{found['model']}`, {len(found['runs'])} splits | {title} | {' | '.join(cells)} |")
    stores = figures("rossmann")
    one, together = stores["one_net"], stores["average_of_nets"]
    simple = {name: f"{row['exp_rmspe']:.4f}" for name, row in stores["baselines"].items()}
    beside = " | ".join(simple[name] for name in ("majority", "linear", "trees"))
    lines.append(
        f"| rossmann, `entity_embedding`, {one['nets']} nets | exp_rmspe of the last six weeks | "
        f"{one['mean']:.4f} ± {one['deviation']:.4f} | {beside} | – |"
    )
    return "\n".join(lines) + (
        f"\n\nMean ± standard deviation. Rossmann: the average of {together['nets']} nets reaches "
        f"{together['exp_rmspe']:.4f}; fast.ai's one net {stores['fast_ai']}. "
        "Trees are tuned and stopped on validation"
        f" (rossmann's, on all days that a net sees: {simple['trees-on-all-days']}). "
        "In membership and rossmann the network is trained on the validation rows too in the end, the others are not.\n"
    )


SHIFTS = {"prior": "prior", "temperature_and_prior": "learnt"}  # calibration of a plan -> its column


def imbalance() -> str:
    found = figures("imbalance")
    columns = {
        "raw": "as trained",
        "prior": "closed form",
        "temperature": "and temperature",
        "learnt": "shift learnt too",
    }
    lines = ["| method | average precision | " + " | ".join(columns.values()) + " |", "|---" * (len(columns) + 2) + "|"]
    for method, row in found["methods"].items():
        errors = [row.get(f"error_{column}") for column in columns]
        cells = ["–" if error is None else f"{error['mean']:.2f}" for error in errors]
        default = SHIFTS.get(found["defaults"].get(method))
        cells = [f"**{cell}**" if column == default else cell for column, cell in zip(columns, cells, strict=True)]
        precision = row["average_precision"]
        lines.append(f"| {method} | {precision['mean']:.3f} ± {precision['deviation']:.3f} | {' | '.join(cells)} |")
    seeds = len(next(iter(found["runs"].values())))
    return "\n".join(lines) + (
        f"\n\nAdult cut to {100 * found['share']:.0f} % rich people, `entity_embedding`, mean ± standard deviation of "
        f"{seeds} splits; the other columns are the expected calibration error in points, of {found['test_rows']:,} "
        f"test rows with {found['test_positives']} positives. Bold: what the method does without being asked.\n"
    )


def credit_cost() -> str:
    found = figures("credit_cost")
    lines = ["| predictions: decision | cost of a case | against gradient boosting |", "|---|---|---|"]
    for name, row in found["mean"].items():
        against = found["difference_to_gradient_boosting"].get(name)
        cell = "–" if against is None else f"{against['mean']:+.4f} ± {against['deviation']:.4f}"
        lines.append(f"| {name} | {row['cost']:.4f} | {cell} |")
    return "\n".join(lines) + (
        f"\n\nGive Me Some Credit, `{found['model']}`, mean of {len(found['runs'])} stratified splits; the unit is a "
        "refused good borrower, a default costs ten.\n"
    )


def start() -> str:
    found = figures("image_start")
    lines = ["| first prediction, seconds | zoo | keras.applications, `predict` | `model(x)` |", "|---|---|---|---|"]
    for backend, rows in found.items():
        for name, row in rows.items():
            cells = [f"{row['zoo']['all']:.2f}"]
            for side in ("keras predict", "keras call"):
                clock, processor = row[f"ratio to {side}"], row[f"ratio of processor time to {side}"]
                cells.append(f"{row[side]['all']:.2f} (ours {clock:.2f} of it, {processor:.2f} of its processor time)")
            lines.append(f"| `{name}`, {backend} | {' | '.join(cells)} |")
    loads = [row["load average"] for rows in found.values() for row in rows.values()]
    rounds = min(row["rounds"] for rows in found.values() for row in rows.values())
    return "\n".join(lines) + (
        f"\n\nMedians of {rounds} rounds in turns; {min(loads):.1f} to {max(loads):.1f} processes wanted the two cores "
        "(load average).\n"
    )


def steady() -> str:
    found = figures("image_speed")
    lines = ["| images a second, ours and theirs | prediction | training |", "|---|---|---|"]
    for name, row in found["pairs"].items():
        cells = [
            f"{row[what]['ours']:.0f} and {row[what]['theirs']:.0f}, ratio {row[what]['ratio']:.2f}"
            for what in ("predict", "train")
        ]
        lines.append(f"| `{name}` beside {row['against']} | {' | '.join(cells)} |")
    return "\n".join(lines) + f"\n\nBatches of {found['batch']} images of {found['size']} pixels, in turns.\n"


def fuzz() -> str:
    lines = [
        "| backend | models drawn | every statement holds | of these, not repeated bit for bit by the backend itself "
        "| refused in a sentence | failed |",
        "|---|---|---|---|---|---|",
    ]
    for record in sorted((ROOT / "results").glob("fit_fuzz_*.json")):
        backend, found = record.stem.removeprefix("fit_fuzz_"), figures(record.stem)
        refused = found["refused"] + found["mistakes_refused"]
        lines.append(
            f"| {backend} | {found['cases']} | {found['held']} | {found.get('unrepeatable', 'not counted')} "
            f"| {refused} | {found['failed']} |"
        )
    return "\n".join(lines) + (
        "\n\nFunctional models drawn at random (one to three inputs and outputs, shared, nested, frozen, half "
        "precision, every kind of target) and trained; a run stopped in the middle is among what is tried "
        "(`python -m benchmarks.training.fit_fuzz`).\n"
    )


BLOCKS: dict[str, Callable[[], str]] = {
    "posts": posts,
    "blogs": blogs,
    "reviews": reviews,
    "balancing": balancing,
    "speed": speed,
    "time": time,
    "steps": lambda: steps.steps(figures),
    "schedules": lambda: steps.schedules(figures),
    "recurrent": lambda: sequences.recurrent(figures),
    "babi": lambda: sequences.babi(figures),
    "pairs": lambda: sequences.pairs(figures),
    "poem_training": lambda: sequences.poem_training(figures),
    "poem_generation": lambda: sequences.poem_generation(figures),
    "poem_speed": lambda: sequences.poem_speed(figures),
    "robustness": robustness,
    "parity": parity,
    "photos": photos,
    "music_tagger": lambda: sound.music_tagger(figures),
    "genres": lambda: sound.genres(figures),
    "volumes": lambda: volumes.classifiers(ROOT / "results"),
    **{f"structures_{name}": partial(structures.part, figures, name) for name in structures.PARTS},
    "explanations": lambda: explain.explanations(figures),
    "attacks": lambda: attacks.attacks(figures, "robustness"),
    "co_teaching": lambda: weak_labels.co_teaching(figures),
    "weak_labels": lambda: weak_labels.weak_labels(figures),
    "image_similarity": lambda: image_similarity.image_similarity(figures),
    "tables": tables,
    "first_hour": lambda: first_hour.first_hour(figures),
    "bounds": lambda: first_hour.bounds(figures),
    "imbalance": imbalance,
    "credit_cost": credit_cost,
    "start": start,
    "fuzz": fuzz,
    "steady": steady,
    "small_pictures": lambda: pictures.small_pictures(figures),
    "picture_training": lambda: pictures.picture_training(figures),
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
