"""The pages of the tutorial run as they stand, on few rows: each shows its data, its graph, scores and predictions."""

import argparse
import ast
import importlib
import json
import os
import subprocess
import sys
from dataclasses import replace
from functools import cache, partial
from inspect import signature
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import zoo
import zoo.tasks
from zoo.cli.main import main as zoo_command
from zoo.cli.options import add_training_options
from zoo.datasets.image_pairs.signs import signs
from zoo.datasets.joint.shop import shop

ROOT = Path(__file__).parent.parent
PAGES = sorted(path.stem for path in (ROOT / "examples").glob("*.py") if path.stem not in ("__init__", "command"))
ALLOWED = {"zoo", "blocks", "keras", "examples", "numpy", "pathlib", "typing"}
GRAPHS = {  # page whose graph is written out -> what the catalogue makes
    "multi_output": "author_profile_small",
    "question_answering": "question_answering",
    "text_similarity": "text_similarity",
}
REAL = {  # page -> (its data, a column that its predictions show)
    "credit_scoring": ("credit", "default (true)"),
    "house_price": ("california", "value (true)"),
    "income": ("adult", "income (true)"),
    "store_sales": ("rossmann", "Sales (true)"),
}
FEW = {"train": 600, "validation": 200, "test": 200}  # rows of real data


def page(name):
    return importlib.import_module(f"examples.{name}")


@pytest.fixture
def shown(tmp_path, monkeypatch, capsys):
    """Runs a page in an empty folder, and gives what it printed."""
    monkeypatch.chdir(tmp_path)

    def run(name, *options):
        assert page(name).main(list(options)) == 0, capsys.readouterr().err
        return capsys.readouterr().out

    return run


def test_there_is_a_page_for_every_task():
    assert len(PAGES) == 26


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_short_and_imports_the_zoo_alone(name):
    tree = ast.parse((ROOT / "examples" / f"{name}.py").read_text(encoding="utf-8"))
    body = tree.body[1:]  # without the doc string
    assert (
        sum(node.end_lineno - node.lineno + 1 for node in body if not isinstance(node, ast.Import | ast.ImportFrom))
        < 50
    )
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    names = {node.module if isinstance(node, ast.ImportFrom) else node.names[0].name for node in imports}
    assert {each.partition(".")[0] for each in names} <= ALLOWED


@pytest.mark.parametrize("name", GRAPHS)
def test_the_graph_on_a_page_is_that_of_the_catalogue(name):
    ours, theirs = page(name).graph(), zoo.create_model(GRAPHS[name])
    assert ours.name == theirs.name
    assert zoo.draw(ours) == zoo.draw(theirs)
    theirs.set_weights(ours.get_weights())
    words = {tensor.name: np.arange(2, 26, dtype="int32").reshape(2, 12) for tensor in ours.inputs}
    for output, values in ours(words).items():
        np.testing.assert_array_equal(values, theirs(words)[output])


TRAININGS = (
    ["--seed", "3", "--epochs", "2", "--balance", "gradnorm", "--on-nonfinite", "skip", "--baselines", "none"],
    ["--imbalance", "income=focal", "--imbalance", "gender=class_weights", "--costs", "costs.json"],
    ["--data", "mine.csv", "--text", "body", "--target", "stars=ordered", "--weights", "runs/first/model.keras"],
    ["--data", "mine.csv", "--out", "elsewhere", "--ignore", "id", "--types", "code=category", "zip=category"],
    ["--data", "mine.csv", "--target", "price:regression", "--missing", "-", "--date-order", "day=dmy"],
    ["--data", "mine.csv", "--decimal", ",", "--encoding", "cp1252", "--no-header"],
    ["--data", "mine.csv", "--validation", "some.csv", "--test", "others.csv", "--refit"],
    ["--data", "mine.csv", "--config", "units=64", "--config", "pooling=max"],
    ["--data", "photos", "--size", "64", "--augmentation", "light", "--fine-tune", "all"],
)


def test_every_option_of_a_training_is_tried_below():
    parser = argparse.ArgumentParser(add_help=False)
    add_training_options(parser)
    assert {name for action in parser._actions for name in action.option_strings} <= {
        word for options in TRAININGS for word in options
    }


