"""The figures of a first hour with files of one's own, and of its cost, for the pages in docs/."""

from tools.readme_blocks.records import figures

METRICS = {"auc": "AUC", "accuracy": "accuracy", "mae": "mean absolute error"}
PARTS = ("read", "encode", "epoch", "baselines", "report", "predict")
SIZES = {"rows": "rows", "texts": "texts", "labels": "labels", "columns": "columns"}


def first_hour() -> str:
    """One row a table: the better network and the better simple model, each by its own validation rows."""
    lines = [
        "| table | rows to train on | score | network | logistic or ridge, or trees | mlp | entity_embedding | linear "
        "| trees |",
        "|---" * 9 + "|",
    ]
    for name, found in figures("first_hour").items():
        row = found["summary"]
        digits = 3 if row["metric"] != "mae" else (0 if row["network"] > 100 else 2)
        both = [f"{row[who]:,.{digits}f} ± {row[f'{who}_deviation']:,.{digits}f}" for who in ("network", "simple")]
        others = [f"{row[who]:,.{digits}f}" for who in ("mlp", "entity_embedding", "linear", "trees")]
        lines.append(
            f"| {name} | {row['training_rows']:,} | {METRICS[row['metric']]} | " + " | ".join([*both, *others]) + " |"
        )
    return "\n".join(lines) + "\n\nMean ± standard deviation of five seeds, the same split for all.\n"


def bounds() -> str:
    """One row a size: seconds of each part, and the most memory of all of them."""
    lines = ["| of | size | " + " | ".join(f"{part}, s" for part in PARTS) + " | peak, MiB |", "|---" * 9 + "|"]
    found = figures("bounds")
    for name, title in SIZES.items():
        for size, parts in found[name]["sizes"].items():
            seconds = [f"{parts[part]['seconds']:.1f}" if part in parts else "–" for part in PARTS]
            peak = max(each["peak_mib"] for each in parts.values())
            lines.append(f"| {title} | {int(size):,} | " + " | ".join(seconds) + f" | {peak:,.0f} |")
    return "\n".join(lines) + f"\n\n{found['note']}\n"
