"""Sounds: read whatever they are, seen as librosa sees them, tagged as published, trained on, and refused in words."""

import json
import os
import tracemalloc
import warnings

import numpy as np
import pandas as pd
import pytest

import zoo
from zoo.columns import Schema, SoundColumn
from zoo.datasets.sounds.tones import limit, tones
from zoo.errors import ConfigError, DataError, DataWarning, UnknownNameError
from zoo.sounds import FrontEnd
from zoo.sounds.mel import hertz, mel, mel_filters
from zoo.training import Optimiser

soundfile = pytest.importorskip("soundfile")
from zoo.sounds.files import read_sound  # noqa: E402 (needs it)

needs_mirror = pytest.mark.skipif(
    not os.environ.get("ZOO_MIRROR"), reason="set ZOO_MIRROR to a mirror that holds the music tagger and GTZAN's sample"
)
FRONT = FrontEnd(rate=8_000, seconds=0.5, window=256, hop=64, bands=16)


def tone(frequency=440.0, seconds=0.5, rate=8_000):
    return (0.5 * np.sin(2 * np.pi * frequency * np.arange(int(seconds * rate)) / rate)).astype("float32")


def loudest(samples):
    """Hz of the strongest frequency."""
    return np.argmax(np.abs(np.fft.rfft(samples))) * FRONT.rate / len(samples)


def write(path, samples, rate=8_000):
    soundfile.write(path, samples, rate)
    return path


@pytest.mark.parametrize("ending", ["wav", "flac", "ogg", "mp3"])
@pytest.mark.parametrize("rate", [8_000, 11_025, 44_100])
def test_every_format_and_rate_gives_the_same_tone(tmp_path, ending, rate):
    path = write(tmp_path / f"tone.{ending}", tone(seconds=2, rate=rate), rate)
    found = read_sound(path, FRONT)
    assert (found.shape, found.dtype) == ((4_000,), np.float32)
    assert loudest(found) == pytest.approx(440, abs=4)
    assert np.sqrt((found[500:-500] ** 2).mean()) == pytest.approx(0.5 / np.sqrt(2), rel=0.03)


def test_the_middle_of_an_mp3_is_decoded_as_if_it_were_read_from_its_beginning(tmp_path):
    path = write(tmp_path / "tone.mp3", tone(seconds=6, rate=8_000))
    whole = soundfile.read(path, dtype="float32")[0]
    np.testing.assert_allclose(read_sound(path, FRONT), whole[22_000:26_000], atol=1e-4)


def test_stereo_is_the_mean_and_bytes_and_arrays_are_read_like_files(tmp_path):
    both = np.stack([tone(440), tone(880)], axis=1)
    path = write(tmp_path / "both.wav", both)
    found = read_sound(path, FRONT)
    np.testing.assert_allclose(found, both.mean(axis=1), atol=1e-4)
    np.testing.assert_array_equal(read_sound(path.read_bytes(), FRONT), found)
    np.testing.assert_allclose(read_sound(both, FRONT), both.mean(axis=1), atol=1e-6)
    whole = (both * 32_767).astype("int16")
    np.testing.assert_allclose(read_sound(whole, FRONT), both.mean(axis=1), atol=1e-4)


def test_of_a_long_sound_the_middle_counts_and_a_short_one_is_repeated(tmp_path):
    long = np.concatenate([tone(200, 1), tone(1_000, 1), tone(200, 1)])
    assert loudest(read_sound(write(tmp_path / "long.flac", long), FRONT)) == pytest.approx(1_000, abs=4)
    short = read_sound(write(tmp_path / "short.wav", tone(seconds=0.1)), FRONT)
    np.testing.assert_allclose(short[:800], short[800:1_600], atol=1e-6)


def test_three_hours_take_no_more_memory_than_half_a_second(tmp_path):
    path = tmp_path / "hours.flac"
    ten_minutes = tone(440, 600, 8_000)
    with soundfile.SoundFile(path, "w", 8_000, 1) as file:
        for _ in range(18):
            file.write(ten_minutes)
    tracemalloc.start()
    found = read_sound(path, FRONT)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert loudest(found) == pytest.approx(440, abs=4)
    assert peak < 2e6  # its samples are 346 MB


def test_of_a_truncated_file_what_is_there_counts(tmp_path):
    path = write(tmp_path / "whole.mp3", tone(440, 20, 44_100), 44_100)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 3])
    assert loudest(read_sound(path, FRONT)) == pytest.approx(440, abs=4)


