"""A file of Keras, torchvision or timm -> our own file of the same weights, by layer name, which says what it holds."""

from dataclasses import dataclass
from pathlib import Path

from zoo.catalogue import describe
from zoo.create import create_model, full_config
from zoo.errors import WeightsError
from zoo.pretrained import pretrained
from zoo.weights import LoadReport, load_weights, save_weights, without_values


@dataclass(frozen=True)
class Conversion:
    """The file that was written, and how each weight came into it."""

    path: Path
    report: LoadReport


def convert(file: Path | str, name: str, out: Path | str | None = None, *, by_order: bool = False) -> Conversion:
    """Read `file` as the weights `name` ("resnet18.imagenet") and write them to `out`, by default "NAME.h5" here.

    The metadata hold the entry and its config, so that `create_model` makes the model again, the name of the set, the
    name of the source file, the preprocessing as data, and the set of labels. The file is whole or not there.

    `by_order` is for Keras' `.weights.h5`, which does not hold the layers' names.

    Raises `WeightsError` unless every weight of the model is in the file and every other in it is explained.
    """
    row = pretrained(name)
    target = Path(out) if out is not None else Path(f"{name}.h5")
    if target.resolve() == Path(file).resolve():
        raise WeightsError(f"The converted weights would replace {file}; give another name.")
    config = full_config(row.arch, {} if row.with_top else {"include_top": False})
    with without_values():
        model = create_model(row.arch, **config)
    report = load_weights(model, file, names=row.names or describe(row.arch).family, by_order=by_order)
    metadata = {
        "entry": row.arch,
        "config": config,
        "source": {"weights": row.name, "file": Path(file).name},
        "preprocessing": row.preprocessing.as_json(),
        "labels": row.labels,
    }
    save_weights(model, target, metadata=metadata)
    return Conversion(target, report)
