"""Write docs/models/*.md, a page for each family, and their list in mkdocs.yml, from the catalogue and the manifests.

python -m tools.model_pages
"""

import argparse
import json
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import zoo
from zoo.artifacts import artifact
from zoo.catalogue import ENTRIES, Entry
from zoo.errors import UnknownNameError
from zoo.files import write_text
from zoo.pretrained import Pretrained, pretrained_sets
from zoo.weights import without_values

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "docs" / "models"
NAVIGATION = ROOT / "mkdocs.yml"
BEGIN, END = "      # written by python -m tools.model_pages\n", "      # until here\n"
TITLES = {  # family -> heading of its page, where the name does not say it
    "vgg": "VGG",
    "resnet": "ResNet",
    "alexnet": "AlexNet and CaffeNet",
    "googlenet": "GoogLeNet",
    "squeezenet": "SqueezeNet",
    "inception_v3": "Inception v3",
    "inception_resnet_v2": "Inception-ResNet v2",
    "densenet": "DenseNet",
    "nasnet": "NASNet",
    "mobilenet": "MobileNet v1",
    "mobilenet_v2": "MobileNet v2",
    "mobilenet_v3": "MobileNet v3",
    "efficientnet": "EfficientNet",
    "efficientnet_v2": "EfficientNetV2",
    "convnext": "ConvNeXt",
    "mlp": "Multi-layer perceptron",
    "dex": "Age from a face, DEX",
    "music_tagger": "MusicTaggerCRNN",
    "sound_cnn": "A small network for sounds",
    "volume_classifier": "Residual network for volumes",
    "structure_detector": "A detector of small structures in volumes",
}
TASKS = {  # task of the catalogue -> heading in the list of models
    "author-profiling": "Texts: authors, and labels of your own",
    "text-similarity": "Pairs of texts",
    "question-answering": "Questions about a story",
    "poem-writing": "Verse",
    "image-classification": "Images",
    "joint": "Several senses: tables, texts and pictures together",
    "age-estimation": "Ages from faces",
    "image-similarity": "Pairs of pictures",
    "sound-classification": "Sounds and music",
    "volume-classification": "Volumes",
    "structure-detection": "Small structures in volumes",
}
OTHERS = "Tables and vectors"
METRICS = {  # name in a card -> as people write it
    "mae": "mean absolute error",
    "rmse": "root mean squared error",
    "mse": "mean squared error",
    "r2": "R²",
    "auc": "AUC",
    "pearson": "Pearson's r",
    "spearman": "Spearman's ρ",
}
CHECKSUMS = {"md5": "MD5", "sha256": "SHA-256", "sha256_prefix": "first digits of the SHA-256"}
COUNTS = ("accuracy", "texts", "characters")  # numbers of a card's row that are no model's score


def families() -> dict[str, list[Entry]]:
    """Family -> its members, without those for tests, in the catalogue's order."""
    found: dict[str, list[Entry]] = {}
    for entry in ENTRIES.values():
        if not entry.for_tests:
            found.setdefault(entry.family, []).append(entry)
    return found


def page(family: str) -> str:
    """The Markdown page of a family."""
    members = families()[family]
    sources = list(dict.fromkeys(entry.source for entry in members))
    parts = [
        f"<!-- Written by python -m tools.model_pages: do not edit. -->\n# {title(family)}",
        f"Task: {members[0].task}. Builders: `{members[0].builder.partition(':')[0]}`.",
        "Source: " + "; ".join(sources) + ".",
        "## Graph\n\n" + graph(members),
        "## Inputs and outputs\n\n" + ports(members[0]),
        "## Variants\n\n" + variants(members),
    ]
    official = [row for entry in members for row in official_sets(entry.name)]
    tags = [(entry, tag) for entry in members for tag in entry.weights]
    own = [(entry, tag) for entry, tag in tags if entry.weights[tag].file]
    fetched = [(entry, tag) for entry, tag in tags if not entry.weights[tag].file and not official_sets(entry.name)]
    if official:
        parts += ["## Preprocessing\n\n" + preprocessing(official), "## Weights\n\n" + files(official)]
    parts += [card(entry, tag) for entry, tag in own] + [fetched_file(entry, tag) for entry, tag in fetched]
    if not official and not own and not fetched:
        parts.append("## Weights\n\nThere are no trained weights; train the model on your data or on a named data set.")
    return "\n\n".join(parts) + "\n"


