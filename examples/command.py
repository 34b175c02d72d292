"""What makes a page a command: its options, a mistake told in one sentence, a run folder; and how files are read.

    @table_page("mlp", "credit")
    def main(run: Run) -> None:
        trained, report = zoo.train("mlp", "credit", **run.options)

`main(["--epochs", "1"])` then runs the page with these options and gives its exit code, 0 or, after a mistake, 2.
"""

import argparse
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import zoo
from zoo.cli.main import training_options
from zoo.cli.options import add_example_options, add_training_options, whole_number
from zoo.errors import ConfigError, DataError, MissingExtraError, WeightsError
from zoo.files import write_figure
from zoo.poetry.constraints import TONES
from zoo.terminal import console, import_frameworks, parse, run

if TYPE_CHECKING:
    from PIL.Image import Image

    from zoo.pipeline import Pipeline
    from zoo.pretrained.labels import Guess

Run = argparse.Namespace  # the options of a page; of one that trains also `folder`, and `options` for `zoo.train`
Page = Callable[[Run], None]
Option = tuple[str, dict[str, Any]]

LARGEST_STORY = 64 << 20  # bytes
SHIPPED = (("skimage", "data/chelsea.png"), ("sklearn", "datasets/images/china.jpg"))  # package, its photo
WIDEST = 1000  # pixels of the photo in the picture


class Command:
    """A page that is called with the words of a command line, and gives the exit code."""

    def __init__(self, page: Page, prog: str, declare: Callable[[argparse.ArgumentParser], None], begin: Page) -> None:
        self.page, self.prog, self.declare, self.begin = page, prog, declare, begin
        self.words: dict[str, Command] = {}
        self.__doc__ = page.__doc__

    def __call__(self, arguments: Sequence[str] | None = None) -> int:
        given = list(sys.argv[1:] if arguments is None else arguments)
        if given and given[0] in self.words:
            return self.words[given[0]](given[1:])
        return run(lambda: self._run(given))

    def _run(self, given: Sequence[str]) -> None:
        parser = argparse.ArgumentParser(prog=self.prog, allow_abbrev=False)
        self.declare(parser)
        parsed = parse(parser, given)
        self.begin(parsed)
        self.page(parsed)

    def word(self, name: str, made: "Callable[[Page], Command]") -> "Callable[[Page], Command]":
        """The decorator of a second page of the same file, which the first word of the command line chooses."""

        def decorate(function: Page) -> Command:
            self.words[name] = made(function)
            self.words[name].prog = f"{self.prog} {name}"
            return self.words[name]

        return decorate


def option(name: str, help: str | None = None, **more: Any) -> Option:
    return name, {"help": help, **more}


def page(*options: Option, frameworks: bool = True) -> Callable[[Page], Command]:
    """A page with these options. Without `frameworks` it imports Keras itself, once it has checked its options."""
    return _command(lambda parser: _add(parser, options), lambda run: import_frameworks() if frameworks else None)


def table_page(model: str, data: str, *options: Option, announced: bool = True) -> Callable[[Page], Command]:
    """A page that trains `model` on the table `data`: --epochs, --seed, --out, and its own `options`."""

    def declare(parser: argparse.ArgumentParser) -> None:
        add_example_options(parser, model=model, data=data)
        _add(parser, options)

    return _command(declare, lambda run: _begin_training(run, announced=announced))


def training_page(
    model: str, data: str, others: Mapping[str, str] | None = None, *, weights: str | None = None
) -> Callable[[Page], Command]:
    """A page with all options of `zoo train`; `others` are the models of other data, `weights` where it begins."""
    others = others or {}
    also = "".join(f", on {name} {other}" for name, other in others.items())

    def declare(parser: argparse.ArgumentParser) -> None:
        add_training_options(parser)
        parser.add_argument("--model", help=f"an entry of the catalogue (default: {model}{also})")
        parser.set_defaults(data=data, weights=weights)

    def begin(run: Run) -> None:
        run.model = run.model or others.get(run.data, model)
        _begin_training(run)

    return _command(declare, begin)


def announce(model: str, data: str, folder: Path | str) -> None:
    """Say what is trained, and where it is kept."""
    console().print(f"Training {model} on {data} into {folder}", markup=False)


def _begin_training(run: Run, *, announced: bool = True) -> None:
    """Give the run its `folder`, and the `options` of `zoo.train` that the command `zoo train` would give it."""
    zoo.describe(run.model)
    import_frameworks()
    run.options = training_options(run)
    run.folder = run.options["folder"]
    if announced:
        announce(run.model, run.data, run.folder)