def test_what_is_no_sound_is_refused_in_one_sentence(tmp_path):
    for name, content in {"a.mp3": b"no sound at all " * 99, "b.wav": b"RIFF", "c.ogg": b"<html>"}.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(DataError, match=r"is no sound that can be read, or is damaged; expected \.wav"):
            read_sound(tmp_path / name, FRONT)
    (tmp_path / "empty.wav").touch()
    for source, told in {
        str(tmp_path / "empty.wav"): "is empty",
        str(tmp_path / "none.wav"): "is not there",
        str(tmp_path): "is a folder",
        3: "must be a path, bytes or an array of samples; received int",
    }.items():
        with pytest.raises(DataError, match=told):
            read_sound(source, FRONT)
    with pytest.raises(DataError, match="no numbers"):
        read_sound(np.array([0.0, np.nan]), FRONT)
    with pytest.raises(DataError, match="has no samples"):
        read_sound(np.zeros(0, "float32"), FRONT)
    with pytest.raises(DataError, match=r"\(n, channels\).*shape \(2, 8000\)"):
        read_sound(np.zeros((2, 8_000), "float32"), FRONT)


def test_silence_and_clipped_sounds_have_finite_spectrograms():
    silence = FRONT.decibels(np.zeros(FRONT.samples, "float32"))
    assert (silence == -100).all()
    clipped = FRONT.decibels(np.clip(9 * tone(), -1, 1))
    assert np.isfinite(clipped).all()
    assert clipped.shape == (16, 63)
    assert np.ptp(clipped) <= FRONT.range


def test_the_mel_bands_are_slaneys():
    np.testing.assert_allclose(mel([0, 500, 1_000, 6_400]), [0, 7.5, 15, 42])
    np.testing.assert_allclose(hertz(mel([3.0, 999.0, 5_000.0])), [3, 999, 5_000])
    filters = mel_filters(12_000, 512, 96)
    assert filters.shape == (96, 257)
    np.testing.assert_allclose(filters.sum(axis=1)[40:] * 12_000 / 512, 1.0, atol=0.08)  # equal areas
    assert np.argmax(FrontEnd(seconds=1.0).decibels(tone(1_000, 1.0, 12_000)).mean(axis=1)) == pytest.approx(
        np.argmax(filters[:, round(1_000 / 12_000 * 512)]), abs=1
    )


def test_the_front_end_is_librosas():
    librosa = pytest.importorskip("librosa", reason="librosa is not installed: the front end is not compared with it")
    samples = np.random.default_rng(0).normal(size=24_000).astype("float32") / 4
    front = FrontEnd(seconds=2.0)
    power = librosa.feature.melspectrogram(y=samples, sr=12_000, n_fft=512, hop_length=256, n_mels=96)
    np.testing.assert_allclose(front.decibels(samples), librosa.power_to_db(power, ref=1.0), atol=1e-3)


def test_a_front_end_says_what_it_takes():
    with pytest.raises(
        ConfigError, match=r"'rate' of a sound's front end must be a whole number from 1,000 to 192,000"
    ):
        FrontEnd(rate=44)
    with pytest.raises(ConfigError, match="'seconds'"):
        FrontEnd(seconds=float("nan"))
    with pytest.raises(UnknownNameError, match="field of 'front_end' 'rates'; did you mean 'rate'"):
        SoundColumn.fit([tone()], "clip", front_end={"rates": 8_000})


def test_a_column_learns_its_scale_and_travels(tmp_path):
    paths = [str(write(tmp_path / f"{number}.wav", tone(300 + 100 * number))) for number in range(4)]
    column = SoundColumn.fit(paths, "clip", front_end={"rate": 8_000, "seconds": 0.5, "bands": 16, "hop": 64})
    lazy = column.encode(paths)
    values = lazy[:]
    assert (lazy.shape, values.dtype) == ((4, 16, 63, 1), np.float32)
    assert (values.mean(), values.std()) == (pytest.approx(0, abs=1e-3), pytest.approx(1, abs=1e-3))
    assert SoundColumn.from_json(json.loads(json.dumps(column.to_json()))) == column
    assert lazy.fingerprint == column.encode(paths).fingerprint != column.encode(paths[::-1]).fingerprint
    with pytest.raises(DataError, match="'clip' has no sound in row 2"):
        column.encode([paths[0], None])


