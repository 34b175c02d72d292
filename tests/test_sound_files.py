"""Tables of sounds: the columns that they have, how they are divided, and models judged on files of other names."""

import numpy as np
import pandas as pd
import pytest

import zoo
from zoo.datasets.sounds.sounds_file import read_sounds
from zoo.errors import ConfigError, DataError, DataWarning, UnknownNameError
from zoo.sounds import FrontEnd
from zoo.tasks.sounds import TAGGER, options

soundfile = pytest.importorskip("soundfile")

FRONT = {"rate": 4_000, "window": 128, "hop": 64, "bands": 8}
HZ = {"low": 200.0, "high": 1_200.0}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """24 tones of two classes; the last three of each are longer."""
    path = tmp_path_factory.mktemp("sounds")
    for name, hertz in HZ.items():
        (path / name).mkdir()
        for number in range(12):
            seconds = 0.6 if number >= 9 else 0.2
            samples = 0.4 * np.sin(2 * np.pi * (hertz + 9 * number) * np.arange(int(seconds * 4_000)) / 4_000)
            soundfile.write(path / name / f"{number}.wav", samples, 4_000)
    return path


def table(folder, tmp_path, columns=("clip", "kind"), name="clips.csv", **more):
    rows = [(str(folder / kind / f"{number}.wav"), kind) for kind in HZ for number in range(12)]
    pd.DataFrame(rows, columns=list(columns)).assign(**more).to_csv(tmp_path / name, index=False)
    return tmp_path / name


SPLIT = (["train"] * 7 + ["dev"] * 2 + ["test"] * 3) * 2


@pytest.mark.parametrize("window", [16, 551, 552])
def test_odd_and_even_windows_give_the_frames_that_are_told(window):
    front = FrontEnd(rate=22_050, window=window, hop=441, seconds=1.0, bands=8)
    assert front.decibels(np.zeros(front.samples, "float32")).shape == (8, front.frames)


def test_a_model_of_a_table_is_judged_on_a_folder_and_on_other_columns(folder, tmp_path):
    given = {"types": {"clip": "sound"}, "targets": ["kind"], "front_end": FRONT}
    path = table(folder, tmp_path)
    zoo.train("sound_cnn_tiny", path, folder=tmp_path / "run", data_options=given, baselines="none", epochs=1)
    for data in (folder, table(folder, tmp_path, ("file", "genre"), "other.csv")):
        with pytest.warns(DataWarning, match="18 of the 24 rows of"):  # all rows are read, and known for the same
            report = zoo.evaluate(tmp_path / "run", data=str(data), baselines="none")
        assert report.scores[0]["output"] == "kind"


def test_columns_of_a_trained_model_are_found_by_name_or_by_what_they_hold(folder, tmp_path):
    trained = {"sound": "clip", "targets": {"kind": "classification"}}
    options = {"trained_as": trained, "targets": trained["targets"], "whole": True}
    more = table(folder, tmp_path, name="more.csv", other=range(24), cover=str(folder / "low" / "0.wav"))
    found = read_sounds(more, **options)
    assert (list(found.targets), found.card["sound"]) == (["kind"], "clip")
    chosen = table(folder, tmp_path, ("clip", "genre"), "chosen.csv", kind="x")
    assert set(read_sounds(chosen, **{**options, "targets": ["genre"]}).test["kind"]) == set(HZ)
    with pytest.raises(UnknownNameError, match="column of 'types' 'clips'; did you mean 'clip'"):
        read_sounds(more, **options, types={"clips": "sound"})
    with pytest.raises(ConfigError, match="name those that are to be predicted"):
        read_sounds(table(folder, tmp_path, ("clip", "genre"), "two.csv", other=range(24)), **options)


def test_ignored_columns_are_not_looked_at(folder, tmp_path):
    path = table(folder, tmp_path, note=range(24), cover=str(folder / "low" / "0.wav"))
    found = read_sounds(path, ignore=["note", "cover"])
    assert (list(found.targets), found.card["sound"]) == (["kind"], "clip")
    with pytest.raises(UnknownNameError, match="column of 'ignore' 'notes'; did you mean 'note'"):
        read_sounds(path, ignore=["notes", "cover"])


def test_a_column_divides_the_rows_and_the_length_is_that_of_training(folder, tmp_path):
    found = read_sounds(table(folder, tmp_path, split=SPLIT))
    assert [len(each) for each in (found.train, found.validation, found.test)] == [14, 4, 6]
    assert {value.rpartition("/")[2] for value in found.test["clip"]} == {"9.wav", "10.wav", "11.wav"}
    lengths = {"train": 0.2, "dev": 0.6, "test": 0.6}
    assert found.columns["options"]["clip"]["seconds"] == lengths["train"]
    turned = read_sounds(table(folder, tmp_path, split=(["test"] * 7 + ["val"] * 2 + ["train"] * 3) * 2))
    assert turned.columns["options"]["clip"]["seconds"] == 0.6
    assert len(read_sounds(table(folder, tmp_path, split=SPLIT), whole=True).test) == 24
    two = read_sounds(table(folder, tmp_path, split=["train"] * 20 + ["test"] * 4))
    assert len(two.test) == 4
    assert len(two.validation) > 0


@pytest.mark.parametrize(
    ("split", "asked", "told"),
    [
        (["first"] * 24, {}, "must be train, validation or test; row 1 has 'first'"),
        (["test"] * 24, {}, "no sound in the train split"),
        (SPLIT, {"targets": ["split"]}, "'split' of .* divides its rows, and cannot be predicted"),
        (SPLIT, {"test": "same"}, "has the test split already"),
    ],
)
def test_a_split_that_cannot_be_is_refused(folder, tmp_path, split, asked, told):
    path = table(folder, tmp_path, split=split)
    asked = {name: path if value == "same" else value for name, value in asked.items()}
    with pytest.raises((DataError, ConfigError), match=told):
        read_sounds(path, **asked)


def test_cuts_of_one_track_stand_in_one_split(folder, tmp_path):
    tracks = [f"{kind}{number // 2}" for kind in HZ for number in range(12)]
    found = read_sounds(table(folder, tmp_path, track=tracks), group="track")
    seen = [set(each["track"]) for each in (found.train, found.validation, found.test)]
    assert sum(map(len, seen)) == len(set.union(*seen)) == 12
    with pytest.raises(UnknownNameError, match="column of 'group' 'tracks'; did you mean 'track'"):
        read_sounds(table(folder, tmp_path, track=tracks), targets=["kind"], group="tracks")


def test_only_published_weights_have_the_scale_of_the_tagger():
    assert options("music_tagger_crnn", "msd") == {"front_end": TAGGER}
    assert options("music_tagger_crnn", "own.h5") == {"front_end": {"bands": 96}}
    assert options("sound_cnn", "own.h5") == {}