def title(family: str) -> str:
    return TITLES.get(family) or family.replace("_", " ").capitalize()


def graph(members: Sequence[Entry]) -> str:
    """The drawing of the family's smallest member."""
    entry = min(members, key=lambda each: each.parameters or 0)
    with without_values():
        model = zoo.create_model(entry.name)
    return (
        f"`{entry.name}` as its builder makes it by default (`zoo describe {entry.name} --graph`):\n\n"
        f"```text\n{zoo.draw(model).rstrip()}\n```"
    )


def ports(entry: Entry) -> str:
    rows = [
        (kind, f"`{name}`", meaning)
        for kind, values in (("input", entry.inputs), ("output", entry.outputs))
        for name, meaning in values.items()
    ]
    return table(("", "name", "shape and meaning"), rows)


def variants(members: Sequence[Entry]) -> str:
    """A row for each member; scores of the first set of weights with a top, where one is published."""
    rows = []
    for entry in members:
        size = "not published" if entry.parameters is None else f"{entry.parameters:,}"
        tags = ", ".join(f"`{tag}`" for tag in entry.weights) or "none"
        scores = [
            score if entry.task == "image-classification" else f"{name} {score}"
            for each in entry.weights.values()
            for name, score in each.scores.items()
        ]
        rows.append((f"`{entry.name}`", entry.summary, size, "; ".join(scores) or "–", tags))
    note = ""
    if any(official_sets(entry.name) for entry in members):
        note = (
            "\n\nScores are percentages of ImageNet's validation images, one central crop, as published by: "
            + "; ".join(sources_of_scores(members))
            + ". We have not measured them again."
        )
    return table(("variant", "what it is", "parameters", "scores", "weights"), rows) + note


def sources_of_scores(members: Iterable[Entry]) -> list[str]:
    rows = (row for entry in members for row in official_sets(entry.name))
    return list(dict.fromkeys(row.scores_source for row in rows if row.scores_source))


def preprocessing(rows: Sequence[Pretrained]) -> str:
    """How pixels become numbers; sets that are fed alike share a row."""
    alike: dict[tuple[str, ...], list[str]] = {}
    for row in rows:
        each = row.preprocessing
        numbers = (
            f"(pixels × {each.scale:.6g} − {numbers_of(each.mean)}) / {numbers_of(each.std)}, {each.colour.upper()}"
        )
        key = (f"{each.size}", f"{each.resized}, {each.interpolation}", numbers, row.preprocessing_source)
        alike.setdefault(key, []).append(f"`{row.name}`")
    shown = [(", ".join(names), *key) for key, names in alike.items()]
    return (
        table(("weights", "image size", "shorter side resized to", "numbers", "crop and interpolation as in"), shown)
        + "\n\n`zoo.preprocess(photo, NAME)` does this."
    )


def numbers_of(values: Sequence[float]) -> str:
    """Three numbers, or the one that they all are."""
    return f"{values[0]:.6g}" if len(set(values)) == 1 else "[" + ", ".join(f"{value:.6g}" for value in values) + "]"


def files(rows: Sequence[Pretrained]) -> str:
    """Published scores, licence and origin of each official file."""
    shown, sources = [], dict[str, None]()
    for row in rows:
        item = artifact(row.name)
        known = CHECKSUMS[item.checksum.field] if item.checksum else "nothing published: never fetched"
        scores = ("–" if score is None else f"{score:.1f} %" for score in (row.top1, row.top5))
        shown.append((f"`{row.name}`", yes(row.with_top), *scores, item.licence, known, yes(row.opened)))
        sources[item.source] = None
    headings = ("weights", "classifier", "top-1", "top-5", "licence", "known by its", "read by us")
    return table(headings, shown) + (
        '\n\n`zoo fetch NAME` downloads and verifies a file. Where "read by us" says no, all that this page says '
        f"of the file comes from its publisher.\n\nSources of the files: {' / '.join(sources)}."
    )


def yes(value: bool) -> str:
    return "yes" if value else "no"


