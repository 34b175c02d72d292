"""The commands as a user types them, and every wrong way: one sentence and exit code 2."""

import io
import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from examples import multi_output
from zoo.cli.main import main
from zoo.samples import Target
from zoo.tasks import evaluate, inspect, load_dataset, load_pipeline, recipe_for, train
from zoo.training import Head, Imbalance

ROOT = Path(__file__).parent.parent
TINY = ["author_profile_tiny"]


@pytest.fixture(scope="module")
def posts_file(tmp_path_factory) -> Path:
    """120 people whose age, income and gender show in their words; some labels are missing."""
    path = tmp_path_factory.mktemp("data") / "mine.jsonl"
    random = np.random.default_rng(0)
    rows = []
    for person in range(120):
        age, income, gender = int(random.integers(20, 60)), int(random.integers(0, 3)), int(random.integers(0, 2))
        words = [f"decade{age // 10}", ("rent", "house", "yacht")[income], ("boots", "scarf")[gender]]
        row = {"text": " ".join(random.permutation(words * 3)), "age": age, "income": f"group {income}"}
        row["gender"] = ("man", "woman")[gender]
        if person % 10 == 0:
            del row["age"]
        rows.append(json.dumps(row))
    path.write_text("\n".join(rows))
    return path


@pytest.fixture(scope="module")
def run_folder(posts_file, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "mine"
    assert main(["train", *TINY, "--data", str(posts_file), "--epochs", "2", "--out", str(folder)]) == 0
    return folder


def test_training_leaves_a_run_folder_with_everything(run_folder):
    names = {file.name for file in run_folder.iterdir()}
    assert names == {
        "config.json",
        "lock",
        "history.jsonl",
        "checkpoint.npz",
        "best.npz",
        "model.keras",
        "scores.json",
        "report.png",
    }
    scores = json.loads((run_folder / "scores.json").read_text())["scores"]
    assert {row["output"] for row in scores} == {"age", "income", "gender"}


def test_the_trained_model_answers_every_text_with_its_uncertainty(run_folder, capsys):
    assert main(["predict", *TINY, "--weights", str(run_folder), "yacht scarf decade3", "rent boots"]) == 0
    shown = capsys.readouterr().out
    assert shown.count("years") == 2
    assert shown.count("80% of people lie within") == 2
    assert re.search(r"group \d \(\d+%\)", shown)
    assert re.search(r"(man|woman) \(\d+%\)", shown)


def test_texts_come_from_standard_input_too(run_folder, capsys, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"yacht scarf\n\nrent boots\n")))
    assert multi_output.main(["predict", "--weights", str(run_folder)]) == 0
    assert capsys.readouterr().out.count("years") == 2


def test_evaluating_a_run_gives_the_scores_that_its_training_gave(run_folder, capsys):
    assert main(["evaluate", *TINY, "--weights", str(run_folder)]) == 0
    shown = capsys.readouterr().out
    scores = json.loads((run_folder / "scores.json").read_text())["scores"]
    assert f"{scores[0]['model']:.3f}" in shown


def test_training_again_loads_the_finished_run(run_folder, posts_file, capsys):
    before = (run_folder / "history.jsonl").read_text()
    assert main(["train", *TINY, "--data", str(posts_file), "--epochs", "2", "--out", str(run_folder)]) == 0
    assert (run_folder / "history.jsonl").read_text() == before
    assert "epoch" not in capsys.readouterr().out.partition("Training")[2].partition("author_profile_tiny on")[0]


