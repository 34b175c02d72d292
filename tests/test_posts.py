"""The generated posts: what is said follows the tables, and no score beats the posterior that they give."""

import hashlib
from itertools import pairwise

import numpy as np
import pytest

from zoo.columns.tokeniser import PADDING, UNKNOWN, words_of
from zoo.datasets.texts.posts import (
    AGE_UNITS,
    RAISED,
    SHORT,
    bayes_limits,
    draw_people,
    marginals,
    posts,
    vocabulary,
    write_posts,
)
from zoo.datasets.texts.posts_language import AGES, GENDERS, INCOMES, PLACES, THEMES, wordings
from zoo.datasets.texts.posts_people import PEOPLE, STATEMENTS, THEME_ENDS, likelihood, posterior, prior
from zoo.errors import ConfigError, UnknownNameError

SIZES = {"people": 300, "validation": 100, "test": 400}
CHI_SQUARE_ODDS = 5.0  # standard deviations of a chi-square sum above its mean that chance does not reach


def generator(seed: int = 0) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(seed))


@pytest.fixture(scope="module")
def small():
    return posts(**SIZES, seed=3)


@pytest.fixture(scope="module")
def crowd():
    """4,000 people: kinds, what they said, texts."""
    random = generator(1)
    persons = draw_people(random, 4_000)
    return persons, *write_posts(random, persons)


def chi_square_score(counts: np.ndarray, chances: np.ndarray) -> float:
    """How many standard deviations the chi-square of `counts` lies above its mean."""
    expected = chances * counts.sum()
    degrees = len(counts) - 1
    return (np.sum(np.square(counts - expected) / expected) - degrees) / np.sqrt(2 * degrees)


def test_splits_have_the_sizes_that_were_asked_for(small):
    assert [len(split) for split in (small.train, small.validation, small.test)] == list(SIZES.values())


def test_every_person_is_drawn_anew_so_no_post_of_several_sentences_stands_in_two_splits(small):
    texts = [text for split in (small.train, small.validation, small.test) for text in split.raw["posts"]]
    long = [text for text in texts if len(text) > 150]
    assert len(set(long)) == len(long) > len(texts) / 2


def test_targets_are_in_range_and_typed(small):
    targets = small.train.targets
    assert targets["age"].dtype == np.float32
    assert set(targets["age"]) <= set(AGES)
    assert targets["income"].dtype == targets["gender"].dtype == np.int32
    assert set(targets["income"]) <= set(range(len(INCOMES)))
    assert set(targets["gender"]) == set(range(len(GENDERS)))


def test_the_same_seed_gives_the_same_posts_on_every_machine(small):
    """The digest was taken once; it changes only when the language or the model of the people changes."""
    text = "\n".join(small.train.raw["posts"])
    assert text == "\n".join(posts(**SIZES, seed=3).train.raw["posts"])
    assert text != "\n".join(posts(**SIZES, seed=4).train.raw["posts"])
    assert hashlib.sha256(text.encode()).hexdigest()[:16] == "765d5743129f2082"


def test_inputs_are_the_encoded_texts_with_room_for_the_longest_post_alone(small):
    ids = small.test.inputs["posts"]
    rows = [small.schema.of("text")[0].tokeniser.encode(text) for text in small.test.raw["posts"]]
    for row, expected in zip(ids, rows, strict=True):
        assert np.array_equal(row[: len(expected)], expected)
        assert np.all(row[len(expected) :] == PADDING)


def test_only_places_are_unknown_words():
    tokeniser = vocabulary()
    places = {word for place in PLACES.split("|") for word in words_of(place)}
    unknown = {
        word
        for statement in STATEMENTS
        for text in wordings(statement.text)
        for word in words_of(text)
        if tokeniser.encode(word).tolist() == [UNKNOWN]
    }
    assert unknown == places


def test_a_sentence_belongs_to_one_statement():
    """Otherwise the likelihood of the sentence would be a sum over its statements."""
    sentences = [text for statement in STATEMENTS for text in wordings(statement.text)]
    assert len(set(sentences)) == len(sentences)


