"""The blocks of figures on tables: scores, imbalance, costs."""

from tools.readme_blocks.records import figures

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
