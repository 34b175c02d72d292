"""Who writes the generated posts, what they say, and what can be known of them from it: all by enumeration.

A person is one of `PEOPLE` = 48 ages x 10 income groups x 2 genders. `prior` and `likelihood` are the whole model; the
generator draws from these two tables and the posterior multiplies them, so that they cannot disagree.
"""

from functools import cache

import numpy as np

from zoo.datasets.texts.posts_language import AGES, GENDERS, INCOMES, THEMES, Statement

AGE_WIDTH = 7.0  # years: how fast a statement goes out of use away from its age
INCOME_WIDTH = 0.9  # groups
UNTOLD = 1.0  # what a statement for everybody loses against one at its centre, in the unit of squares / 2
PEOPLE = (len(AGES), len(INCOMES), len(GENDERS))
GRAIN = 1 << 20  # probabilities are whole parts of this: the last bit of an exponential differs between machines

AGE, INCOME, GENDER = np.meshgrid(AGES, np.arange(len(INCOMES)), np.arange(len(GENDERS)), indexing="ij")  # each PEOPLE
STATEMENTS: tuple[Statement, ...] = tuple(statement for theme in THEMES.values() for statement in theme)
THEME_ENDS = np.cumsum([len(theme) for theme in THEMES.values()])  # statements of theme t: ends[t - 1] to ends[t]


@cache
def prior() -> np.ndarray:
    """PEOPLE: how many of all people are of each kind, summing to 1.

    Ages thin out slowly after 25. Income rises with age until 50, then falls a little; it does not depend on gender.
    """
    ages = np.where(AGE < 25, 1.0, np.exp(-(AGE - 25) / 60.0))
    typical = 4.2 - np.square((AGE - 50) / 16.0)
    incomes = np.exp(-np.square((INCOME - typical) / 2.2) / 2.0)
    incomes = incomes / incomes.sum(axis=1, keepdims=True)
    genders = np.where(GENDER == 1, 0.52, 0.48)
    return _shares(ages * incomes * genders, axis=(0, 1, 2))


@cache
def likelihood() -> np.ndarray:
    """(statements, *PEOPLE): how probable each statement is once its theme is raised; every theme sums to 1."""
    scores = np.stack([_suits(statement) for statement in STATEMENTS])
    themes = np.split(scores, THEME_ENDS[:-1])
    return np.concatenate([_shares(np.exp(theme), axis=0) for theme in themes])


def posterior(said: np.ndarray) -> np.ndarray:
    """(n, statements) bool -> (n, *PEOPLE): the probability of every kind of person, given what was said.

    Which themes are raised does not depend on the person and cancels out, and so does the choice of words.
    """
    logs = said.astype(np.float64) @ np.log(likelihood()).reshape(len(STATEMENTS), -1) + np.log(prior()).reshape(-1)
    logs -= logs.max(axis=1, keepdims=True)
    weights = np.exp(logs)
    return (weights / weights.sum(axis=1, keepdims=True)).reshape(-1, *PEOPLE)


def _suits(statement: Statement) -> np.ndarray:
    """PEOPLE: the logarithm of how well a statement suits each kind of person."""
    return (
        -_misfit(AGE, statement.age, AGE_WIDTH)
        - _misfit(INCOME, statement.income, INCOME_WIDTH)
        + statement.woman * (GENDER - 0.5)
    )


def _misfit(trait: np.ndarray, centre: float | None, width: float) -> np.ndarray:
    return np.full(PEOPLE, UNTOLD) if centre is None else np.square((trait - centre) / width) / 2.0


def _shares(weights: np.ndarray, axis: int | tuple[int, ...]) -> np.ndarray:
    """Shares of the sum over `axis`, whole parts of about `GRAIN`, none of them 0."""
    parts = np.maximum(np.rint(weights / weights.sum(axis=axis, keepdims=True) * GRAIN), 1.0)
    return parts / parts.sum(axis=axis, keepdims=True)