def test_prior_and_likelihood_are_distributions_without_an_impossible_statement():
    assert prior().sum() == pytest.approx(1.0, abs=1e-12)
    assert prior().min() > 0
    for start, end in pairwise([0, *THEME_ENDS]):
        assert likelihood()[start:end].sum(axis=0) == pytest.approx(np.ones(PEOPLE), abs=1e-12)
    assert likelihood().min() > 0


def test_people_are_drawn_from_the_prior():
    kinds = np.unravel_index(draw_people(generator(2), 20_000), PEOPLE)
    for axis, drawn in enumerate(kinds):
        chances = prior().sum(axis=tuple(other for other in range(3) if other != axis))
        counts = np.bincount(drawn, minlength=len(chances))
        assert chi_square_score(counts, chances) < CHI_SQUARE_ODDS


@pytest.mark.parametrize("kind", [(2, 1, 0), (25, 5, 1), (45, 8, 0)])
def test_one_kind_of_person_says_what_the_likelihood_says(kind):
    person = np.ravel_multi_index(kind, PEOPLE)
    said, _ = write_posts(generator(3), np.full(6_000, person))
    for start, end in pairwise([0, *THEME_ENDS]):
        chances = likelihood()[(slice(start, end), *kind)]
        common = chances > 2e-3  # chi-square wants several expected cases; the rare ones are counted together
        counts = np.append(said[:, start:end][:, common].sum(axis=0), said[:, start:end][:, ~common].sum() + 1e-9)
        shares = np.append(chances[common], max(chances[~common].sum(), 1e-9))
        assert chi_square_score(counts, shares) < CHI_SQUARE_ODDS


def test_a_text_holds_one_wording_of_each_statement_that_was_said(crowd):
    _, said, texts = crowd
    for row, text in list(zip(said, texts, strict=True))[:300]:
        assert SHORT[0] <= row.sum() <= RAISED[1]
        rest = text
        for statement in np.flatnonzero(row):
            found = [way for way in wordings(STATEMENTS[statement].text) if way in rest]
            assert found, (STATEMENTS[statement].text, rest)
            rest = rest.replace(max(found, key=len), "", 1)
        assert not rest.strip()


def test_posterior_of_a_short_post_equals_a_computation_by_hand():
    """A loop over all people and all statements of a theme; equal but for the grain of the likelihood."""
    chosen = [
        next(row for row, one in enumerate(STATEMENTS) if one.text.startswith(start))
        for start in ("Hi [all", "My boyfriend", "I used to rent", "My overdraft")
    ]
    by_hand = np.zeros(PEOPLE)
    for index in np.ndindex(PEOPLE):
        by_hand[index] = prior()[index] * np.prod([_chance(statement, index) for statement in chosen])
    by_hand /= by_hand.sum()
    said = np.zeros((1, len(STATEMENTS)), dtype=bool)
    said[0, chosen] = True
    assert posterior(said)[0] == pytest.approx(by_hand, rel=1e-2, abs=5e-5)


def _chance(chosen: int, person: tuple[int, ...]) -> float:
    theme = next(theme for theme in THEMES.values() if STATEMENTS[chosen] in theme)
    weights = {}
    for statement in theme:
        far = 1.0 if statement.age is None else ((AGES[person[0]] - statement.age) / 7.0) ** 2 / 2
        far += 1.0 if statement.income is None else ((person[1] - statement.income) / 0.9) ** 2 / 2
        weights[statement] = np.exp(-far + statement.woman * (person[2] - 0.5))
    return weights[STATEMENTS[chosen]] / sum(weights.values())


def test_the_posterior_is_calibrated(crowd):
    """What it promises on average is what happens: hits, absolute and squared error, within three standard errors."""
    persons, said, _ = crowd
    age, income, gender = np.unravel_index(persons, PEOPLE)
    known = posterior(said)
    of_age, of_income, of_gender = known.sum(axis=(2, 3)), known.sum(axis=(1, 3)), known.sum(axis=(1, 2))
    for probabilities, truth in ((of_age, age), (of_income, income), (of_gender, gender)):
        hits = np.argmax(probabilities, axis=1) == truth
        _assert_equal_means(hits, probabilities.max(axis=1))
    ages = np.array(AGES)
    median, mean, _, _ = marginals(said)
    _assert_equal_means(np.abs(ages[age] - ages[median]), np.sum(of_age * np.abs(ages - ages[median][:, None]), axis=1))
    _assert_equal_means(np.square(ages[age] - mean), np.sum(of_age * np.square(ages - mean[:, None]), axis=1))


