"""What simple answers reach on the blogs, on the split of the zoo: the majority, and linear models on TF-IDF.

    python -m benchmarks.texts.blogs_baselines     # about ten minutes on two cores; writes results/blogs_baselines.json

Regularisation is chosen on validation, by the score that is reported. Every score is given per piece of 500 words and
per author (the mean prediction over an author's pieces).
"""

import argparse
from collections.abc import Callable

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression, Ridge

from zoo.datasets.dataset import Dataset
from zoo.metrics import METRICS, score
from zoo.records import write_record
from zoo.samples import Samples
from zoo.tasks import load_dataset

METRIC = {"age": "mae", "industry": "accuracy", "gender": "accuracy"}
STRENGTHS = (1.0, 10.0, 100.0)  # C of the logistic regression
PENALTIES = (0.1, 0.3, 1.0, 3.0, 10.0)  # alpha of the ridge regression
MODELS = {"age": ("linear", "linear_log"), "industry": ("linear",), "gender": ("linear",)}
YOUNGEST = 20  # years; ages of the sample crowd at 23: their logarithm past 20 has no such skew, which suits a MAE
FEATURES = 200_000  # most frequent words and pairs of words


def majority(data: Dataset, name: str) -> Callable[[Samples, object], np.ndarray]:
    """The median, or the share of every class, of the training pieces."""
    labels = data.train.targets[name]
    if name == "age":
        return lambda samples, _: np.full(len(samples), np.median(labels))
    shares = np.bincount(labels, minlength=len(data.targets[name].labels)) / len(labels)
    return lambda samples, _: (
        np.tile(shares, (len(samples), 1)) if len(shares) > 2 else np.full(len(samples), shares[1])
    )


def linear(
    model: str, name: str, strength: float, features, labels: np.ndarray
) -> Callable[[Samples, object], np.ndarray]:
    """Ridge for the age, logistic regression for a class: (samples, features) -> predictions."""
    if model == "linear_log":
        ridge = Ridge(alpha=strength, solver="lsqr").fit(features, np.log(labels - YOUNGEST))
        return lambda _, given: np.exp(ridge.predict(given)) + YOUNGEST
    if name == "age":
        ridge = Ridge(alpha=strength, solver="lsqr").fit(features, labels)
        return lambda _, given: ridge.predict(given)
    solver = "liblinear" if name == "gender" else "lbfgs"
    classes = LogisticRegression(C=strength, solver=solver, max_iter=200, tol=1e-3).fit(features, labels)
    return lambda _, given: classes.predict_proba(given)[:, 1] if name == "gender" else classes.predict_proba(given)


def by_author(samples: Samples, name: str, predicted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(n,) labels and predictions of pieces -> those of authors."""
    _, first, author = np.unique(samples.groups["author"], return_index=True, return_inverse=True)
    sums = np.zeros((len(first), *predicted.shape[1:]))
    np.add.at(sums, author, predicted)
    counts = np.bincount(author).reshape(-1, *[1] * (predicted.ndim - 1))
    return samples.targets[name][first], sums / counts


def measure(samples: Samples, name: str, predicted: np.ndarray) -> dict[str, float | None]:
    metric = METRIC[name]
    return {
        "piece": score(metric, samples.targets[name], predicted),
        "author": score(metric, *by_author(samples, name, predicted)),
    }


def one_seed(seed: int) -> dict[str, dict]:
    """Majority and linear scores of every target on the test split of one seed."""
    data = load_dataset("blogs", seed=seed)
    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=2, max_features=FEATURES, dtype=np.float32)
    features = {"train": words.fit_transform(data.train.raw["posts"])}
    features |= {split: words.transform(getattr(data, split).raw["posts"]) for split in ("validation", "test")}
    found: dict[str, dict] = {"sizes": data.card["sizes"]}
    for name in METRIC:
        found[name] = {"majority": measure(data.test, name, majority(data, name)(data.test, None))}
        for model in MODELS[name]:
            found[name][model] = best_linear(model, name, data, features)
        print(seed, name, found[name], flush=True)
    return found


def best_linear(model: str, name: str, data: Dataset, features: dict) -> dict[str, float | None]:
    """Test scores of the regularisation that is best on validation, which is told as `chosen`."""
    metric = METRIC[name]
    sign = 1 if METRICS[metric].better == "higher" else -1
    candidates = []
    for strength in PENALTIES if name == "age" else STRENGTHS:
        predict = linear(model, name, strength, features["train"], data.train.targets[name])
        reached = score(metric, data.validation.targets[name], predict(data.validation, features["validation"]))
        candidates.append((sign * (reached or 0.0), strength, predict))
    _, strength, best = max(candidates, key=lambda candidate: candidate[:2])
    return {**measure(data.test, name, best(data.test, features["test"])), "chosen": strength}


def summary(scores: list[float]) -> dict[str, object]:
    deviation = np.std(scores, ddof=1) if len(scores) > 1 else None
    return {"mean": np.mean(scores), "standard_deviation": deviation, "seeds": scores}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--out", default="results/blogs_baselines.json")
    options = parser.parse_args()
    runs = {seed: one_seed(seed) for seed in options.seeds}
    figures = {
        name: {
            "metric": METRIC[name],
            **{
                model: {
                    what: summary([run[name][model][what] for run in runs.values()]) for what in ("piece", "author")
                }
                for model in ("majority", *MODELS[name])
            },
            "chosen": {model: [run[name][model]["chosen"] for run in runs.values()] for model in MODELS[name]},
        }
        for name in METRIC
    }
    sizes = {str(seed): run["sizes"] for seed, run in runs.items()}
    command = f"python -m benchmarks.texts.blogs_baselines --seeds {' '.join(map(str, options.seeds))}"
    write_record(options.out, {**figures, "sizes": sizes}, command=command, seed=options.seeds)


if __name__ == "__main__":
    main()
