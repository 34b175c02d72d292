"""The blocks of figures on pretrained networks: parity, photos, throughput, the first prediction."""

from tools.readme_blocks.records import figures


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
