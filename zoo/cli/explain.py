"""`zoo explain`: why a model says what it says of one sample; on a terminal, as a picture or as JSON."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.cli.options import read_config, whole_number
from zoo.errors import ConfigError, DataError, require_known
from zoo.terminal import console, import_frameworks, show_rows

if TYPE_CHECKING:
    from zoo.explain import Explanation

SUFFIXES = (".png", ".svg", ".json")


def add_explain_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", help="a run folder, the file of a trained model, or MODEL.TAG: mobilenet.imagenet")
    parser.add_argument("sample", help="a photo, a text, or a file of rows (see --row)")
    parser.add_argument("--method", metavar="NAME", help="grad-cam, occlusion, shapley, ... (default: what suits)")
    parser.add_argument("--layer", metavar="NAME", help="of a heat map: encoder/conv, or encoder/conv#2 (second call)")
    parser.add_argument("--label", metavar="LABEL", help="to be explained (default: the one that is predicted)")
    parser.add_argument("--output", metavar="NAME", help="of several (default: the first)")
    parser.add_argument("--input", metavar="COLUMN", help="of several: a column, 'table' or 'senses'")
    parser.add_argument("--row", type=whole_number, default=0, help="of a file of rows, from 0 (default: 0)")
    parser.add_argument("--background", metavar="FILE", help="rows that stand for all others (shapley, permutation)")
    parser.add_argument("--option", action="append", metavar="NAME=VALUE", help="of the method: window=16, steps=128")
    parser.add_argument("--check", action="store_true", help="measure whether the explanation is faithful")
    parser.add_argument("--compare", action="store_true", help="rank all methods that suit by how faithful they are")
    parser.add_argument("--out", metavar="FILE", help="write a picture (.png, .svg) or all values (.json)")


def explain_command(parsed: argparse.Namespace) -> None:
    """Explain one prediction."""
    if parsed.out is not None:
        require_known("ending of --out", Path(parsed.out).suffix.lower(), SUFFIXES)
    if parsed.compare and parsed.method:
        raise ConfigError("--compare tries every method that suits; leave --method out.")
    options: dict[str, Any] = read_config(parsed.option or (), "--option")
    import_frameworks()
    from zoo.explain.compare import compare
    from zoo.explain.explain import explain_subject, find_subject, opened

    model, tag = opened(parsed.model)
    subject = find_subject(
        model, sample_of(parsed.sample), output=parsed.output, label=parsed.label, input=parsed.input, tag=tag,
        row=parsed.row, senses=parsed.input == "senses",
    )  # fmt: skip
    if parsed.background is not None:
        from zoo.explain.rows import background_of

        options["background"] = background_of(model, parsed.background)
    if parsed.layer is not None:
        options["layer"] = parsed.layer
    if parsed.compare:
        show_comparison(compare(subject, **options), parsed.out)
        return
    show_explanation(explain_subject(subject, parsed.method, check=parsed.check, **options), parsed.out)


def sample_of(given: str) -> str:
    """The text, or the path of a file that is there."""
    from zoo.columns.opening import FORMATS
    from zoo.pictures import SUFFIXES as PICTURES

    named = given.lower().endswith((*FORMATS, *PICTURES)) and len(given.split()) == 1
    if named and not Path(given).is_file():
        raise DataError(f"The file '{given}' is not there.")
    return given


def show_explanation(found: "Explanation", out: str | None) -> None:
    """The drawing, what was measured, the sentence; and the file."""
    lines = found.lines()
    for line in lines:
        console().print(line, markup=False)
    measured = ", ".join(f"{name.replace('_', ' ')} {value:.3g}" for name, value in found.faithfulness.items())
    if measured:
        console().print(measured, markup=False, style="dim")
    console().print(found.summary, markup=False)
    if out is not None:
        console(stderr=True).print(str(found.save(out)), markup=False, style="dim")


def show_comparison(rows: Any, out: str | None) -> None:
    """The methods, the most faithful first; and the file of the best one, or of all figures (.json)."""
    names = list(dict.fromkeys(name for row in rows for name in row.measured))
    cells = [
        ["" if row.rank is None else f"{1 + row.rank:.1f}", row.method,
         *(f"{row.measured[name]:.3f}" if name in row.measured else "" for name in names),
         f"{row.seconds:.2f}", row.refused]
        for row in rows
    ]  # fmt: skip
    header = ["mean place", "method", *(name.replace("_", " ") for name in names), "seconds", "refused"]
    show_rows(header, cells, right=[each for each in header if each not in ("method", "refused")])
    best = rows[0]
    if best.explanation is None:
        raise ConfigError("No method gives an explanation that is fit to be shown.")
    console().print(best.explanation.summary, markup=False)
    if out is None:
        return
    if Path(out).suffix.lower() == ".json":
        from zoo.files import write_json

        write_json(out, [row.to_json() for row in rows])
    else:
        best.explanation.save(out)
    console(stderr=True).print(out, markup=False, style="dim")
