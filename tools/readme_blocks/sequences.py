"""The blocks of figures on questions, pairs and poems, and on the steps of recurrent models; see `readme_figures`."""

import statistics
from collections.abc import Mapping

from tools.readme_blocks.records import figures

CONTESTANTS = {
    "zoo": "here",
    "keras": "Keras",
    "keras_xla": "Keras, step compiled",
    "keras_unrolled": "Keras, unrolled",
    "zoo_jax": "here, on JAX",
    "keras_jax": "Keras, on JAX",
    "torch": "PyTorch",
}


def recurrent() -> str:
    """One row a model: milliseconds of a step, and in brackets how many times the zoo's."""
    record = figures("recurrent_step")
    found = record["models"]
    names = [name for name in CONTESTANTS if all(name in row["milliseconds_a_step"] for row in found.values())]
    lines = ["| ms a step | " + " | ".join(CONTESTANTS[name] for name in names) + " |", "|---" * (len(names) + 1) + "|"]
    for model, row in found.items():
        cells = [
            f"{row['milliseconds_a_step'][name]:.1f}"
            + (f" ({row['times_as_long_as_the_zoo'][name]:.2f})" if name != "zoo" else "")
            for name in names
        ]
        lines.append(f"| `{model}` | {' | '.join(cells)} |")
    noted = "\n\nThe machine was shared with other work." if record.get("machine_was_shared") else ""
    return "\n".join(lines) + f"{noted}\n"


PUBLISHED = {  # SICK, Pearson's r, as others measured it
    "shared recurrent encoder from scratch, published": ".664",
    "the same with pretrained word vectors, published": ".790",
}


def shown_exactly(values: Mapping[str, float] | None) -> str:
    return "–" if values is None else f"{values['mean']:.3f} ± {values['deviation']:.3f}"


def pairs() -> str:
    """One row a model, both data sets side by side."""
    both = {title: figures(f"pairs_{data}") for data, title in (("sick", "SICK"), ("sts-b", "STS-B"))}
    lines = ["| model | " + " | ".join(f"{title}: r | ρ | squared error" for title in both) + " |", "|---" * 7 + "|"]
    first = both["SICK"]
    for name, scores in first["simple"].items():
        cells = [f"{found['simple'][name][metric]:.3f}" for found in both.values() for metric in scores]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    for name in first["models"]:
        summaries = [found["models"].get(name, {}).get("summary", {}) for found in both.values()]
        cells = [shown_exactly(each.get(metric)) for each in summaries for metric in ("pearson", "spearman", "mse")]
        title, comma, note = name.partition(", ")
        lines.append(f"| `{title}`{comma}{note} | {' | '.join(cells)} |")
    lines += [f"| {title} | {score} | – | – | – | – | – |" for title, score in PUBLISHED.items()]
    runs = first["models"]["text_similarity_aligned"]["runs"]
    return "\n".join(lines) + (
        f"\n\nPearson's and Spearman's correlation on the official test splits, mean ± deviation of {len(runs)} "
        "seeds; every network from scratch, on the training split of its data alone.\n"
    )


def poem_generation() -> str:
    found = figures("poem_generation")
    titles = ("in form, %", "rhymed, %", "regulated, %", "distinct-2", "longest overlap, mean", "known lines, pairs, %")
    lines = [f"| quatrains | {' | '.join(titles)} |", "|---" * (len(titles) + 1) + "|"]
    for form, part in found["forms"].items():
        for kind, row in part["rows"].items():
            cells = [f"{100 * row[name]:.1f}" for name in ("in_form", "rhymed", "regulated")]
            cells += [f"{row['distinct_2']:.3f}", f"{row['longest_overlap']}, {row['mean_overlap']:.1f}"]
            cells.append(f"{100 * row['lines_of_the_corpus']:.2f}, {100 * row['couplets_of_the_corpus']:.2f}")
            lines.append(f"| {form}, {kind} ({row['poems']:,}) | {' | '.join(cells)} |")
    poems = [each["lines"] for each in found["first_poems"]]
    shown = "\n\n".join(f"> {first}，{second}。{third}，{fourth}。" for first, second, third, fourth in poems)
    notes = (
        "Overlap: characters in a row that stand in one poem of the training split, with which held-out poems share no"
        f" line by construction; distinct-2: of equally many poems. Temperature {found['temperature']}, nucleus"
        f" {found['top_p']}. The first three of seed 0, with rhyme:"
    )
    return "\n\n".join(["\n".join(lines), notes, shown]) + "\n"


