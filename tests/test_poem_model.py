"""The language model of poems: what it may look at, how it is trained at every step, judged, kept and asked."""

import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import layers, ops

from zoo.cli.main import main
from zoo.columns import Schema, VerseColumn
from zoo.columns.characters import RESERVED, inputs_of
from zoo.errors import ConfigError, DataError, UnknownNameError, WeightsError
from zoo.models.poem import poem, poem_tiny, step_model
from zoo.pipeline import Pipeline
from zoo.report.language import language_report
from zoo.report.ngrams import KneserNey
from zoo.samples import MISSING_CLASS, Samples, Target
from zoo.tasks import evaluate, load_pipeline, train
from zoo.tasks.poems import honest_loss, next_characters
from zoo.training import Head, Optimiser, Recipe, fit, judge_steps
from zoo.training.acceleration.tied_softmax import COMMON, SAMPLED, TiedSoftmax
from zoo.training.losses import batch_loss
from zoo.weights import load_weights, save_weights

ROOT = Path(__file__).resolve().parents[1]
FORM = (5, 5)
LARGE = COMMON + SAMPLED + 100  # a vocabulary of which training samples


def verses(n, size, seed=0):
    """n poems of two lines of five: each character follows from the one before it, but for the first."""
    random = np.random.default_rng(seed)
    ids = np.empty((n, 10), "int32")
    ids[:, 0] = random.integers(RESERVED, size, n)
    for at in range(1, 10):
        ids[:, at] = RESERVED + (3 * ids[:, at - 1] + 1) % (size - RESERVED)
    return Samples(inputs_of(ids, FORM), {"next": ids}, {"form": np.full(n, "5x2")})


def small(size, **config):
    keras.utils.set_random_seed(0)
    return poem(vocabulary_size=size, embedding_dim=8, place_dim=2, look_dim=4, units=16, **config)


def head(size):
    return Head(Target("classification", tuple(map(str, range(size)))), metrics=("perplexity", "accuracy"))


def recipe(size, **changes):
    settings = {"epochs": 2, "batch_size": 16, "trim_padding": True, "start_at_prior": False}
    return Recipe({"next": head(size)}, optimiser=Optimiser(learning_rate=2e-2), **{**settings, **changes})


def answers(model, samples):
    return np.asarray(ops.convert_to_numpy(model(dict(samples.inputs), training=False)["next"]))


def test_the_weights_are_those_that_one_counts_by_hand():
    reads = 8 + 2 * 4 + 4 * 2  # the character before, two looked up, four places
    places = 2 * (17 + 18 + 17 + 19)
    gru = 3 * 16 * (reads + 16 + 2)
    looked_up, projection = 2 * (8 * 4 + 4), (16 + 2 * 4 + 4 * 2) * 8 + 8
    assert small(30).count_params() == 30 * 8 + places + gru + looked_up + projection  # no second table for the answer


def test_an_answer_depends_on_nothing_that_comes_later():
    model, samples = small(30), verses(4, 30)
    other = {name: values.copy() for name, values in samples.inputs.items()}
    for values in other.values():
        values[:, 6:] = 1
    np.testing.assert_array_equal(
        answers(model, samples)[:, :6], np.asarray(ops.convert_to_numpy(model(other, training=False)["next"]))[:, :6]
    )


def test_padding_changes_no_answer():
    model, samples = small(30), verses(4, 30)
    padded = Samples({name: np.pad(values, ((0, 0), (0, 7))) for name, values in samples.inputs.items()})
    np.testing.assert_allclose(answers(model, padded)[:, :10], answers(model, samples), atol=1e-6)


def test_a_pattern_is_learnt_and_the_best_epoch_told():
    model, samples = small(30), verses(200, 30)
    run = fit(model, samples, verses(50, 30, seed=1), recipe(30, epochs=20), seed=0)
    best = run.history[run.best_epoch - 1]
    assert best["val_next_accuracy"] > 0.85  # nine of ten follow from the one before
    assert best["val_next_perplexity"] == pytest.approx(np.exp(best["val_next_loss"]))
    assert best["val_skill"] > 0.5


def test_judging_batch_by_batch_says_what_all_probabilities_would():
    model, samples = small(30), verses(70, 30)
    samples.targets["next"][3, 5:] = MISSING_CLASS
    judged = judge_steps(model, samples, ("next",))["next"]
    shares = np.take_along_axis(answers(model, samples), samples.targets["next"].clip(0)[..., None], -1)[..., 0]
    known = samples.targets["next"] != MISSING_CLASS
    np.testing.assert_allclose(judged[known, 0], -np.log(shares[known]), rtol=1e-4)
    assert (judged[~known] == 0).all()
    right = answers(model, samples).argmax(-1) == samples.targets["next"]
    np.testing.assert_array_equal(judged[known, 1], right[known])


