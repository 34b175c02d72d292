"""`zoo predict MODEL PHOTO ...`: files and folders of photos; and every wrong way in one sentence."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import zoo
from zoo.classification import classify_photos
from zoo.cli.main import main
from zoo.errors import DataError
from zoo.pictures.photos import find_photos

ROOT = Path(__file__).parent.parent
MODEL, TAG = "mobilenet_025", "mobilenet_025.imagenet"


@pytest.fixture(scope="module")
def weights(tmp_path_factory) -> str:
    """Weights that know nothing, so that no download is needed."""
    path = tmp_path_factory.mktemp("weights") / "random.h5"
    zoo.save_weights(zoo.create_model(MODEL), path)
    return str(path)


@pytest.fixture
def folder(tmp_path) -> Path:
    """Six photos, one of them in a folder of its own, and a text beside them."""
    path = tmp_path / "photos"
    (path / "more").mkdir(parents=True)
    random = np.random.default_rng(0)
    for name in ("a.png", "b.jpg", "c.PNG", "d.bmp", "e.webp", "more/f.png"):
        Image.fromarray(random.integers(0, 256, (60, 80, 3), dtype=np.uint8)).save(path / name)
    (path / "notes.txt").write_text("no picture")
    return path


def cells(printed):
    return [line.split("\t") for line in printed.splitlines()]


def test_every_photo_of_a_folder_is_answered_with_its_five_best_classes(folder, weights, capsys):
    assert main(["predict", MODEL, "--weights", weights, str(folder)]) == 0
    rows = cells(capsys.readouterr().out)
    assert [row[0] for row in rows[::5]] == list(map(str, find_photos([folder])))
    model = zoo.create_model(MODEL, weights=weights)
    for start, photo in zip(range(0, len(rows), 5), find_photos([folder]), strict=True):
        best = zoo.classify(photo, TAG, model=model)
        assert [row[1] for row in rows[start : start + 5]] == [guess.label for guess in best]
        assert [float(row[2]) for row in rows[start : start + 5]] == pytest.approx(
            [guess.probability for guess in best], abs=1e-4
        )


def test_on_a_terminal_a_photo_has_a_heading_and_percentages(folder, weights, capsys, monkeypatch):
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    assert main(["predict", MODEL, "--weights", weights, str(folder / "a.png")]) == 0
    heading, *lines = capsys.readouterr().out.splitlines()
    assert heading == str(folder / "a.png")
    assert len(lines) == 5
    assert all(line.split()[0].endswith("%") for line in lines)


def test_a_photo_that_cannot_be_read_keeps_no_other_from_its_answer(folder, weights, capsys):
    (folder / "bad.jpg").write_text("not a picture")
    assert main(["predict", MODEL, "--weights", weights, str(folder)]) == 2
    printed = capsys.readouterr()
    assert len(cells(printed.out)) == 6 * 5
    assert printed.err.startswith("error: ")
    assert "bad.jpg is not a photo that can be read" in printed.err


def test_more_photos_than_a_batch_keep_their_order(folder):
    model = zoo.create_model("vgg_tiny", classes=1000, input_shape=(224, 224, 3))
    photos = [folder / name for name in ("a.png", "b.jpg")] * 20
    found = list(classify_photos(photos, TAG, model=model, top=1))
    assert [photo for photo, _ in found] == photos
    assert len({next(iter(best)).id for photo, best in found if photo == photos[0]}) == 1


def test_photos_are_found_by_name_in_folders_and_below(folder):
    names = [path.relative_to(folder).as_posix() for path in find_photos([folder / "b.jpg", folder])]
    assert names == ["b.jpg", "a.png", "b.jpg", "c.PNG", "d.bmp", "e.webp", "more/f.png"]


def test_nothing_or_a_folder_without_pictures_is_refused(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match=r"The folder '.*empty' holds no pictures: no file that ends in \.jpg"):
        find_photos([tmp_path / "empty"])
    with pytest.raises(DataError, match="Name photos, or folders of them"):
        find_photos([])
    with pytest.raises(DataError, match=r"There is no photo at '.*nowhere\.png'"):
        find_photos([tmp_path / "nowhere.png"])
    with pytest.raises(DataError, match="is an address"):
        find_photos(["https://example.org/cat.png"])


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["mobilenet_v2", "a.png"], "has no published hash, and no file is fetched without one"),
        (["vgg16", "a.png"], "vgg16.imagenet"),  # with a hash, but no network: see ZOO_OFFLINE
        (["mobilenet", "a.png", "--weights", "imagenat"], "did you mean 'imagenet'"),
        (["caffenet", "a.png"], "'caffenet' has no trained weights to fetch"),
        (["vgg_tiny", "a.png"], "'vgg_tiny' has no trained weights to fetch"),
    ],
)
def test_weights_that_cannot_be_had_are_told_in_one_sentence(arguments, sentence, folder, monkeypatch, capsys):
    monkeypatch.chdir(folder)
    monkeypatch.setenv("ZOO_WEIGHTS", str(folder / "more"))
    monkeypatch.setenv("ZOO_OFFLINE", "1")
    assert main(["predict", *arguments]) == 2
    printed = capsys.readouterr().err
    assert sentence in printed
    assert len(printed.splitlines()) == 1


NOISY = "import zoo.terminal as t; t.import_frameworks(); import keras; keras.ops.ones(3) + 1; print('done')"


def stderr_of(*command, **environment):
    kept = {key: value for key, value in os.environ.items() if key != "TF_CPP_MIN_LOG_LEVEL"}
    done = subprocess.run(command, cwd=ROOT, env={**kept, **environment}, capture_output=True, text=True, check=False)
    return done.returncode, done.stderr


@pytest.mark.parametrize(
    "command",
    [
        ["-c", NOISY],
        ["-m", "zoo", "describe", "mlp_tiny", "--graph"],
        ["-m", "zoo", "inspect", "mlp_tiny", "--data", "random", "--rows", "8"],
        ["-m", "examples.sequential_twin"],
    ],
    ids=" ".join,
)
def test_a_command_shows_no_notes_of_the_frameworks_for_developers(command):
    assert stderr_of(sys.executable, *command) == (0, "")


def test_what_a_broken_framework_says_is_shown(tmp_path):
    (tmp_path / "keras.py").write_text(
        "import os\nos.write(2, b'I0000 00:00:01.5 1 x.cc:3] a note\\n')\nraise ImportError('libcuda is broken')"
    )
    code, said = stderr_of(sys.executable, "-c", NOISY, PYTHONPATH=f"{tmp_path}:{ROOT}")
    assert code == 1
    assert "a note" in said
    assert "ImportError: libcuda is broken" in said


def test_an_error_that_does_not_stop_the_import_is_shown_and_notes_are_not(tmp_path):
    (tmp_path / "keras.py").write_text(
        "import os\nos.write(2, b'I0000 00:00:01.5 1 x.cc:3] a note\\nE0000 00:00:01.5 1 y.cc:3] disk failure\\n')\n"
        "from types import SimpleNamespace\nops = SimpleNamespace(ones=lambda n: n)"
    )
    assert stderr_of(sys.executable, "-c", NOISY, PYTHONPATH=f"{tmp_path}:{ROOT}") == (
        0,
        "E0000 00:00:01.5 1 y.cc:3] disk failure\n",
    )


def test_a_crash_in_an_import_says_where(tmp_path):
    (tmp_path / "keras.py").write_text("import os\nos.abort()")
    code, said = stderr_of(sys.executable, "-c", NOISY, PYTHONPATH=f"{tmp_path}:{ROOT}")
    assert code != 0
    assert "Fatal Python error: Aborted" in said
    assert "keras.py" in said


@pytest.mark.skipif("ZOO_MIRROR" not in os.environ, reason="needs official weights: ZOO_MIRROR")
def test_official_weights_name_cats(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("ZOO_WEIGHTS", str(tmp_path / "weights"))
    pets = Path(os.environ["ZOO_MIRROR"]) / "pictures" / "pets37-sample.zip"
    if not pets.is_file():
        pytest.skip("needs photos of cats: pictures/pets37-sample.zip in ZOO_MIRROR")
    with zipfile.ZipFile(pets) as archive:
        names = [name for name in archive.namelist() if "Siamese" in name and name.endswith(".jpg")]
        archive.extractall(tmp_path, names)
    assert main(["predict", "mobilenet", str(tmp_path)]) == 0
    best = [row[1] for row in cells(capsys.readouterr().out)[::5]]
    assert best.count("Siamese_cat") >= len(names) - 2