def poem_speed() -> str:
    found = figures("poem_generation_speed")
    cold = found["cold_seconds_median"]["first poem"]
    return (
        f"{found['poems_a_second']:.0f} quatrains a second in a batch of {found['poems']:,} on two cores; the first"
        f" poem of a cold process after {cold:.1f} s, {found['cold_ratio']:.2f} times what importing Keras takes.\n"
    )


def babi() -> str:
    found = figures("babi")
    ours = found["tasks"]
    columns = {model: f"`{model}`" for model in ours if ours[model]}
    lines = ["| task | " + " | ".join([*columns.values(), *found["published"]]) + " |"]
    lines.append("|---" * (1 + len(columns) + len(found["published"])) + "|")
    for task in [*map(str, range(1, 21)), "mean"]:
        cells = [percent(ours[model].get(task)) for model in columns]
        cells += [f"{values[task]:.1f}" if task in values else "–" for values in found["published"].values()]
        lines.append(f"| {task} | {' | '.join(cells)} |")
    seeds = {row["runs"] for table in ours.values() for task, row in table.items() if task != "mean"}
    rest = [
        f"`{model}` on {data}: {percent(row)} ({row['runs']} {'seed' if row['runs'] == 1 else 'seeds'})"
        for data, by_model in found["others"].items()
        for model, row in by_model.items()
    ]
    return "\n".join(lines) + (
        "\n\nAccuracy in per cent on the official test split of bAbI en (1,000 questions a task, a tenth for "
        "validation), one network a task, mean ± standard deviation of "
        f"{' or '.join(map(str, sorted(seeds)))} seeds. {'; '.join(rest)}.\n"
    )


def poem_training() -> str:
    """Perplexity of held-out Tang poems by form, beside n-grams."""
    found = figures("poem_training")
    runs, grams = found["runs"], found["ngrams"]
    lines = ["| held-out poems | `poem` | trigram | bigram | unigram |", "|---|---|---|---|---|"]
    for form in runs[0]["perplexity"]:
        values = [run["perplexity"][form] for run in runs]
        spread = f" ± {statistics.stdev(values):.1f}" if len(values) > 1 else ""
        others = " | ".join(f"{grams[name]['all poems'][form]:.0f}" for name in ("trigram", "bigram", "unigram"))
        lines.append(f"| {form} | {statistics.mean(values):.1f}{spread} | {others} |")
    count, characters = found["poems"], found["characters"]
    seeds = f"{len(runs)} {'seed' if len(runs) == 1 else 'seeds'}"
    return "\n".join(lines) + (
        f"\n\nPerplexity per character, {seeds} of {runs[0]['weights'] / 1e6:.2f} M weights, interpolated Kneser-Ney "
        f"n-grams of the same {count['train']:,} poems; {found['quatrains']['test']:,} quatrains among "
        f"{count['test']:,} test poems, near-duplicates in one split. The form is given, so line ends cost nothing; "
        f"a character outside the {characters['vocabulary']:,} known ones costs a choice among "
        f"{characters['others']:,} more. Of quatrains alone the trigram learns "
        f"{grams['trigram']['quatrains']['quatrains']:.0f}.\n"
    )


def percent(row: Mapping[str, float] | None) -> str:
    if row is None:
        return "–"
    return f"{100 * row['mean']:.1f}" + (f" ± {100 * row['deviation']:.1f}" if row.get("runs", 1) > 1 else "")