def test_any_answer_at_every_step_is_trained_tied_or_not():
    tokens = keras.Input((None,), dtype="int32", name="tokens")
    x = layers.GRU(16, return_sequences=True, name="gru")(layers.Embedding(30, 8, name="embedding")(tokens))
    model = keras.Model([tokens], {"next": layers.Dense(30, activation="softmax", name="next")(x)})
    samples = verses(200, 30)
    rows = Samples({"tokens": samples.inputs["character"]}, samples.targets)
    run = fit(model, rows, rows, recipe(30, epochs=10, start_at_prior=True), seed=0)
    assert run.history[-1]["val_next_accuracy"] > 0.85


def softmax(size, seed=0):
    keras.utils.set_random_seed(0)
    embedding = layers.ReversibleEmbedding(size, 4, embeddings_initializer=keras.initializers.RandomNormal(stddev=1.0))
    embedding.build()
    order = np.random.default_rng(1).permutation(size)
    return TiedSoftmax(None, embedding, order, seed), np.random.default_rng(2).normal(size=(3, 5, 4)).astype("float32")


def exact(tied, x, label):
    logits = x @ np.asarray(ops.convert_to_numpy(tied.embedding.embeddings)).T
    chosen = np.take_along_axis(logits, label[..., None], -1)[..., 0]
    return np.log(np.exp(logits).sum(-1)) - chosen


def test_a_small_vocabulary_is_never_sampled():
    tied, x = softmax(200)
    label = np.random.default_rng(3).integers(0, 200, (3, 5)).astype("int32")
    np.testing.assert_allclose(ops.convert_to_numpy(tied.losses(x, label)), exact(tied, x, label), rtol=1e-5)


def test_the_sampled_sum_is_right_in_the_mean():
    tied, x = softmax(LARGE + 1000)
    label = np.random.default_rng(3).integers(0, LARGE + 1000, (3, 5)).astype("int32")
    assert len(set((tied.rank[label] < COMMON).ravel())) == 2  # both frequent and rare labels are asked for
    sums = np.mean([np.exp(ops.convert_to_numpy(tied.losses(x, label))) for _ in range(300)], axis=0)
    np.testing.assert_allclose(sums, np.exp(exact(tied, x, label)), rtol=0.02)
    judged, right = tied.judge(x, label)
    np.testing.assert_allclose(ops.convert_to_numpy(judged), exact(tied, x, label), rtol=1e-5)
    assert ops.convert_to_numpy(right).shape == (3, 5)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_labels_are_counted_in_full_where_features_are_of_half_precision(dtype):
    tied, _ = softmax(200)
    target = np.random.default_rng(4).integers(0, 200, (1_100, 64)).astype("int32")  # more than float16 can hold
    target[0, 0] = MISSING_CLASS
    features = ops.cast(np.random.default_rng(5).normal(size=(1_100, 64, 4)), dtype)
    loss, count = batch_loss(head(200), target, features, None, tied)
    assert float(count) == target.size - 1
    assert 1 < float(loss) < 20


def test_punctuation_takes_no_place_in_a_form():
    trained = pipeline_of("白日依山盡黃河入海流")
    plain, *others = (
        next_characters(trained, text, form=(5, 5))
        for text in ("白日依山盡黃", "白日依山盡，黃", "白日依山盡 / 黃", "「白日依山盡。」\n黃")
    )
    assert others == [plain] * 3
    with pytest.raises(DataError, match="no character that the model knows"):
        next_characters(trained, "，。")
    with pytest.raises(DataError, match="has 10 characters: a poem of 10 is complete with them"):
        next_characters(trained, "白日依山盡，黃河入海流。", form=(5, 5))


def test_a_language_model_says_nothing_of_a_poem_as_a_whole():
    with pytest.raises(ConfigError, match="predicts every step of a sequence, and nothing of a row as a whole"):
        pipeline_of("白日依山盡").predict({"verse": ["白日"]})


def test_a_vocabulary_larger_than_the_model_is_told():
    with pytest.raises(DataError, match=r"The model's outputs are next \(batch, None, 7\); .* next \(batch, None, 8\)"):
        Pipeline(pipeline_of("白日依山盡").schema, poem_tiny(vocabulary_size=7))


def test_the_command_goes_on_with_a_beginning(capsys):
    assert main(["predict", "poem", "春江花月"]) == 0
    beginning, likeliest = capsys.readouterr().out.splitlines()
    assert beginning == "春江花月"
    assert likeliest.split()[0] == "next"
    assert likeliest.count("%") == 5
    assert main(["predict", "poem", "abc"]) == 2
    assert capsys.readouterr().err == "error: 'abc' has no character that the model knows.\n"


def pipeline_of(characters):
    """A model of poems of a form with random weights."""
    verse = VerseColumn("verse", "verse", characters=tuple(characters), free=False)
    return Pipeline(Schema((verse,), (), None, 0), poem_tiny(vocabulary_size=verse.vocabulary.size))


