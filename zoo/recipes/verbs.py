"""Train an entry of the catalogue on a data set, and evaluate what was trained."""

from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import keras

from zoo.catalogue import describe
from zoo.create import create_model
from zoo.datasets import load_dataset
from zoo.datasets.dataset import Dataset
from zoo.datasets.tokeniser import Tokeniser
from zoo.errors import ConfigError, MissingExtraError, WeightsError
from zoo.recipes.author_profile import recipe as author_profile_recipe
from zoo.recipes.trained import MODEL_FILE, Trained, half_widths, load_trained, trained_file
from zoo.report import Report, build_report
from zoo.samples import Samples
from zoo.training import Recipe, Run, fit, predict
from zoo.weights import read_metadata

RECIPES = {"author_profile": author_profile_recipe}  # family -> recipe


def train(
    entry: str,
    data: str,
    *,
    folder: Path | str,
    seed: int = 0,
    weights: str | Path | None = None,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    **changes: Any,
) -> tuple[Trained, Report]:
    """Load, build, fit, judge, save: a run folder with config, history, weights, scores and a picture.

    `weights` (a tag, a file or a run folder) is where training starts, with its vocabulary; `changes` are fields of
    the `Recipe` (epochs, balance, batch_size, ...). Called again on the same folder, an interrupted run continues and
    a finished one is judged anew. Raises a `ZooError` that names what does not fit.
    """
    for package, module in (("scikit-learn", "sklearn"), ("matplotlib", "matplotlib")):
        if find_spec(module) is None:  # told now, not after the training
            raise MissingExtraError("The report of a training", package, "report")
    family = describe(entry).family
    if family not in RECIPES:
        raise ConfigError(f"There is no recipe for '{entry}' yet; there are some for {', '.join(RECIPES)}.")
    source = (
        trained_file(f"{entry}.{weights}" if str(weights) in describe(entry).weights else weights) if weights else None
    )
    if not 0 <= seed < 2**32:
        raise ConfigError(f"A seed must not be negative, and below 2**32; received {seed}.")
    options = {"seed": seed}
    dataset = load_dataset(data, **options)
    if source is not None:
        dataset = _with_vocabulary_of(dataset, source)
    recipe = replace(RECIPES[family](dataset, entry, data=str(data), options=options), **changes)
    if source is not None:
        start = sha256(source.read_bytes()).hexdigest()[:16]
        recipe = replace(recipe, start_at_prior=False, start=start)
    keras.utils.set_random_seed(seed)
    model = create_model(entry, weights=source, **recipe.config)
    run = fit(model, dataset.train, dataset.validation, recipe, seed=seed, folder=folder, callbacks=callbacks)
    report = judge(model, recipe, dataset, run=run, seed=seed)
    trained = describe_trained(model, recipe, dataset, report, seed=seed)
    trained.save(Path(folder) / MODEL_FILE)
    report.save(folder)
    return trained, report


def evaluate(source: str | Path, *, data: str | None = None, seed: int | None = None) -> Report:
    """Judge a trained model on the test split that it was made for, or on that of other `data`."""
    trained = load_trained(source)
    name = data or trained.origin["data"]
    dataset = load_dataset(name, seed=trained.origin["seed"] if seed is None else seed)
    dataset = _encoded(dataset, trained.tokeniser)
    missing = [output for output in trained.heads if output not in dataset.targets]
    if missing:
        raise ConfigError(f"'{name}' lacks {', '.join(missing)}; the model answers {', '.join(trained.heads)}.")
    targets = {output: dataset.targets[output] for output in trained.heads}
    for output, head in trained.heads.items():
        if head.target != targets[output]:
            raise ConfigError(f"'{output}' means {targets[output]} in '{name}' and {head.target} to the model.")
    recipe = Recipe(trained.heads, entry=trained.entry, trim_padding=True)
    return judge(trained.model, recipe, replace(dataset, targets=targets), seed=0)


def judge(model: keras.Model, recipe: Recipe, dataset: Dataset, *, run: Run | None = None, seed: int) -> Report:
    """The report of a model on the test split of `dataset`."""
    return build_report(
        predict(model, dataset.test, recipe.heads, trim_padding=recipe.trim_padding),
        train=dataset.train,
        validation=dataset.validation,
        test=dataset.test,
        targets=dataset.targets,
        history=run.history if run else (),
        limits=dataset.limits,
        together="author" if "author" in dataset.test.groups else None,
        title=f"{recipe.entry} on {dataset.name}",
        seed=seed,
    )


def describe_trained(model: keras.Model, recipe: Recipe, dataset: Dataset, report: Report, *, seed: int) -> Trained:
    """The trained model with all that it needs to answer."""
    assert dataset.tokeniser is not None
    headline: dict[str, dict[str, float | None]] = {}
    for row in report.scores:
        headline.setdefault(row["output"], {row["metric"]: row["model"]})  # the first metric of an output
    return Trained(
        entry=recipe.entry,
        config=recipe.config,
        model=model,
        heads=recipe.heads,
        tokeniser=dataset.tokeniser,
        half_widths=half_widths(model, recipe.heads, dataset),
        words=int(dataset.train.inputs["posts"].shape[1]),
        origin={"data": recipe.data, "seed": seed, "epochs": recipe.epochs, "scores": headline},
    )


def _with_vocabulary_of(dataset: Dataset, source: Path) -> Dataset:
    words = read_metadata(source).get("vocabulary")
    if words is None:
        raise WeightsError(f"'{source}' holds no vocabulary, so that its embedding cannot be used for other texts.")
    return _encoded(dataset, Tokeniser(words))


def _encoded(dataset: Dataset, tokeniser: Tokeniser) -> Dataset:
    """The same texts as numbers of another vocabulary."""
    if dataset.tokeniser is not None and dataset.tokeniser.words == tokeniser.words:
        return dataset
    length = dataset.train.inputs["posts"].shape[1]

    def encode(samples: Samples) -> Samples:
        return replace(samples, inputs={"posts": tokeniser.encode_batch(samples.texts, max_length=length)})

    return replace(
        dataset,
        train=encode(dataset.train),
        validation=encode(dataset.validation),
        test=encode(dataset.test),
        tokeniser=tokeniser,
    )
