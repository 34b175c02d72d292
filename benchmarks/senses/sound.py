"""What the sense of sound reaches: the music tagger's published values, and genres of music beside simple models.

    python -m benchmarks.senses.sound tagger       the four example tracks on three backends
    python -m benchmarks.senses.sound mel          the front end beside librosa, which must be installed
    python -m benchmarks.senses.sound simple       five folds: logistic regression on rows, and on what the tagger gives
    python -m benchmarks.senses.sound linear_probe five folds: the recipe's way, new heads on what the tagger gives
    python -m benchmarks.senses.sound fine_tuned   five folds: the tagger's upper layers trained on
    python -m benchmarks.senses.sound scratch      five folds: a small network without any weights

Each part is a part of results/sound.json. The probes, simple and fine_tuned need
`python -m benchmarks.senses.sound_features` first.
Excerpts that GTZAN's sample holds twice stand in one fold. Of the training rows of a fold a tenth chooses the epoch;
the test rows are read once, in the end.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.seeds import spread
from benchmarks.senses.sound_features import GENRE, features_file
from benchmarks.senses.sound_folds import SEED, folds, trained
from zoo.artifacts import fetch
from zoo.records import machine_facts, write_record

RESULT = Path(__file__).resolve().parents[2] / "results" / "sound.json"
BACKENDS = ("tensorflow", "jax", "torch")
WITHIN = 0.001
STRENGTHS = (0.01, 0.1)  # of logistic regressions: chosen on the rows of a fold that choose
SCRATCH = {"epochs": 20, "batch_size": 32, "learning_rate": 4e-3, "weight_decay": 0.05, "filters": (16, 32, 64, 128)}


def tagger_here() -> dict[str, Any]:
    """The published tags and values on this backend."""
    from zoo.tasks.tag_music import tag_music

    published = json.loads(fetch("music_tagger.published").read_text(encoding="utf-8"))["published_top_ten"]
    with np.load(fetch("music_tagger.mels")) as mels:
        tracks = {name: mels[name].astype("float32") for name in mels.files}
    right, worst = 0, 0.0
    for name, best in zip(tracks, tag_music(list(tracks.values())), strict=True):
        difference = max(abs(dict(best).get(tag, 0.0) - share) for tag, share in published[name].items())
        right += [tag for tag, _ in best] == list(published[name]) and difference <= WITHIN
        worst = max(worst, difference)
    return {"tracks": len(tracks), "right": right, "largest_difference": worst}


def tagger() -> dict[str, Any]:
    found = {}
    for backend in BACKENDS:
        command = [sys.executable, "-m", "benchmarks.senses.sound", "tagger_here"]
        ran = subprocess.run(command, env={**os.environ, "KERAS_BACKEND": backend}, capture_output=True, text=True)
        if ran.returncode:
            raise SystemExit(ran.stderr)
        found[backend] = json.loads(ran.stdout.strip().splitlines()[-1])
    return found


def mel() -> dict[str, Any]:
    """Largest difference of a minute of music-like noise, and the time of each for it."""
    import librosa

    from zoo.sounds import FrontEnd

    front = FrontEnd()
    time_of = np.arange(front.samples) / front.rate
    samples = 0.4 * np.sin(2 * np.pi * 300 * time_of * (1 + 0.02 * np.sin(time_of)))
    samples = (samples + 0.05 * np.random.default_rng(SEED).standard_normal(front.samples)).astype("float32")

    def theirs() -> np.ndarray:
        power = librosa.feature.melspectrogram(
            y=samples, sr=front.rate, n_fft=front.window, hop_length=front.hop, n_mels=front.bands
        )
        return librosa.power_to_db(power, ref=1.0)

    difference = float(np.abs(front.decibels(samples) - theirs()).max())
    return {
        "librosa": librosa.__version__,
        "largest_difference_decibels": difference,
        "milliseconds": _cpu(lambda: front.decibels(samples)),
        "librosa_milliseconds": _cpu(theirs),
    }


def _cpu(work: Callable[[], Any], times: int = 10) -> float:
    """Milliseconds of one processor, which other programs of the machine do not change much."""
    work()
    start = time.process_time()
    for _ in range(times):
        work()
    return 1000 * (time.process_time() - start) / times


def simple() -> dict[str, Any]:
    """Logistic regression on the rows of the pictures, and on what the tagger gives for them."""
    from zoo.datasets.sounds.genres import decibels_of, read_pictures
    from zoo.sounds import FrontEnd
    from zoo.tasks.sounds import row_statistics

    pictures, labels, *_ = read_pictures()
    rows = row_statistics(decibels_of(pictures, FrontEnd(bands=98, hop=3_565)).astype("float32")[..., None])
    statistics, last = tagger_features()
    return {
        "rows": spread(_logistic(rows, labels)),
        "tagger_32": spread(_logistic(last, labels)),
        "tagger_statistics": spread(_logistic(np.concatenate([statistics, last], axis=1), labels)),
    }


def tagger_features() -> tuple[np.ndarray, np.ndarray]:
    """What the heads read: statistics of bands and of all four stages (600, 1184), the last state (600, 32)."""
    import keras

    from zoo.create import create_model

    with np.load(features_file()) as kept:
        trunk, statistics = kept["trunk"].astype("float32"), kept["statistics"]
    upper = upper_layers(create_model("music_tagger_crnn", weights="msd", outputs=GENRE))
    *fourth, last = keras.Model(upper[0], [*upper[1], upper[2]]).predict(trunk, batch_size=32, verbose=0)
    return np.concatenate([statistics, *fourth], axis=1), last


def upper_layers(model: Any) -> tuple[Any, list[Any], Any]:
    """(a fresh input for the third stage's output, mean and deviation of the fourth stage, the last state)."""
    import keras

    from blocks.statistics import mean_and_deviation

    trunk = x = keras.Input(model.get_layer("pool3").output.shape[1:], name="trunk")
    for name in ("conv4", "bn4", "elu4", "pool4"):
        x = model.get_layer(name)(x)
    fourth = mean_and_deviation(x)
    x = keras.ops.squeeze(model.get_layer("dropout4")(x), 1)
    return trunk, fourth, model.get_layer("gru2")(model.get_layer("gru1")(x))


def upper_network() -> Any:
    """What follows on the third stage of the tagger with its published weights; its heads read all statistics."""
    import keras

    from zoo.create import create_model
    from zoo.models.outputs import heads_of

    trunk, fourth, last = upper_layers(create_model("music_tagger_crnn", weights="msd", outputs=GENRE))
    with np.load(features_file()) as kept:
        statistics = keras.Input(kept["statistics"].shape[1:], name="statistics")
    x = keras.layers.Concatenate(name="features")([statistics, *fourth, last])
    x = keras.layers.Dropout(0.3, name="dropout")(x)  # as in the builder
    return keras.Model([trunk, statistics], heads_of(x, GENRE), name="tagger_top")


def _logistic(features: np.ndarray, labels: np.ndarray) -> list[float]:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    def model(strength: float) -> Any:
        return make_pipeline(StandardScaler(), LogisticRegression(C=strength, max_iter=500))

    scores = []
    for training, chosen, test in folds():
        tried = {each: model(each).fit(features[training], labels[training]) for each in STRENGTHS}
        best = max(STRENGTHS, key=lambda each: tried[each].score(features[chosen], labels[chosen]))
        both = np.concatenate([training, chosen])
        scores.append(float(model(best).fit(features[both], labels[both]).score(features[test], labels[test])))
    return scores


def _recipe(stages: tuple[str, ...] = ()) -> tuple[dict[str, Any], dict[str, Any]]:
    """(length, fields) of the recipe for pretrained taggers, with these stages, where some are named."""
    from zoo.tasks.sounds import FINE_TUNING

    fields = {**FINE_TUNING.training, "refit": True}
    if stages:
        fields["fine_tune"] = replace(fields["fine_tune"], stages=stages)
    return {**FINE_TUNING.length.training(len(folds()[0][0])), "patience": None}, fields


def linear_probe() -> dict[str, Any]:
    """As `zoo train music_tagger_crnn --weights msd` does: new heads are solved on what its heads read.

    Nothing is chosen by the rows that choose an epoch of the others: they are learnt from too, as by the recipe.
    """
    import keras

    from zoo.models.outputs import heads_of

    features = np.concatenate(tagger_features(), axis=1)

    def build() -> Any:
        given = keras.Input(features.shape[1:], name="features")
        x = keras.layers.Dropout(0.3, name="dropout")(given)  # as in the builder
        return keras.Model([given], heads_of(x, GENRE), name="probe")

    return trained(build, {"features": features}, *_recipe())


def fine_tuned() -> dict[str, Any]:
    """The same heads, and then the tagger's fourth stage and GRUs trained on, as by --fine-tune."""
    with np.load(features_file()) as kept:
        inputs = {"trunk": kept["trunk"].astype("float32"), "statistics": kept["statistics"]}
    return trained(upper_network, inputs, *_recipe(("linear_probe", "last_stage")))


def scratch() -> dict[str, Any]:
    from zoo.columns import SoundColumn
    from zoo.create import create_model
    from zoo.datasets.sounds.genres import FRONT_END, decibels_of, read_pictures
    from zoo.sounds import FrontEnd

    front = FrontEnd(**FRONT_END)
    sounds = list(decibels_of(read_pictures()[0], front))
    column = SoundColumn("sound", hop=front.hop, mean=0.0, std=20.0)  # a scale that no test row was asked for
    config = {"input_shape": [front.bands, front.frames, 1], "filters": SCRATCH["filters"]}
    augmentation = ["time_shift", "gain", "spec_augment", "mixup"]
    return trained(
        lambda: create_model("sound_cnn", outputs=GENRE, **config),
        {"sound": column.encode(sounds)},
        SCRATCH,
        {"augmentation": augmentation},
    )


PARTS: dict[str, Callable[[], dict[str, Any]]] = {
    each.__name__: each for each in (tagger, mel, simple, linear_probe, fine_tuned, scratch)
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=[*PARTS, "tagger_here"])
    part = parser.parse_args().part
    if part == "tagger_here":
        print(json.dumps(tagger_here()))
        return
    found = PARTS[part]()
    print(json.dumps(found, indent=1))
    figures = json.loads(RESULT.read_text(encoding="utf-8"))["figures"] if RESULT.exists() else {}
    measured = {key: machine_facts()[key] for key in ("date", "commit")} | {"load": os.getloadavg()[0]}
    figures[part] = {**found, "measured": measured}
    write_record(RESULT, figures, command=f"python -m benchmarks.senses.sound {' | '.join(PARTS)}", seed=SEED)


if __name__ == "__main__":
    main()
