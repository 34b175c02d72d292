"""A file of Keras, torchvision or timm -> our own file of the same weights, by layer name, which says what it holds."""

from dataclasses import dataclass
from pathlib import Path

from zoo.catalogue import describe
from zoo.create import create_model, full_config
from zoo.errors import WeightsError
from zoo.pretrained import pretrained
from zoo.weights import LoadReport, load_weights, save_weights


@dataclass(frozen=True)
class Conversion:
    """The file that was written, and how each weight came into it."""

    path: Path
    report: LoadReport


def convert(file: Path | str, name: str, out: Path | str | None = None) -> Conversion:
    """Read `file` as the weights `name` ("resnet18.imagenet") and write them to `out`, by default "NAME.h5" here.

    The metadata hold the entry and its config, so that `create_model` makes the model again, the name of the set, the
    name of the source file, the preprocessing as data, and the set of labels. The file is whole or not there.

    Raises `WeightsError` unless every weight of the model is in the file and every other in it is explained.
    """
    row = pretrained(name)
    target = Path(out) if out is not None else Path(f"{name}.h5")
    if target.resolve() == Path(file).resolve():
        raise WeightsError(f"The converted weights would replace {file}; give another name.")
    config = full_config(row.arch, {} if row.with_top else {"include_top": False})
    model = create_model(row.arch, **config)
    report = load_weights(model, file, names=row.names or describe(row.arch).family)
    left = [*report.reinitialised, *report.inflated]
    if left:
        raise WeightsError(f"{file} does not hold the weights {name}: {left[0]} of the model is not in it as it is.")
    metadata = {
        "entry": row.arch,
        "config": config,
        "source": {"weights": row.name, "file": Path(file).name},
        "preprocessing": row.preprocessing.as_json(),
        "labels": row.labels,
    }
    save_weights(model, target, metadata=metadata)
    return Conversion(target, report)
