"""Where the file of a trained model stands: of a run, at a path, or by its name in the catalogue."""

from pathlib import Path

from zoo.errors import WeightsError, require_known

FILES = ("model.keras", "model.h5")  # of a run folder
SUFFIXES = (".keras", ".h5", ".hdf5", ".onnx")


def trained_file(source: str | Path) -> Path:
    """The file that a run folder, a path or an "entry.tag" means. Raises `WeightsError` where there is none."""
    path = Path(source)
    if path.is_dir():
        found = [path / name for name in FILES if (path / name).is_file()]
        if not found:
            raise WeightsError(f"'{path}' holds no finished run: there is no {FILES[0]}. Train it to its end first.")
        return found[0]
    if path.suffix in SUFFIXES or len(path.parts) > 1 or path.exists():
        if not path.exists():
            raise WeightsError(f"There is no file or folder '{path}'.")
        require_known("format of a pipeline", path.suffix, SUFFIXES)
        if not path.is_file():  # opening a pipe or a device waits for ever
            raise WeightsError(f"'{path}' is a pipe or a device; a trained model is a plain file.")
        return path
    from zoo.catalogue import describe, list_models
    from zoo.create import weights_path

    name, _, tag = str(source).partition(".")
    if not tag and name not in list_models(for_tests=True):
        raise WeightsError(f"'{source}' is neither a file, nor a run folder, nor weights of the catalogue.")
    entry = describe(name)
    if not tag and not entry.weights:
        raise WeightsError(f"'{name}' has no trained weights here; give a run folder or a file.")
    chosen = tag or next(iter(entry.weights))
    if chosen in entry.weights and not entry.weights[chosen].file:
        raise WeightsError(f"The weights of '{name}' are official ones, which no recipe made: see zoo.create_model.")
    return weights_path(entry, chosen)