def card(entry: Entry, tag: str) -> str:
    """What is known of weights of our own."""
    found = read_card(f"{entry.name}.{tag}")
    facts = [
        ("file", f"`weights/{found['file']}`, {found['size']:,} bytes"),
        ("trained on", found["data"]),
        ("licence", found["licence"]),
        ("command", f"`{found['command']}`"),
        ("seed", str(found["seed"]) + (f" ({found['chosen']})" if "chosen" in found else "")),
        *([("limits", found["limits"])] if "limits" in found else []),
    ]
    return (
        f"## Weights `{entry.name}.{tag}`\n\n" + table(("", ""), facts) + "\n\n" + card_scores(found["scores_on_test"])
    )


def fetched_file(entry: Entry, tag: str) -> str:
    """What the manifest knows of weights of other people."""
    name = f"{entry.name}.{tag}"
    item = artifact(name)
    facts = [
        ("file", f"`{item.file}`, {item.size:,} bytes; `zoo fetch {name}` downloads and verifies it"),
        ("trained on", entry.weights[tag].data),
        ("licence", item.licence),
        ("source", item.source),
    ]
    return f"## Weights `{name}`\n\n" + table(("", ""), facts)


def card_scores(scores: Any) -> str:
    """The scores of a card on its test split: rows of outputs and metrics, or accuracies by task."""
    if isinstance(scores, Mapping):
        rows = [("mean of the tasks", percent(scores["accuracy"]))]
        rows += [(task, percent(value)) for task, value in scores["by_task"].items()]
        return table(("test questions", "accuracy"), rows)
    kept = ("output", "metric", "group", "standard_error", "gap_closed", *COUNTS)
    columns = [name for name in scores[0] if name not in kept]
    names = {"majority": "constant", "trees": "boosted trees", "limit": "best possible"}
    grouped = ["group"] if "group" in scores[0] else []
    headings = ("output", *grouped, "metric", *(names.get(name, name) for name in columns))
    rows = [
        (
            row["output"],
            *(row[name] for name in grouped),
            METRICS.get(row["metric"], row["metric"].replace("_", " ")),
            *(cell(row.get(name)) for name in columns),
        )
        for row in scores
    ]
    return table(headings, rows)


def cell(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f}" if value >= 100 else f"{value:.3f}"


def percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def read_card(name: str) -> dict[str, Any]:
    return json.loads((ROOT / "weights" / f"{name}.card.json").read_text(encoding="utf-8"))


@cache
def official_sets(name: str) -> tuple[Pretrained, ...]:
    try:
        return tuple(pretrained_sets(name))
    except UnknownNameError:
        return ()


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join("| " + " | ".join(str(value).replace("|", "\\|") for value in line) + " |" for line in lines)


def index() -> str:
    """The list of families, by task."""
    found = families()
    parts = [
        "<!-- Written by python -m tools.model_pages: do not edit. -->\n# Models",
        f"{sum(map(len, found.values()))} models in {len(found)} families. `zoo list` prints them all, "
        "`zoo describe MODEL` one of them.",
    ]
    for heading, names in by_heading().items():
        rows = [
            (f"[{title(family)}]({family}.md)", ", ".join(f"`{entry.name}`" for entry in found[family]))
            for family in names
        ]
        parts.append(f"## {heading}\n\n" + table(("family", "models"), rows))
    return "\n\n".join(parts) + "\n"


def by_heading() -> dict[str, list[str]]:
    """Heading -> the families of its tasks."""
    groups: dict[str, list[str]] = {}
    for family, members in families().items():
        groups.setdefault(TASKS.get(members[0].task, OTHERS), []).append(family)
    return groups


def navigation(text: str) -> str:
    """The text of mkdocs.yml with a line for the page of each family."""
    lines = [
        line
        for heading, names in by_heading().items()
        for line in (
            f"      - {heading.partition(':')[0]}:\n",
            *(f"          - {title(name)}: models/{name}.md\n" for name in names),
        )
    ]
    before, _, rest = text.partition(BEGIN)
    return before + BEGIN + "".join(lines) + END + rest.partition(END)[2]


def pages() -> dict[Path, str]:
    """File -> its text, for every page of models."""
    return {FOLDER / "index.md": index(), **{FOLDER / f"{family}.md": page(family) for family in families()}}


def main() -> None:
    written = pages()
    for path in FOLDER.glob("*.md"):
        if path not in written:
            path.unlink()
    for path, text in written.items():
        write_text(path, text)
    write_text(NAVIGATION, navigation(NAVIGATION.read_text(encoding="utf-8")))


if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__).parse_args()
    main()