def test_training_starts_from_the_weights_of_a_run(run_folder, posts_file, tmp_path):
    arguments = ["--data", str(posts_file), "--epochs", "1", "--seed", "1", "--out", str(tmp_path / "more")]
    assert main(["train", *TINY, *arguments, "--weights", str(run_folder)]) == 0
    first = json.loads((tmp_path / "more" / "history.jsonl").read_text().splitlines()[0])
    assert first["epoch"] == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["trian", "x"], "did you mean 'train'"),
        (["train", "author_profil"], "did you mean 'author_profile'"),
        (["train", "sequential_twin"], "no recipe for 'sequential_twin'"),
        (["train", *TINY, "--data", "blog"], "did you mean 'blogs'"),
        (["train", *TINY, "--epoch", "3"], "did you mean '--epochs'"),
        (["train", *TINY, "--balance", "gradnrom"], "did you mean 'gradnorm'"),
        (["train", *TINY, "--epochs", "0"], "whole number >= 1"),
        (["train", *TINY, "--seed", "-1"], "negative"),
        (["train", *TINY, "--weights", "nowhere/x.h5"], "no file or folder"),
        (["train", *TINY, "--data", "missing.csv"], "missing.csv"),
        (["predict", *TINY, "hello"], "no trained weights"),
        (["predict", *TINY, "--weights", "no/such/run", "hello"], "no file or folder"),
        (["list", "resnext*"], "No model matches"),
        (["list", "--task", "author-profilin"], "did you mean 'author-profiling'"),
        (["describe", "author"], "Unknown model"),
        (["fetch", "mnist"], "Unknown artifact"),
        (["fetch"], "Name what to fetch"),
        (["fetch", "resnet50.imagnet"], "did you mean 'resnet50.imagenet'"),
        (["fetch", "mobilenet_v2.imagenet"], "has no published hash, and no file is fetched without one"),
        ([], "The following arguments are required: COMMAND; see 'zoo --help'."),
        (["train"], "The following arguments are required: model; see 'zoo train --help'."),
        (["train", *TINY, "--epochs", "x"], "Argument --epochs: 'x' is not a whole number; see 'zoo train --help'."),
        (["train", *TINY, "--on-nonfinite", "stpo"], "did you mean 'stop'"),
        (["find-rate"], "The following arguments are required: model; see"),
        (["find-rate", *TINY, "--steps", "2.5"], "Argument --steps: '2.5' is not a whole number"),
        (["find-rate", *TINY, "--out"], "Argument --out: expected one argument; see"),
        (["inspect"], "The following arguments are required: model; see"),
        (["inspect", *TINY, "--rows"], "Argument --rows: expected one argument"),
        (["inspect", *TINY, "--data", "random", "--rows", "0"], "at least one row"),
        (["inspect", *TINY, "--data", "random", "--seed", "-3"], "A seed must not be negative"),
        (["predict"], "The following arguments are required: model; see"),
        (["predict", "mobilenet", "hello"], "There is no photo at 'hello'"),
        (["predict", "mobilenet"], "Name photos, or folders of them"),
        (["predict", "mobilenet", "."], "The folder '.' holds no pictures"),
        (["predict", "mobilenet", "x.png", "--weights", "imagenet_notop"], "its weights have no top"),
        (["predict", "caffenet", "x.png"], "'caffenet' has no trained weights to fetch"),
        (["describe", "mlp_tiny", "--graph", "drawing.pdf"], "ends in .png or .svg; received 'drawing.pdf'"),
    ],
)
def test_a_wrong_command_is_one_sentence_and_exit_code_2(arguments, words, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    printed = capsys.readouterr().err
    assert words in " ".join(printed.split())
    assert printed.startswith("error: ")
    assert len(printed.splitlines()) == 1
    assert not list(tmp_path.rglob("*")), "a wrong command left files"


@pytest.mark.parametrize(
    ("text", "words"),
    [("", "empty"), ("   ", "empty"), ("да нет", "no word that the model knows"), ("a" * 10_000_000, "characters")],
)
def test_a_text_that_cannot_be_answered_is_told(run_folder, text, words, capsys):
    assert main(["predict", *TINY, "--weights", str(run_folder), text]) == 2
    assert words in " ".join(capsys.readouterr().err.split())


def test_a_run_folder_of_other_settings_or_another_model_is_refused_and_unchanged(run_folder, posts_file, capsys):
    before = {file.name: file.read_bytes() for file in run_folder.iterdir()}
    common = ["--data", str(posts_file), "--out", str(run_folder)]
    assert main(["train", *TINY, *common, "--epochs", "3"]) == 2
    assert "holds another run" in capsys.readouterr().err
    assert main(["train", "author_profile_small", *common, "--epochs", "2"]) == 2
    assert "holds another run" in " ".join(capsys.readouterr().err.split())
    assert main(["predict", "author_profile_small", "--weights", str(run_folder), "yacht"]) == 2
    assert "author_profile_tiny" in capsys.readouterr().err
    assert before == {file.name: file.read_bytes() for file in run_folder.iterdir()}


def test_weights_of_another_income_grouping_are_refused(run_folder, tmp_path, capsys):
    path = tmp_path / "two.jsonl"
    rows = [{"text": "rent boots", "age": 30, "income": f"class {n % 2}", "gender": "man"} for n in range(40)]
    path.write_text("\n".join(map(json.dumps, rows)))
    arguments = ["train", *TINY, "--data", str(path), "--weights", str(run_folder), "--out", str(tmp_path / "run")]
    assert main(arguments) == 2
    assert "income" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_a_model_of_merged_labels_answers_with_them_and_is_judged_by_them(posts_file, tmp_path):
    dataset = load_dataset(str(posts_file), seed=0)
    heads = recipe_for(dataset, TINY[0], data=str(posts_file), options={"seed": 0}).heads
    merged = replace(heads["income"], imbalance=Imbalance(merge={"tenant": ("group 0", "group 1")}))
    changes = {"heads": {**heads, "income": merged}, "epochs": 2}
    _, report = train(TINY[0], str(posts_file), folder=tmp_path / "run", **changes)
    predicted = load_pipeline(tmp_path / "run").predict({"posts": ["rent boots"]})
    assert {"income=tenant", "income=group 2"} == {name for name in predicted if name.startswith("income=")}
    assert evaluate(tmp_path / "run").scores[0]["model"] == report.scores[0]["model"]
    assert inspect(TINY[0], weights=tmp_path / "run", rows=5).loss is not None


def test_labels_of_a_table_are_merged_too(tmp_path):
    (tmp_path / "rows.csv").write_text("x,grade\n" + "".join(f"{n},{'abc'[n % 3]}\n" for n in range(60)))
    head = Head(Target("classification", tuple("abc")), imbalance=Imbalance(merge={"ab": ("a", "b")}))
    options = {"folder": tmp_path / "run", "data_options": {"targets": ["grade"]}, "heads": {"grade": head}}
    _, report = train("mlp_tiny", str(tmp_path / "rows.csv"), epochs=2, **options)
    assert list(load_pipeline(tmp_path / "run").predict({"x": [1]})) == ["grade", "grade=ab", "grade=c"]
    assert evaluate(tmp_path / "run").scores[0]["model"] == report.scores[0]["model"]


def test_official_weights_are_described_by_file_and_summed_up_by_verify(capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("ZOO_WEIGHTS", str(tmp_path))
    monkeypatch.setenv("ZOO_DATA", str(tmp_path))
    assert main(["describe", "mobilenet"]) == 0
    printed = capsys.readouterr().out
    assert "mobilenet.imagenet: 17.2 MB, known by its sha256, Apache-2.0" in printed
    assert "mobilenet.imagenet_160: size not published, no hash published: never fetched" in printed
    assert main(["verify", "vgg16.imagenet", "mobilenet_v2.imagenet"]) == 0
    printed = capsys.readouterr().out
    assert [line.split()[:3] for line in printed.splitlines() if ".imagenet" in line] == [
        ["missing", "vgg16.imagenet", "?"],
        ["no", "hash", "mobilenet_v2.imagenet"],
    ]
    assert main(["verify"]) == 0
    printed = capsys.readouterr().out
    assert "other official files of weights are not here" in printed
    assert "vgg16" not in printed


WITHOUT_EXTRAS = """
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("pyarrow", "onnx", "onnxruntime", "tf2onnx", "imblearn"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Absent())
from examples.multi_output import main
sys.exit(main(sys.argv[1:]))
"""


def test_the_main_job_needs_no_extra_but_that_of_reports(tmp_path, posts_file):
    options = ["--data", str(posts_file), "--epochs", "1", "--out", str(tmp_path)]
    done = subprocess.run([sys.executable, "-c", WITHOUT_EXTRAS, *options], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "report.png").exists()


def test_importing_and_listing_import_no_framework():
    script = (
        "import sys, zoo, zoo.cli.main; zoo.list_models(); zoo.describe('author_profile');"
        "print([m for m in ('keras', 'tensorflow', 'jax', 'torch', 'numpy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"


def test_a_real_process_ends_with_exit_code_2():
    environment = {**os.environ, "COLUMNS": "80"}
    command = [sys.executable, "-m", "examples.multi_output", "--data", "post"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=environment)
    assert done.returncode == 2
    assert (
        done.stderr.strip()
        == "error: Unknown data set of posts 'post'; did you mean 'posts'? Known: FILE.csv, FILE.jsonl, "
        "FILE.parquet, FILE.tsv, FOLDER, blogs, posts."
    )
