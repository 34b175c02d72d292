"""Rarer wrong ways to type a command: still one sentence, and no text of the user's is read as markup."""

import json

import pytest

from tests.pipelines import TINY, tiny_profile
from zoo.cli.main import default_folder, main
from zoo.errors import DataError
from zoo.samples import Target
from zoo.tasks import load_pipeline
from zoo.terminal import run

SMALL = "author_profile_small"


def tiny_file(path):
    """Untrained weights of the tiny profile, with a vocabulary of two words."""
    trained, _ = tiny_profile({"age": Target("regression", unit="years")})
    trained.save(path)
    return path


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["list", "--data", "x"], "Known: --all, --help, --task, --weights, -h."),
        (["predict", SMALL, "--weights", "weights/manifest.json", "hello"], "no file or folder"),
        (["predict", SMALL, "--weights", "here.json", "hello"], "Unknown format of a pipeline '.json'"),
        (["predict", SMALL, "--weights", "nosuch", "hello"], "'nosuch' is neither a file"),
        (["train", TINY, "--data", "posts", "--seed", str(2**32)], "below 2**32"),
        (["train", TINY, "--data", ".", "--seed", "0"], "holds no text; expected a folder for each class"),
        (["predict", "nosuch"], "Unknown model 'nosuch'"),
    ],
)
def test_a_wrong_command_is_one_sentence(arguments, words, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "here.json").write_text("{}")
    assert main(arguments) == 2
    printed = " ".join(capsys.readouterr().err.split())
    assert words in printed
    assert printed.count("error:") == 1
    assert [file.name for file in tmp_path.iterdir()] == ["here.json"]


def test_a_text_with_brackets_is_no_markup(capsys):
    assert main(["predict", SMALL, "[/b] my garden [red]"]) == 0
    assert "[/b] my garden [red]" in capsys.readouterr().out


def test_a_file_that_cannot_be_written_is_one_sentence(capsys):
    def full_disk():
        raise OSError(28, "No space left on device", "runs/checkpoint.npz")

    assert run(full_disk) == 2
    assert capsys.readouterr().err.strip() == "error: 'runs/checkpoint.npz': No space left on device."


def test_evaluating_weights_of_another_model_is_refused(tmp_path, capsys):
    file = tiny_file(tmp_path / "tiny.h5")
    assert main(["evaluate", SMALL, "--weights", str(file)]) == 2
    assert f"holds weights of {TINY}, not of {SMALL}" in " ".join(capsys.readouterr().err.split())


def test_a_regression_that_nothing_validated_is_saved_and_says_that_its_error_is_unknown(tmp_path, capsys):
    file = tiny_file(tmp_path / "tiny.h5")
    assert load_pipeline(file).intervals == {}
    assert main(["predict", TINY, "--weights", str(file), "a b"]) == 0
    assert "not known" in capsys.readouterr().out


def test_a_vocabulary_larger_than_the_embedding_is_refused():
    with pytest.raises(DataError, match="built for 3 ids of 'posts'; the schema has 4 of 'posts'"):
        tiny_profile({"age": Target("regression", unit="years")}, vocabulary_size=3)


def test_the_default_folder_tells_runs_from_other_weights_apart():
    assert default_folder(TINY, "posts", 0, {}) != default_folder(TINY, "posts", 0, {"from": "posts"})


def test_weights_that_training_started_from_are_part_of_the_run(tmp_path, capsys):
    data = tmp_path / "mine.jsonl"
    rows = [{"text": "a b" if n % 2 else "b b", "age": 20 + n} for n in range(60)]
    data.write_text("\n".join(map(json.dumps, rows)))
    for number in (1, 2):
        tiny_file(tmp_path / f"{number}.h5")
    common = ["train", TINY, "--data", str(data), "--epochs", "1", "--out", str(tmp_path / "run"), "--weights"]
    assert main([*common, str(tmp_path / "1.h5")]) == 0
    assert main([*common, str(tmp_path / "2.h5")]) == 2
    assert "recipe.start is" in " ".join(capsys.readouterr().err.split())
