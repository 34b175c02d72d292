"""Pictures a second that are read, decoded and changed for training, beside what training takes, and beside tf.data.

    python -m benchmarks.pictures.loading     # some minutes; writes results/picture_loading.json

JPEG files that are made: 180 x 180 for networks that see 32 or 64 pixels a side, 500 x 375 for 224. Both sides flip and
crop. "A second" is a second of the processor, of all threads together: what else the machine does falls on nobody.
"""

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from zoo.records import write_record

RECORD = Path("results/picture_loading.json")
FILES, BATCH, ROUNDS = 128, 32, 3
CASES = {  # pixels a side -> size of the files, network
    32: ((180, 180), "airbench94"),
    64: ((180, 180), "mnist_cnn"),
    224: ((500, 375), "resnet18"),
}
GOAL = 3.0  # times what training takes, of small networks at small sizes


def write_photos(folder: Path, size: tuple[int, int]) -> list[str]:
    from PIL import Image

    folder.mkdir(parents=True)
    found = []
    for number in range(FILES):
        random = np.random.default_rng(number)
        coarse = random.integers(0, 256, (12, 16, 3), dtype=np.uint8)
        image = Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC)
        noisy = np.clip(np.asarray(image) + random.normal(0, 8, (size[1], size[0], 3)), 0, 255).astype(np.uint8)
        path = folder / f"{number:03}.jpg"
        Image.fromarray(noisy).save(path, quality=90)
        found.append(str(path))
    return found


def samples_of(files: list[str], side: int) -> Any:
    from zoo.columns import PictureColumn
    from zoo.samples import Samples

    column = PictureColumn("photo", height=side, width=side, mean=(127.0,) * 3, std=(64.0,) * 3)
    return Samples({"image": column.encode(files)}, {"label": np.arange(len(files)) % 10})


def ours(files: list[str], side: int) -> Iterator[Any]:
    from zoo.training.augmentation.pictures import augmentation
    from zoo.training.batches import Batches

    batches = Batches(samples_of(files, side), batch_size=BATCH, augmentation=augmentation("light"))
    epoch = 0
    while True:
        for step, rows in enumerate(batches.order(epoch)):
            yield batches.training_batch(rows, epoch, step)
        epoch += 1


def tf_data(files: list[str], side: int) -> Iterator[Any]:
    """As TensorFlow's guides write it: read, decode, resize, flip, crop, batch, prefetch."""
    import tensorflow as tf

    margin = max(side // 16, 1)

    def read(path: Any, label: Any) -> Any:
        image = tf.io.decode_jpeg(tf.io.read_file(path), channels=3)
        image = tf.image.resize(image, (side + 2 * margin, side + 2 * margin))
        image = tf.image.random_flip_left_right(tf.image.random_crop(image, (side, side, 3)))
        return (image - 127.0) / 64.0, label

    data = tf.data.Dataset.from_tensor_slices((files, np.arange(len(files)) % 10)).repeat().shuffle(len(files))
    return iter(data.map(read, tf.data.AUTOTUNE).batch(BATCH).prefetch(tf.data.AUTOTUNE))


def training(network: str, side: int) -> Callable[[], None]:
    """One compiled step of Keras'."""
    import keras

    import zoo

    outputs = {"label": {"kind": "classification", "classes": 10}}
    if network == "resnet18":
        model = zoo.create_model(network, classes=10, input_shape=(side, side, 3))
    else:
        model = zoo.create_model(network, input_shape=(side, side, 3), outputs=outputs)
    (name,) = model.output
    model.compile(keras.optimizers.Adam(), {name: "sparse_categorical_crossentropy"})
    images = {model.inputs[0].name: np.random.default_rng(0).normal(size=(BATCH, side, side, 3)).astype("float32")}
    labels = {name: np.arange(BATCH) % 10}
    return lambda: model.train_on_batch(images, labels)


def rate(once: Callable[[], Any], times: int) -> float:
    """Pictures a second of the processor: the best of the rounds, after one that does not count."""
    best = 0.0
    for turn in range(ROUNDS + 1):
        start = time.process_time()
        for _ in range(times):
            once()
        if turn:
            best = max(best, BATCH * times / (time.process_time() - start))
    return best


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", action="store_true", help="say in the record that others used the machine too")
    options = parser.parse_args()
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as scratch:
        for side, (size, network) in CASES.items():
            found[str(side)] = case(write_photos(Path(scratch) / str(side), size), side, size, network)
            print(side, found[str(side)], flush=True)
    figures = {"goal": GOAL, "machine_was_shared": options.shared, "cases": found}
    write_record(RECORD, figures, command="python -m benchmarks.pictures.loading", seed=0)


def case(files: list[str], side: int, size: tuple[int, int], network: str) -> dict[str, Any]:
    mine, theirs = ours(files, side), tf_data(files, side)
    rates = {
        "zoo": rate(lambda: next(mine), FILES // BATCH),
        "tf.data": rate(lambda: next(theirs), FILES // BATCH),
        "training": rate(training(network, side), 1),
    }
    return {
        "files": list(size),
        "network": network,
        "pictures_a_processor_second": rates,
        "times_what_training_takes": rates["zoo"] / rates["training"],
        "times_tf_data": rates["zoo"] / rates["tf.data"],
    }


if __name__ == "__main__":
    main()