class Stop(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        raise KeyboardInterrupt


def test_an_interrupted_run_draws_the_samples_that_it_would_have_drawn(tmp_path):
    samples, plan = verses(64, LARGE), recipe(LARGE)
    whole, halves = small(LARGE, dropout=0.2), small(LARGE, dropout=0.2)
    keras.utils.set_random_seed(1)
    fit(whole, samples, samples, plan, seed=3, folder=tmp_path / "whole")
    keras.utils.set_random_seed(1)
    with pytest.raises(KeyboardInterrupt):
        fit(halves, samples, samples, plan, seed=3, folder=tmp_path / "halves", callbacks=[Stop()])
    again = small(LARGE, dropout=0.2)
    keras.utils.set_random_seed(1)
    fit(again, samples, samples, plan, seed=3, folder=tmp_path / "halves")
    for mine, theirs in zip(again.get_weights(), whole.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_what_does_not_fit_is_told_before_training():
    samples = verses(20, 30)
    flat = Samples(samples.inputs, {"next": samples.targets["next"][:, 0]})
    with pytest.raises(ConfigError, match=r"\(n, steps\), as the output predicts at every step"):
        fit(small(30), flat, flat, recipe(30))
    balanced = Recipe({"next": Head(head(30).target, imbalance="over_sampling")}, start_at_prior=False)
    with pytest.raises(ConfigError, match="predicts at every step"):
        fit(small(30), samples, samples, balanced)
    with pytest.raises(UnknownNameError, match="cell"):
        poem(cell="rnn")
    with pytest.raises(ConfigError, match="no recurrent layer"):
        step_model(keras.Sequential([keras.Input((3,)), layers.Dense(2)]))


@settings(max_examples=20)
@given(st.integers(1, 3), st.integers(0, 1000))
def test_an_n_gram_gives_probabilities(order, seed):
    random = np.random.default_rng(seed)
    model = KneserNey(order, size=5).fit(random.integers(0, 5, (6, 9)))
    context = random.integers(0, 5, (1, 2)).repeat(5, 0)
    losses = model.losses(np.concatenate([context, np.arange(5)[:, None]], axis=1))
    assert np.exp(-losses[:, 2]).sum() == pytest.approx(1.0)


def test_longer_n_grams_know_a_pattern_better():
    text, other = verses(200, 30).targets["next"], verses(50, 30, seed=1).targets["next"]
    unigram, bigram = (KneserNey(order, size=30).fit(text).losses(other).mean() for order in (1, 2))
    assert bigram < 0.5 * unigram


def test_unknown_characters_are_counted_in_full():
    judged, target = np.array([[[1.0, 0], [3.0, 0], [0, 0]]]), np.array([[5, 1, MISSING_CLASS]])
    assert honest_loss(judged, target, 8) == pytest.approx(2.0 + np.log(8) / 2)
    samples = Samples({"character": target}, {"next": target}, {"form": np.array(["5x4"])})
    report = language_report(
        judged, "next", train=verses(50, 30), test=samples, classes=30, unknown=1, others=8, sizes={"test": 1}
    )
    assert report.scores[0]["model"] == pytest.approx(np.exp(2.0) * np.sqrt(8))


def test_a_corpus_is_learnt_kept_asked_and_judged(tmp_path):
    trained, report = train("poem_tiny", "sonnets", folder=tmp_path / "run", epochs=1)
    assert {row["metric"] for row in report.scores} == {"perplexity"}
    assert (tmp_path / "run" / "report.png").stat().st_size > 10_000
    again = load_pipeline(tmp_path / "run")
    likeliest = next_characters(again, "Shall I compare/thee to")
    assert likeliest == next_characters(trained, "Shall I compare/thee to")
    assert again.schema == trained.schema
    assert likeliest[0][1] >= likeliest[-1][1] > 0
    assert evaluate(tmp_path / "run").scores == report.scores
    with pytest.raises(DataError, match="no character that the model knows"):
        next_characters(again, "12345")


def test_weights_that_hold_no_pipeline_are_refused(tmp_path):
    save_weights(poem_tiny(), tmp_path / "x.h5", metadata={"entry": "poem_tiny", "config": {}})
    with pytest.raises(WeightsError, match="holds weights, but no pipeline"):
        load_pipeline(tmp_path / "x.h5")


def test_other_backends_train_and_judge_alike(tmp_path):
    model = small(LARGE)
    save_weights(model, tmp_path / "start.h5")
    expected = judge_steps(model, verses(8, LARGE), ("next",))["next"]
    np.save(tmp_path / "expected.npy", expected)
    environment = {**os.environ, "KERAS_BACKEND": "jax", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-m", "tests.test_poem_model", str(tmp_path)], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.startswith("jax trained")


def on_another_backend(folder):
    model = small(LARGE)
    load_weights(model, folder / "start.h5")
    found = judge_steps(model, verses(8, LARGE), ("next",))["next"]
    np.testing.assert_allclose(found[..., 0], np.load(folder / "expected.npy")[..., 0], rtol=1e-4)
    samples = verses(64, LARGE)
    first, last = (row["next_loss"] for row in fit(model, samples, samples, recipe(LARGE), seed=0).history)
    assert last < first
    print(keras.backend.backend(), "trained")


if __name__ == "__main__":
    on_another_backend(Path(sys.argv[1]))