def test_tones_have_the_limit_that_they_claim():
    table = tones(rows=2_000, front_end={"rate": 4_000, "seconds": 0.05})
    assert table.limits["pitch"]["accuracy"] == pytest.approx(limit(4), abs=0.03)
    assert table.limits["rhythm"]["accuracy"] == pytest.approx(limit(3), abs=0.03)
    assert list(tones(rows=60).train["pitch"]) == list(tones(rows=60).train["pitch"])


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("sounds")
    random = np.random.default_rng(0)
    for name, frequency in {"low": 250.0, "high": 1_500.0}.items():
        (path / name).mkdir()
        for number in range(12):
            samples = tone(frequency * random.uniform(0.9, 1.1), 0.4) + 0.02 * random.normal(size=3_200)
            write(path / name / f"{number}.{('wav', 'mp3')[number % 2]}", samples)
    return path


@pytest.fixture(scope="module")
def trained(folder, tmp_path_factory):
    run = tmp_path_factory.mktemp("runs") / "sounds"
    options = {"front_end": {"rate": 8_000, "hop": 256, "bands": 16}, "seconds": 0.4}
    optimiser = Optimiser("adam", learning_rate=3e-2)
    settings = {"epochs": 10, "batch_size": 8, "augmentation": "sounds", "optimiser": optimiser}
    return run, zoo.train("sound_cnn_tiny", folder, folder=run, data_options=options, baselines="none", **settings)[0]


def test_a_folder_of_sounds_is_trained_on_and_its_file_predicts_paths(folder, trained):
    paths = [str(folder / "low" / "0.wav"), str(folder / "high" / "1.mp3")]
    found = trained[1].predict({"sound": paths})
    assert list(found["label"]) == ["low", "high"]
    again = zoo.load_pipeline(trained[0])
    pd.testing.assert_frame_equal(again.predict({"sound": paths}), found)
    assert again.schema.column("sound").front.frames == 13
    report = zoo.evaluate(trained[0], data=str(folder), baselines="none")
    assert report.scores[0]["model"] > 0.9


def test_a_table_names_its_column_of_sounds(folder, tmp_path):
    rows = [(f"{folder / name / file.name}", name) for name in ("low", "high") for file in (folder / name).iterdir()]
    frame = pd.DataFrame(rows, columns=["clip", "kind"])
    frame.to_csv(tmp_path / "clips.csv", index=False)
    dataset = zoo.load_dataset(tmp_path / "clips.csv", task="sounds", types={"clip": "sound"}, targets=["kind"])
    assert dataset.train.inputs["sound"].shape[1:] == dataset.schema.inputs["sound"].shape
    assert set(dataset.targets["kind"].labels) == {"low", "high"}
    with pytest.raises(UnknownNameError, match="column of 'types' 'clips'; did you mean 'clip'"):
        zoo.load_dataset(tmp_path / "clips.csv", task="sounds", types={"clips": "sound"}, targets=["kind"])
    frame.assign(other=1).to_csv(tmp_path / "more.csv", index=False)
    with pytest.raises(ConfigError, match="name those that are to be predicted"):
        zoo.load_dataset(tmp_path / "more.csv", task="sounds")
    assert zoo.load_dataset(folder).schema.types == {"sound": "sound"}  # the files say which task reads a folder


