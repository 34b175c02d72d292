"""`python -m examples.classify_image` as a user types it, and official weights on real photos."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import zoo
from examples import classify_image, command
from zoo.pretrained.labels import Guess

ROOT = Path(__file__).parent.parent
TAG = "mobilenet_025.imagenet"


@pytest.fixture(scope="module")
def weights(tmp_path_factory) -> str:
    """Weights that know nothing, so that no download is needed."""
    path = tmp_path_factory.mktemp("weights") / "random.h5"
    zoo.save_weights(zoo.create_model(TAG.partition(".")[0]), path)
    return str(path)


@pytest.fixture
def photo(tmp_path) -> Path:
    path = tmp_path / "holiday.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (80, 120, 3), dtype=np.uint8)).save(path)
    return path


def test_the_five_best_classes_are_printed_and_drawn(photo, weights, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert classify_image.main([str(photo), "--model", TAG, "--weights", weights]) == 0
    printed = capsys.readouterr().out
    rows = [line.split() for line in printed.splitlines() if line.startswith("  ")]
    shares = [float(row[0].rstrip("%")) for row in rows]
    assert len(rows) == 5
    assert shares == sorted(shares, reverse=True)
    model = zoo.create_model("mobilenet_025", weights=weights)
    best = zoo.decode(model.predict(zoo.preprocess(photo, TAG), verbose=0), TAG)[0]
    assert [row[-1] for row in rows] == [guess.id for guess in best]
    with Image.open(tmp_path / "holiday_classes.png") as picture:
        assert picture.size == (1100, 450)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["holiday.png", "holiday_classes.png"]


def test_the_picture_holds_the_photo_and_a_bar_for_each_class(tmp_path):
    best = [Guess("n0", "all_red", 0.9), Guess("n1", "half", 0.5), Guess("n2", "nothing", 0.0)]
    command.draw_classes(Image.new("RGB", (300, 200), "red"), best, tmp_path / "out.png", title="test")
    pixels = np.asarray(Image.open(tmp_path / "out.png").convert("RGB")).astype(int)
    red = (np.abs(pixels - [255, 0, 0]).sum(-1) < 10)[:, :550]
    assert 0.5 < red.mean() < 1
    blue = (np.abs(pixels - [0x48, 0x78, 0xA8]).sum(-1) < 10)[:, 550:]
    lengths = [run for run in blue.sum(1) if run > 0]
    assert set(np.round(np.array(lengths) / max(lengths), 2)) <= {1.0, 0.55, 0.56}  # 0.5 of 0.9


def test_of_an_animation_the_first_picture_is_taken_and_that_is_printed(weights, tmp_path, capsys):
    frames = [Image.new("RGB", (40, 40), colour) for colour in ("red", "blue")]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    given = [str(tmp_path / "a.gif"), "--model", TAG, "--weights", weights, "--out", str(tmp_path / "out.png")]
    assert classify_image.main(given) == 0
    assert "a.gif holds several pictures, an animation or pages: the first is taken." in capsys.readouterr().out


def test_without_a_photo_one_of_an_installed_package_is_taken(monkeypatch, capsys):
    photo = command.shipped_photo()
    assert photo.name in ("chelsea.png", "china.jpg")
    assert zoo.preprocess(photo, TAG).shape == (1, 224, 224, 3)
    monkeypatch.setattr(command, "SHIPPED", (("no_such_package", "cat.png"),))
    assert classify_image.main([]) == 2
    assert "Give a photo: neither scikit-image nor scikit-learn is installed" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (["missing.jpg"], "There is no photo at 'missing.jpg'"),
        (["{photo}", "--model", "mobilnet.imagenet"], "did you mean 'mobilenet"),
        (["{photo}", "--model", "mobilenet.imagenett"], "did you mean 'mobilenet.imagenet'?"),
        (["{photo}", "--model", "mobilenet.imagenet_notop"], "'mobilenet.imagenet_notop' has no classes to name"),
        (["{photo}", "--modle", "mobilenet"], "Unknown option '--modle'; did you mean '--model'?"),
        (["{photo}", "--out", "{photo}"], "The picture would replace the photo"),
        (["{photo}", "second.jpg"], "'second.jpg' was not expected here"),
    ],
)
def test_every_wrong_way_is_one_sentence(photo, given, sentence, capsys):
    before = photo.read_bytes()
    assert classify_image.main([word.format(photo=photo) for word in given]) == 2
    told = capsys.readouterr().err
    assert sentence in told
    assert told.count("\n") == 1
    assert photo.read_bytes() == before


@pytest.mark.skipif(not os.environ.get("ZOO_MIRROR"), reason="real weights come from a mirror: set ZOO_MIRROR")
def test_a_user_sees_that_the_cat_is_a_cat(tmp_path):
    pytest.importorskip("skimage")
    command = [sys.executable, "-m", "examples.classify_image", "--out", str(tmp_path / "cat.png")]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=True)
    assert "chelsea.png, as mobilenet.imagenet sees it:" in told.stdout
    assert {"tabby", "tiger cat", "Egyptian cat"} & {" ".join(line.split()[1:-1]) for line in told.stdout.splitlines()}
    assert told.stderr == ""
    assert (tmp_path / "cat.png").stat().st_size > 10_000