def _assert_equal_means(happened: np.ndarray, promised: np.ndarray) -> None:
    difference = happened - promised
    assert abs(difference.mean()) < 3 * difference.std() / np.sqrt(len(difference))


def test_limits_are_far_from_the_constant_answer_and_from_perfection(crowd):
    persons, said, _ = crowd
    age, income, gender = np.unravel_index(persons, PEOPLE)
    targets = {"age": np.array(AGES)[age], "income": income, "gender": gender}
    limits = bayes_limits(said, targets)
    constant_error = np.mean(np.abs(targets["age"] - np.median(targets["age"])))
    assert constant_error > 10
    assert 3 < limits["age"]["mae"] < 4
    assert np.bincount(income).max() / len(income) < 0.2
    assert 0.55 < limits["income"]["accuracy"] < 0.75
    assert max(np.mean(gender), 1 - np.mean(gender)) < 0.55
    assert 0.85 < limits["gender"]["accuracy"] < 0.93
    assert limits["gender"]["auc"] > limits["gender"]["accuracy"]


def test_standard_errors_are_those_of_redrawn_samples(crowd):
    """Bootstrap of 150 resamples against the formulas, AUC's included."""
    persons, said, _ = crowd
    said = said[:400]
    age, income, gender = np.unravel_index(persons[:400], PEOPLE)
    targets = {"age": np.array(AGES)[age], "income": income, "gender": gender}
    stated = bayes_limits(said, targets)
    draws = np.random.default_rng(0).integers(0, 400, (150, 400))
    redrawn = [bayes_limits(said[rows], {name: values[rows] for name, values in targets.items()}) for rows in draws]
    for output, limits in stated.items():
        for metric in [name for name in limits if not name.endswith("_standard_error")]:
            spread = np.std([limit[output][metric] for limit in redrawn])
            assert limits[f"{metric}_standard_error"] == pytest.approx(spread, rel=0.3), (output, metric)


def test_counting_words_is_not_enough():
    """Statements of one theme that use the same words in another order suit opposite people."""
    pairs = []
    for theme in THEMES.values():
        bags = [(sorted(words_of(wordings(statement.text)[0])), statement) for statement in theme]
        pairs += [(one, two) for at, (bag, one) in enumerate(bags) for other, two in bags[at + 1 :] if bag == other]
    assert len(pairs) >= 10
    for one, two in pairs:
        gaps = (abs((one.age or 0) - (two.age or 0)) / 10, abs((one.income or 0) - (two.income or 0)))
        assert max(*gaps, abs(one.woman - two.woman)) >= 0.5


def test_age_in_weeks_is_the_same_data_at_another_scale(small):
    weeks = posts(**SIZES, seed=3, age_unit="weeks")
    assert weeks.targets["age"].unit == "weeks"
    assert weeks.train.raw["posts"] == small.train.raw["posts"]
    scale = AGE_UNITS["weeks"]
    assert weeks.test.targets["age"] == pytest.approx(small.test.targets["age"] * scale, rel=1e-6)
    for metric in ("mae", "rmse"):
        for name in (metric, f"{metric}_standard_error"):
            assert weeks.limits["age"][name] == pytest.approx(small.limits["age"][name] * scale, rel=1e-4)
    assert weeks.limits["income"] == small.limits["income"]


@pytest.mark.parametrize("name", ["people", "validation", "test"])
def test_an_empty_split_is_refused_by_name(name):
    with pytest.raises(ConfigError, match=f"'{name}' must be a whole number >= 1"):
        posts(**{**SIZES, name: 0})


def test_a_negative_seed_is_refused():
    with pytest.raises(ConfigError, match="-1"):
        posts(**SIZES, seed=-1)


def test_another_unit_of_age_gets_the_nearest_spelling():
    with pytest.raises(UnknownNameError, match="did you mean 'weeks'"):
        posts(**SIZES, age_unit="week")