def test_a_joint_model_hears(folder, tmp_path):
    rows = [(f"{name}/{file.name}", number, name) for name in ("low", "high")
            for number, file in enumerate((folder / name).iterdir())]  # fmt: skip
    pd.DataFrame(rows, columns=["clip", "size", "kind"]).to_csv(folder / "joint.csv", index=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        dataset = zoo.load_dataset(folder / "joint.csv", task="joint", types={"clip": "sound"}, targets=["kind"])
    (folder / "joint.csv").unlink()
    config = {**dataset.schema.model_config()}
    model = zoo.create_model("joint", texts={}, pictures={}, others={"sounds": config.pop("sounds")}, **config)
    batch = {name: values[np.arange(2)] for name, values in dataset.train.inputs.items()}
    assert zoo.predict(model, batch)["kind"].shape == (2, 1)


def test_damaged_silent_and_repeated_sounds_of_a_folder_are_told(tmp_path):
    for name, frequency in {"low": 250.0, "high": 1_500.0}.items():
        (tmp_path / name).mkdir()
        for number in range(8):
            write(tmp_path / name / f"{number}.wav", tone(frequency + number))
    write(tmp_path / "low" / "silent.wav", np.zeros(4_000))
    write(tmp_path / "low" / "again.wav", tone(250.0))
    (tmp_path / "high" / "broken.mp3").write_bytes(b"nothing" * 50)
    with pytest.warns(DataWarning) as told:
        table = zoo.load_dataset(tmp_path, task="sounds").table
    said = " ".join(str(each.message) for each in told)
    assert "1 of 19 sounds" in said
    assert "broken.mp3" in said
    assert "1 of 18 sounds" in said
    assert "silent" in said
    where = {each: name for name in ("train", "validation", "test") for each in getattr(table, name)["sound"]}
    assert len(where) == 18
    assert where[str(tmp_path / "low" / "again.wav")] == where[str(tmp_path / "low" / "0.wav")]
    with pytest.raises(DataError, match=r"broken\.mp3' is no sound"):
        zoo.load_dataset(tmp_path, task="sounds", damaged="refuse")


def test_augmentation_of_sounds_keeps_what_they_are():
    from zoo.training.augmentation.pictures import augment, augmentation, draw_for

    sounds = np.random.default_rng(0).normal(-30, 10, (6, 16, 40, 1)).astype("float32")
    draw = {"seed": 0, "epoch": 0, "step": 0}

    def changed(given):
        return augment(sounds, augmentation(given), draw_for(sounds, **draw))

    moved = changed("time_shift")
    np.testing.assert_allclose(np.sort(moved, axis=2), np.sort(sounds, axis=2))
    assert not np.array_equal(moved, sounds)
    louder = changed(("gain", {"decibels": 12})) - sounds
    assert np.ptp(louder, axis=(1, 2, 3)).max() < 1e-4
    assert 1 < np.abs(louder).max() <= 12.001
    assert (changed(("noise", {"share": 1.0})) >= sounds - 1e-4).all()
    hidden = changed("spec_augment") != sounds
    assert 0 < hidden.mean() < 0.7
    np.testing.assert_array_equal(changed("sounds"), changed("sounds"))
    with pytest.raises(ConfigError, match="'gain' is for sounds"):
        augment((sounds + 128).astype("uint8"), augmentation("gain"), draw_for(sounds, **draw))


@pytest.mark.parametrize(("shape", "told"), [((95, 1366, 1), "96 mel bands"), ((96, 1366, 2), "96 mel bands")])
def test_a_tagger_of_another_shape_is_refused(shape, told):
    with pytest.raises(ConfigError, match=told):
        zoo.create_model("music_tagger_crnn", input_shape=shape)


def test_missing_weights_of_the_tagger_are_told():
    with pytest.raises(UnknownNameError, match="did you mean 'msd'"):
        zoo.create_model("music_tagger_crnn", weights="msdd")


@needs_mirror
@pytest.mark.backends
def test_four_tracks_have_the_published_ten_best_tags():
    from zoo.artifacts import fetch
    from zoo.tasks.tag_music import tag_music

    published = json.loads(fetch("music_tagger.published").read_text())["published_top_ten"]
    with np.load(fetch("music_tagger.mels")) as mels:
        tracks = {name: mels[name].astype("float32") for name in mels.files}
    assert len(tracks) == 4
    for name, best in zip(tracks, tag_music(list(tracks.values())), strict=True):
        assert [tag for tag, _ in best] == list(published[name])
        for tag, share in best:
            assert share == pytest.approx(published[name][tag], abs=0.001)


@needs_mirror
def test_a_silent_track_is_told_and_one_with_a_tone_is_not():
    from zoo.tasks.tag_music import tag_music

    tone = np.sin(np.arange(12_000) / 5).astype("float32")
    with pytest.warns(DataWarning, match="A sound is silent: its tags say nothing") as told:
        found = tag_music([tone, np.zeros(12_000, "float32")])
    assert (len(found), len([each for each in told if issubclass(each.category, DataWarning)])) == (2, 1)


@needs_mirror
def test_the_taggers_trunk_takes_labels_of_ones_own():
    outputs = {"genre": {"kind": "classification", "classes": 10}}
    model = zoo.create_model("music_tagger_crnn", weights="msd", outputs=outputs, statistics=True)
    report = zoo.load_report(model)
    assert {each.partition("/")[0] for each in report.reinitialised} == {"genre"}
    assert model.output["genre"].shape == (None, 10)


@needs_mirror
def test_repeated_excerpts_of_genres_stand_in_one_split():
    from zoo.datasets.sounds.genres import genres

    table = genres(front_end={"bands": 8, "hop": 30_000})
    where = {name: split for split in ("train", "validation", "test") for name in getattr(table, split)["name"]}
    assert len(where) == 600
    for one, other in (("metal.00040", "metal.00061"), ("jazz.00043", "jazz.00069"), ("pop.00047", "pop.00080")):
        assert where[one] == where[other]
    schema = Schema.fit(table.train, table.targets, **table.columns)
    assert schema.encode(table.train).inputs["sound"].shape[1:] == (8, 12, 1)
