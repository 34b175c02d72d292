"""Blocks of figures of the page on photos: weak labels, and labels of which many are wrong."""

from tools.readme_blocks.records import figures


def weak_labels() -> str:
    """The error of each way to train on labels of which most are wrong."""
    found = figures("weak_labels")
    rows, titles = (
        found["rows"],
        {
            "clean": "the right labels alone",
            "mixed": "all labels, absolute error",
            "mixed_mse": "all labels, squared error",
            "weak_clean": "cheap labels, then a fresh last layer and the right ones",
        },
    )
    ahead = sum(run["weak_clean"] < run["clean"] for run in found["mae"].values())
    lines = ["| trained on | error on the test part, years |", "|---|---|"]
    lines += [
        f"| {title} | {found['mean'][way]:.2f} ± {found['deviation'][way]:.2f} |" for way, title in titles.items()
    ]
    return "\n".join(lines) + (
        f"\n\nAges of {rows['train']:,} faces, of which {rows['clean']:,} labels are right; of the others half are "
        "those of another face, and half the middle of the decade. A small network on frozen features, "
        f"{len(found['mae'])} seeds (`python -m benchmarks.pictures.weak_labels`); the median is off by "
        f"{found['median']:.2f}. In {ahead} of {len(found['mae'])} seeds the last way is ahead of the first: no gain "
        "is established.\n"
    )


def co_teaching() -> str:
    """Accuracy of each way to train on labels of which two in five are wrong."""
    found = figures("co_teaching")
    titles = {
        "plain": "cross-entropy",
        "noise_aware": "generalised cross-entropy",
        "co_teaching": "co-teaching",
        "clean": "cross-entropy on the right labels alone",
    }
    lines = ["| trained by | accuracy on the test part, % | processor seconds |", "|---|---|---|"]
    for way, title in titles.items():
        seconds = [run[way]["processor_seconds"] for run in found["runs"].values()]
        mean, spread = 100 * found["mean"][way], 100 * found["deviation"][way]
        lines.append(f"| {title} | {mean:.2f} ± {spread:.2f} | {sum(seconds) / len(seconds):.0f} |")
    return "\n".join(lines) + (
        f"\n\n{found['rows']['train']:,} digits, {100 * found['wrong_share']:.0f} % of the labels wrong at random, "
        f"`{found['entry']}`, {found['epochs']} epochs, {len(found['runs'])} seeds; validation has right labels. "
        "`python -m benchmarks.pictures.co_teaching`\n"
    )