def _command(declare: Callable[[argparse.ArgumentParser], None], begin: Page) -> Callable[[Page], Command]:
    def decorate(function: Page) -> Command:
        module = Path(function.__code__.co_filename).stem  # its __module__ is "__main__" when it runs as a command
        return Command(function, f"python -m examples.{module}", declare, begin)

    return decorate


def _add(parser: argparse.ArgumentParser, options: Sequence[Option]) -> None:
    for name, settings in options:
        parser.add_argument(name, **settings)


SEED = option("--seed", type=whole_number, default=0)
OUT = option("--out", "run folder (default: named after the run, in runs)", metavar="DIR")
WEIGHTS = option("--weights", "run folder or file (default: the weights that come with the zoo)")
POEM = (
    option("--form", "CHARACTERSxLINES, or lengths as in 3,3,7 (default: 7x4; free text: *x4)"),
    option("--count", "poems (default: 1)", type=whole_number, default=1),
    option("--first", "what the poem begins with", default="", metavar="TEXT"),
    option("--acrostic", "the first characters of the lines", default="", metavar="TEXT"),
    option("--must", "a word in the poem; may be repeated", action="append", default=[], metavar="WORD"),
    option("--rhyme", "on, off, or a character of the rhyme, as in 東 (default: on; free text: off)"),
    option("--tones", f"{' or '.join(TONES)} (default: off)", default="off"),
    option("--no-repeats", "no character twice in a poem", action="store_true"),
    option("--avoid", "write no line of this corpus: tang or song_ci", metavar="CORPUS"),
    option("--temperature", "0: the likeliest (default: 0.8)", type=float, default=0.8),
    option("--top-p", "share of the likeliest characters (default: 0.95)", type=float, default=0.95),
    SEED,
    option("--weights", "tag, file or run folder (default: those of the Tang poems)", default="poem"),
)


def load_reader(source: str, columns: Collection[str], what: str) -> "Pipeline":
    """A trained model that reads these columns. Raises `WeightsError` for one that does something else."""
    pipeline = zoo.load_pipeline(source)
    if set(pipeline.schema.names) != set(columns):
        raise WeightsError(f"'{source}' holds a model that {what}: {pipeline.entry or pipeline.model.name}.")
    return pipeline


def read_story(given: str) -> str:
    """The text of a file, or of standard input where it is called "-". Raises `DataError`."""
    try:
        return (_typed() if given == "-" else _read(Path(given))).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"'{given}' is not UTF-8 text: byte {error.start} does not fit.") from error


def _typed() -> bytes:
    raw = sys.stdin.buffer.read(LARGEST_STORY + 1)
    if len(raw) > LARGEST_STORY:
        raise DataError(f"Standard input holds more than {LARGEST_STORY >> 20} MiB.")
    return raw


def _read(path: Path) -> bytes:
    if not path.is_file():
        raise DataError(f"There is no file '{path}' with a story.")
    if path.stat().st_size > LARGEST_STORY:
        raise DataError(f"'{path}' is larger than {LARGEST_STORY >> 20} MiB.")
    return path.read_bytes()


def shipped_photo() -> Path:
    """A photo that an installed package brings."""
    for package, name in SHIPPED:
        spec = find_spec(package)
        for folder in (spec.submodule_search_locations or []) if spec else []:
            if (Path(folder) / name).is_file():
                return Path(folder) / name
    raise ConfigError("Give a photo: neither scikit-image nor scikit-learn is installed, whose photos stand in for it.")


def in_words(guess: "Guess") -> str:
    return guess.label.replace("_", " ")


def draw_classes(photo: "Image", best: "Sequence[Guess]", path: Path, *, title: str) -> None:
    """Write to `path` a picture of the photo and, beside it, a bar for each class."""
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtraError("The picture", "matplotlib", "report") from error
    shown = photo.copy()
    shown.thumbnail((WIDEST, WIDEST))
    figure = Figure(figsize=(11, 4.5), dpi=100, layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    left, right = figure.subplots(1, 2, width_ratios=(1, 1))
    left.imshow(shown)
    left.axis("off")
    shares = [100 * guess.probability for guess in best]
    bars = right.barh([in_words(guess) for guess in best], shares, color="#4878a8")
    right.bar_label(bars, labels=[f"{share:.1f} %" for share in shares], padding=4)
    right.invert_yaxis()  # the best on top
    right.set(xlim=(0, 118), xticks=range(0, 101, 25), xlabel="probability, %", title=title)
    right.spines[["top", "right"]].set_visible(False)
    write_figure(figure, path)
