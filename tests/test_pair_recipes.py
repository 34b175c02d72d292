"""Models of pairs are trained, judged, kept and asked: by function, by command and by the example."""

import io
import json
import sys
from types import SimpleNamespace

import keras
import numpy as np
import pytest

import zoo
from examples.text_similarity import main as example
from zoo.artifacts import tracked_folder
from zoo.cli.main import main
from zoo.datasets.pairs.build import Scale
from zoo.datasets.pairs.spelling import spelling_vectors
from zoo.errors import DataError, WeightsError
from zoo.metrics import score
from zoo.pipeline import Pipeline
from zoo.tasks import evaluate, inspect, load_dataset, load_pipeline, train
from zoo.training import Optimiser

OPTIONS = {"count": 600, "validation": 100, "test": 200}
PAIR = ("The boy is holding a ball in the garden", "The lad is carrying a ball in the yard")
FAR = ("The boy is holding a ball in the garden", "The doctor is chasing a car by the sea")


def compare(trained, left, right):
    """How alike two texts are, as the only row of a table says."""
    (row,) = trained.predict({"left": [left], "right": [right]}).to_dict("records")
    return row


def answer(trained, left, right):
    return compare(trained, left, right)["score"]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run folder, what it answers, and its report: the aligned network on a few generated pairs."""
    folder = tmp_path_factory.mktemp("runs") / "first"
    trained, report = train(
        "text_similarity_aligned_tiny",
        "pairs",
        folder=folder,
        data_options=OPTIONS,
        epochs=10,
        batch_size=16,
        optimiser=Optimiser(learning_rate=1e-2),
    )
    return SimpleNamespace(folder=folder, trained=trained, report=report)


def test_a_training_learns_and_is_judged_beside_shared_words_and_the_limit(run):
    rows = {row["metric"]: row for row in run.report.scores}
    assert list(rows) == ["pearson", "spearman", "mse"]
    row = rows["pearson"]
    assert 0.5 < row["model"] < row["limit"]
    assert row["majority"] == 0.0
    assert 0.4 < row["linear"] < row["limit"]
    assert 0 < row["standard_error"] < 0.1
    assert {"config.json", "history.jsonl", "model.keras", "report.png", "scores.json"} <= {
        path.name for path in run.folder.iterdir()
    }


def test_what_was_trained_answers_the_same_after_it_was_read_and_whichever_text_comes_first(run):
    again = load_pipeline(run.folder)
    assert isinstance(again, Pipeline)
    assert again.schema == run.trained.schema
    for texts in (PAIR, FAR):
        values = [answer(each, *texts) for each in (run.trained, again)]
        values.append(answer(again, *texts[::-1]))
        np.testing.assert_allclose(values, values[0], atol=1e-5)


def test_an_answer_and_its_interval_lie_on_the_scale(run):
    for texts in (PAIR, FAR):
        found = compare(run.trained, *texts)
        assert 0 <= found["score_low"] <= found["score"] <= found["score_high"] <= 5
    assert run.trained.schema.targets["score"].unit == "points of 0 to 5"
    assert answer(run.trained, *PAIR) > answer(run.trained, *FAR) + 0.5
    assert run.trained.intervals["score"] > 0


def test_a_trained_model_is_judged_anew_on_its_own_data(run):
    scores = {row["metric"]: row["model"] for row in evaluate(run.folder).scores}
    assert scores == pytest.approx({row["metric"]: row["model"] for row in run.report.scores}, abs=1e-6)


def own_file(folder, name="mine.csv", high=10):
    random = np.random.default_rng(0)
    lines = [f"a boy is holding ball {i},a girl is holding ball {i},{random.uniform(0, high):.1f}" for i in range(40)]
    path = folder / name
    path.write_text("\n".join(["left,right,score", "a man,a man,0", *lines, f"one dog,one dog,{high}"]))
    return path


def test_scores_of_another_scale_are_refused_for_judging_and_taken_for_training_on(run, tmp_path):
    path = own_file(tmp_path)
    with pytest.raises(DataError, match=r"mine\.csv, line \d+: the score must lie in 0 to 5; received"):
        evaluate(run.folder, data=str(path))
    trained, _ = train("text_similarity_aligned_tiny", str(path), folder=tmp_path / "run", weights=run.folder, epochs=1)
    assert trained.schema.column("left") == run.trained.schema.column("left")
    assert trained.schema.targets["score"] == Scale(0, 10).target
    assert trained.origin["config"]["high"] == 10
    found = compare(trained, *PAIR)
    assert found["score_high"] <= 10
    assert json.loads((tmp_path / "run" / "config.json").read_text())["recipe"]["start"]


@pytest.mark.parametrize(
    ("left", "right", "sentence"),
    [
        ("", "a boy", r"The text is empty.* \(column 'left'\)"),
        (None, "a boy", r"The text is empty.* \(column 'left'\)"),
        ("a boy", " \n ", r"The text is empty.* \(column 'right'\)"),
        ("a boy", "?!", r"The text '\?!' has no word \(column 'right'\)"),
        ("xyzzy plugh", "a boy", r"The text 'xyzzy plugh' has no word that the model knows.* \(column 'left'\)"),
        ("有一个人在弹吉他", "a boy", "has no word that the model knows; it may be in another language or script"),
        ("a boy", "ball " * 300_000, r"The column 'right' has 1,[0-9,]+ characters .*; at most 1,000,000 are read"),
    ],
)
def test_a_text_that_cannot_be_compared_is_told(run, left, right, sentence):
    with pytest.raises(DataError, match=sentence):
        compare(run.trained, left, right)


def test_of_several_pairs_the_one_that_cannot_be_compared_is_named(run):
    with pytest.raises(DataError, match=r"row 2: the text is empty.* \(column 'right'\)"):
        run.trained.predict({"left": ["a boy", "a ball"], "right": ["a ball", ""]})
    with pytest.raises(DataError, match=r"The table lacks 'right'.* Did you mean 'wright' for 'right'"):
        run.trained.predict({"left": ["a boy"], "wright": ["a ball"]})


def test_a_word_never_seen_among_known_ones_is_read_as_unknown(run):
    assert 0 <= answer(run.trained, "a boy is holding a xyzzy", PAIR[1]) <= 5


def test_pairs_of_a_file_are_answered_row_by_row(run, tmp_path, capsys):
    path = tmp_path / "rows.csv"
    path.write_text("\n".join(["note,right,left", *(f"x,{right},{left}" for left, right in (PAIR, FAR))]))
    found = run.trained.predict(path)
    np.testing.assert_allclose(found["score"], [answer(run.trained, *texts) for texts in (PAIR, FAR)], atol=1e-5)
    given = ("predict", "text_similarity_aligned_tiny", str(path), "--weights", str(run.folder))
    code, out, _ = said(capsys, main, *given)
    assert code == 0
    header, *rows = out.splitlines()
    assert header == "note,right,left,score,score_low,score_high,error"
    np.testing.assert_allclose([float(row.split(",")[3]) for row in rows], found["score"], atol=1e-5)


def said(capsys, call, *arguments):
    """(exit code, standard output, standard error) of a command."""
    code = call(list(arguments))
    output = capsys.readouterr()
    return code, output.out, output.err


def test_two_texts_are_compared_by_the_example_and_by_the_command(run, capsys):
    for call, start in ((example, ()), (main, ("predict", "text_similarity_aligned_tiny"))):
        code, out, _ = said(capsys, call, *start, *PAIR, "--weights", str(run.folder))
        assert code == 0
        assert f"{PAIR[0]} | {PAIR[1]}" in out
        assert "points of 0 to 5" in out
        assert "80% of pairs lie within" in out


def test_the_example_refuses_weights_that_compare_no_texts(capsys):
    code, _, err = said(capsys, example, *PAIR, "--weights", "poem.tang")
    assert code == 2
    assert err == "error: 'poem.tang' holds a model that compares no texts: poem.\n"


def test_a_model_under_another_task_s_name_is_told(run, tmp_path, capsys):
    code, _, err = said(capsys, main, "predict", "poem", "春", "--weights", str(run.folder))
    assert code == 2
    assert f"'{run.folder}' holds weights of text_similarity_aligned_tiny, not of poem" in err
    with pytest.raises(WeightsError, match=r"'poem.tang' holds poem, a model of poems; .* is one of pairs"):
        train("text_similarity_tiny", "pairs", folder=tmp_path / "run", weights="poem.tang")


def test_pairs_on_standard_input_are_separated_by_a_tab(run, capsys, monkeypatch):
    lines = "\n".join(["\t".join(PAIR), "\t".join(FAR)])
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(lines.encode())))
    code, out, _ = said(capsys, example, "--weights", str(run.folder))
    assert code == 0
    assert out.count("80% of pairs lie within") == 2


@pytest.mark.parametrize(
    ("texts", "sentence"),
    [
        (["one text"], "compares two texts: give two, or lines that hold both, separated by a tab; received 1"),
        (["a", "b", "c"], "received 3 without a tab"),
        (["a boy\ta boy\ta boy"], "A pair is two texts separated by one tab; received 3 parts"),
        (["a boy", ""], "The text is empty: it has no word and no punctuation mark (column 'right')"),
    ],
)
def test_texts_that_are_no_pair_are_one_sentence(run, capsys, texts, sentence):
    code, _, err = said(capsys, example, *texts, "--weights", str(run.folder))
    assert code == 2
    assert sentence in err
    assert err.count("\n") == 1


def test_the_example_trains_on_a_file_of_ones_own(tmp_path, capsys):
    path, folder = own_file(tmp_path), tmp_path / "run"
    arguments = ("--data", str(path), "--model", "text_similarity_tiny", "--epochs", "1", "--out", str(folder))
    code, out, _ = said(capsys, example, "train", *arguments)
    assert code == 0
    assert "Pearson r" in out
    assert answer(load_pipeline(folder), "a boy", "a girl") >= 0


def test_a_data_set_of_something_else_is_told(capsys):
    code, _, err = said(capsys, main, "train", "text_similarity_tiny", "--data", "posts")
    assert code == 2
    assert "Unknown data set of pairs 'posts'" in err


def test_weights_that_hold_no_pipeline_cannot_be_trained_on(tmp_path):
    model = zoo.create_model("text_similarity_tiny")
    zoo.save_weights(model, tmp_path / "bare.h5", metadata={"entry": "text_similarity_tiny"})
    with pytest.raises(WeightsError, match="holds weights, but no pipeline: nothing says how rows become its inputs"):
        train("text_similarity_tiny", "pairs", folder=tmp_path / "run", weights=tmp_path / "bare.h5")


def test_a_vocabulary_larger_than_the_model_is_told(run):
    config = {**run.trained.origin["config"], "vocabulary_size": 20}
    small = zoo.create_model("text_similarity_aligned_tiny", **config)
    with pytest.raises(DataError, match=r"The model was built for 20 ids of 'left'; the schema has \d+ of 'left'"):
        Pipeline(run.trained.schema, small)


def test_a_pipeline_of_pairs_opens_in_keras_alone(run):
    model = keras.saving.load_model(run.folder / "model.keras")
    assert [tensor.name for tensor in model.inputs] == ["left", "right"]


def test_a_fresh_model_is_told_how_its_words_are_spelt(run):
    table = run.trained.model.get_layer("spelling")
    expected = spelling_vectors(run.trained.schema.column("left").vocabulary, table.output_dim)
    np.testing.assert_array_equal(np.asarray(table.embeddings), expected)
    assert np.abs(expected).sum() > 10


def test_an_inspection_of_fresh_weights_is_told_how_words_are_spelt():
    """A table of zeros would hold nothing to see."""
    found = inspect("text_similarity_aligned_tiny", data="pairs", rows=4)
    table = next(each for each in found.layers if each.name == "spelling")
    assert table.weights["embeddings"].high > 0.0


@pytest.fixture(scope="module")
def shipped():
    return load_pipeline("text_similarity_aligned.sick")


def test_the_example_answers_with_the_weights_that_come_with_the_zoo(capsys):
    code, out, _ = said(capsys, example, "a man plays a guitar", "someone is playing music")
    assert code == 0
    assert "points of 1 to 5" in out


def test_the_weights_that_come_with_the_zoo_order_pairs_by_what_they_say(shipped):
    guitar = "A man is playing a guitar"
    same, near, far = (
        answer(shipped, guitar, other)
        for other in ("The man is playing the guitar", "A man is playing a flute", "Two dogs are running in the snow")
    )
    assert same > 4.3 > near > 2.0 > far
    denied = answer(shipped, guitar, "There is no man playing a guitar")
    assert far + 1 < denied < same - 0.5


def test_the_weights_that_come_with_the_zoo_reach_the_score_of_their_card(shipped, pairs_mirror):
    card = json.loads((tracked_folder() / "text_similarity_aligned.sick.card.json").read_text())
    expected = next(row["model"] for row in card["scores_on_test"] if row["metric"] == "pearson")
    test = load_dataset("sick").test.take(np.arange(0, 4_906, 5))
    found = shipped.predictions(test.raw)["score"]
    assert score("pearson", test.targets["score"], found) == pytest.approx(expected, abs=0.03)
    assert expected > 0.8