@pytest.mark.parametrize("options", TRAININGS)
def test_a_page_trains_as_the_command_of_the_zoo_does(options, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    costs = {"man": {"man": 0, "woman": 2}, "woman": {"man": 1, "woman": 0}}
    (tmp_path / "costs.json").write_text(json.dumps({"costs": costs, "unit": "EUR"}))
    calls = []

    def record(entry, data, *, callbacks, **others):
        calls.append((entry, data, [type(each).__name__ for each in callbacks], others))
        return None, SimpleNamespace(table=lambda: "scores", groups_table=lambda: "groups", training="", costs={})

    monkeypatch.setattr(zoo.tasks, "train", record)
    assert zoo_command(["train", "author_profile_small", *options]) == 0
    expected = capsys.readouterr().out
    assert page("multi_output").main(options) == 0
    assert capsys.readouterr().out == expected
    assert calls[0] == calls[1]


@pytest.mark.parametrize(
    ("name", "options", "parts"),
    [
        (
            "plane_fit",
            ["--steps", "100"],
            ["100 training rows", "y → output", "R²", "(true: 0.1, 0.2, 0.3)"],
        ),
        ("older_than_five", ["--epochs", "1"], ["6,000 training rows", "age → output", "accuracy", "age=younger"]),
        ("membership", ["--epochs", "1"], ["6,700 training rows", "member → output", "trees", "member=yes"]),
    ],
)
def test_a_page_shows_data_graph_scores_and_predictions_in_this_order(name, options, parts, shown, tmp_path):
    printed = shown(name, *options)
    places = [printed.lower().find(part.lower()) for part in parts]
    assert -1 not in places, printed
    assert places == sorted(places)
    assert list(tmp_path.glob("runs/*/model.keras"))


def few_items(*, seed: int = 0):
    return shop(seed=seed, rows=150)


def test_a_page_of_several_senses_says_what_each_of_them_says(shown, monkeypatch):
    monkeypatch.setitem(zoo.tasks.TASKS["joint"].sources, "shop", f"{__name__}:few_items")
    printed = shown("fashion_trend", "--epochs", "1")
    places = [printed.find(part) for part in ("105 training rows", "price → output", "trees", "price from photo")]
    assert -1 not in places, printed
    assert places == sorted(places)


def few_signs(*, seed: int = 0):
    return signs(classes=12, drawn=4, count=60, size=16, seed=seed)


def test_a_page_of_pairs_of_pictures_shows_graph_and_scores(shown, monkeypatch):
    monkeypatch.setitem(zoo.tasks.TASKS["image_pairs"].sources, "signs", f"{__name__}:few_signs")
    printed = shown("image_similarity", "--epochs", "1", "--model", "image_similarity_tiny")
    places = [printed.find(part) for part in ("of the same", "same → output", "equal error rate")]
    assert -1 not in places, printed
    assert places == sorted(places)
    model = page("image_similarity").graph()
    assert [tensor.name for tensor in model.inputs] == ["left", "right"]


def test_a_model_of_ones_own_is_drawn_trained_and_asked(shown):
    printed = shown("own_model", "--epochs", "2")
    places = [printed.find(part) for part in ("way → output", "epoch  1", "epoch  2", "predicted: ", "true: ")]
    assert -1 not in places, printed
    assert places == sorted(places)
    assert printed.count("predicted: ") == 3


def write_posts(path):
    random = np.random.default_rng(0)
    words = ("rent", "house", "yacht")
    rows = (
        {
            "text": f"{words[n % 3]} {'boots' if n % 2 else 'scarf'} decade{age // 10} " * 3,
            "age": age,
            "income": f"group {n % 3}",
            "gender": ("woman", "man")[n % 2],
        }
        for n, age in enumerate(random.integers(20, 60, 120).tolist())
    )
    path.write_text("\n".join(map(json.dumps, rows)))


def test_the_network_of_three_answers_is_trained_and_asked(shown, tmp_path):
    write_posts(tmp_path / "mine.jsonl")
    printed = shown("multi_output", "--data", "mine.jsonl", "--model", "author_profile_tiny", "--epochs", "1")
    folder = "runs/author_profile_tiny_mine_epochs-1_seed-0"
    assert printed.startswith(f"Training author_profile_tiny on mine.jsonl into {folder}\nepoch  1  loss ")
    printed = shown("multi_output", "predict", "--weights", folder, "yacht scarf decade3")
    assert [line.split()[0] for line in printed.splitlines()] == ["yacht", "age", "income", "gender"]


def test_two_texts_are_compared_by_what_was_trained(shown, tmp_path):
    rows = [f"a boy holds ball {n},a girl holds ball {n},{n % 6}" for n in range(40)]
    (tmp_path / "mine.csv").write_text("\n".join(["left,right,score", "a,a,0", *rows, "b,b,5"]))
    options = ("--data", "mine.csv", "--model", "text_similarity_tiny", "--epochs", "1", "--out", "run")
    assert "Pearson r" in shown("text_similarity", "train", *options)
    assert "a boy | a girl" in shown("text_similarity", "a boy", "a girl", "--weights", "run")


def test_a_story_is_read_and_asked_about(shown, tmp_path):
    """By the weights that come with the zoo."""
    (tmp_path / "story.txt").write_text("Ada went to the attic.\nBen went to the garden.\n")
    printed = shown("question_answering", "ask", "--text", "story.txt", "Where is Ada?")
    assert "attic" in printed
    assert "Picture: attention.png" in printed
    assert (tmp_path / "attention.png").exists()


def test_a_page_of_questions_trains(shown, tmp_path):
    places = ("attic", "garden", "cellar")
    rows = [f"{n},Ada went to the {places[n % 3]}.,Where is Ada?,{places[n % 3]}" for n in range(60)]
    (tmp_path / "mine.csv").write_text("\n".join(["story,text,question,answer", *rows]))
    options = ("--data", "mine.csv", "--model", "question_answering_tiny", "--epochs", "1", "--out", "run")
    assert "accuracy" in shown("question_answering", *options)


def test_a_photo_is_named_and_drawn(shown, tmp_path):
    Image.new("RGB", (60, 40), "red").save(tmp_path / "red.png")
    zoo.save_weights(zoo.create_model("mobilenet_025"), tmp_path / "random.h5")
    printed = shown("classify_image", "red.png", "--model", "mobilenet_025", "--weights", "random.h5")
    assert printed.count("%") == 5
    assert (tmp_path / "red_classes.png").exists()


def test_the_words_of_a_text_are_explained(shown, tmp_path):
    printed = shown("explain_text", "my husband and I", "--output", "gender")
    assert "author_profile_small gives 'gender' = 'woman'" in printed
    assert printed.splitlines()[1].startswith("husband  +")
    assert (tmp_path / "text_why.png").exists()


def test_a_poem_begins_as_it_is_told(shown):
    assert "\n   春" in shown("write_poem", "--form", "5x2", "--first", "春", "--rhyme", "off")


def test_a_stack_and_its_twin_say_the_same(shown, capsys):
    page("sequential_twin").main()
    printed = capsys.readouterr().out
    assert "3466 in the stack, 3466 in the twin" in printed
    assert "predictions for 1,000 samples: 0.0." in printed


@pytest.mark.skipif(not os.environ.get("ZOO_MIRROR"), reason="real tables come from a mirror: set ZOO_MIRROR")
@pytest.mark.parametrize("name", REAL)
def test_a_page_of_a_real_table_runs_on_its_first_rows(name, shown, tmp_path, monkeypatch):
    data, last = REAL[name]
    source = zoo.tasks.TASKS["tables"].sources[data]
    monkeypatch.setenv("ZOO_DATA", os.environ.get("ZOO_DATA") or str(tmp_path / "data"))
    monkeypatch.setitem(zoo.tasks.TASKS["tables"].sources, data, f"{__name__}:few_{data}")
    module, _, function = source.partition(":")
    whole = getattr(importlib.import_module(module), function)

    @cache
    def few(**options):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(pd, "read_csv", partial(pd.read_csv, nrows=130_000))  # of Rossmann the last four months
            table = whole(**options)
        return replace(table, **{split: getattr(table, split).head(rows) for split, rows in FEW.items()})

    few.__signature__ = signature(whole)  # by which options are checked
    monkeypatch.setitem(globals(), f"few_{data}", few)
    printed = shown(name, "--epochs", "1")
    places = [printed.rfind(part) for part in ("600 training rows", "→ output", "trees", last)]
    assert -1 not in places, printed
    assert places == sorted(places)


def test_no_example_imports_keras_before_its_options_are_read():
    code = f"import importlib, sys; [importlib.import_module('examples.' + each) for each in {PAGES}]; "
    code += "print('keras' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.stdout == "False\n", done.stderr
