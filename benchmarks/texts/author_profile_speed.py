"""A training step of the author profile: the zoo's, the textbook's Keras script's, and PyTorch's.

    python -m benchmarks.texts.author_profile_speed     # 15 minutes on two quiet cores

Writes results/author_profile_speed.json.

Every contestant stands ready in a process of its own; in each round all of them take a turn, one at a time, in an order
that shifts from round to round. What is reported are medians over rounds of the ratio, within one round, of a
contestant's time for a step to the zoo's. Data: uniform random tokens (nearly every token of a batch differs, which no
language does), and pieces of 500 words of the blogs where their file can be had. The PyTorch network is the
textbook's, with "valid" convolutions and without masks: 7 % less arithmetic than the zoo's. The zoo trains by the
optimiser of its recipe, the others by RMSprop as in the textbook; "zoo_rmsprop" has theirs.
"""

import argparse
import json
import multiprocessing
import os
import sys
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np

from benchmarks.texts.author_profile_contestants import BATCH, CONTESTANTS, GROUPS, VOCABULARY, Arrays
from zoo.errors import ArtifactError
from zoo.records import write_record

LENGTH = 500
SLOW = "torch_bfloat16"  # tens of seconds a step on a processor without bfloat16 units: one step a turn
Data = dict[str, tuple[np.ndarray, Arrays]]


def make_data(steps: int, seed: int) -> Data:
    """Posts and random labels for `steps` timed steps and the untimed one before them."""
    random, count = np.random.default_rng(seed), (steps + 1) * BATCH
    targets = {
        "age": random.normal(size=count).astype("float32"),
        "income": random.integers(0, GROUPS, count).astype("int32"),
        "gender": random.integers(0, 2, count).astype("int32"),
    }
    posts = {"uniform": random.integers(1, VOCABULARY, (count, LENGTH)).astype("int32")}
    try:
        from zoo.tasks import load_dataset

        blogs = load_dataset("blogs", vocabulary_size=VOCABULARY).train.inputs["posts"]
        posts["blogs"] = blogs[random.permutation(len(blogs))[:count], :LENGTH]
    except ArtifactError as error:
        print(f"Without real text: {error}", file=sys.stderr)
    return {name: (tokens, targets) for name, tokens in posts.items()}


def serve(name: str, data: Data, link: Connection) -> None:
    """In a process of its own: build the contestant, warm it up, then run each turn that is asked for."""
    os.environ.update(KERAS_BACKEND="tensorflow", TF_CPP_MIN_LOG_LEVEL="3")
    measure = CONTESTANTS[name]()
    if name == SLOW:
        data = {key: (posts[: 2 * BATCH], cut(targets, 2 * BATCH)) for key, (posts, targets) in data.items()}
    for posts, targets in data.values():
        measure(posts[: 2 * BATCH], cut(targets, 2 * BATCH))
    link.send("ready")
    while (wanted := link.recv()) is not None:
        link.send(measure(*data[wanted]))


def cut(targets: Arrays, count: int) -> Arrays:
    return {name: values[:count] for name, values in targets.items()}


def compete(names: list[str], data: Data, rounds: int) -> dict[str, dict[str, list[float]]]:
    """Data set -> contestant -> seconds a step, one for each round."""
    context = multiprocessing.get_context("spawn")
    links, processes = {}, []
    for name in names:
        links[name], far_end = context.Pipe()
        processes.append(context.Process(target=serve, args=(name, data, far_end), daemon=True))
        processes[-1].start()
        far_end.close()  # so that a contestant's end is an error here, not a silence
        links[name].recv()  # one after the other: warming up is work too
        print(f"{name} is ready", file=sys.stderr)
    seconds: dict[str, dict[str, list[float]]] = {key: {name: [] for name in names} for key in data}
    for turn in range(rounds):
        for name in names[turn % len(names) :] + names[: turn % len(names)]:
            for key in data:
                links[name].send(key)
                seconds[key][name].append(links[name].recv())
        print(f"round {turn + 1} of {rounds}", file=sys.stderr)
    for name, process in zip(names, processes, strict=True):
        links[name].send(None)
        process.join()
    return seconds


def summary(seconds: dict[str, list[float]]) -> dict[str, object]:
    """Milliseconds a step, and how many times the zoo is as fast: medians over rounds, with the quartiles."""
    ours = np.array(seconds["zoo"])
    ratios = {name: np.array(values) / ours for name, values in seconds.items()}
    rivals = [name for name in seconds if name.startswith("torch")]
    best = min(rivals, key=lambda name: float(np.median(ratios[name])), default=None)
    figures: dict[str, object] = {
        "milliseconds_a_step": {name: round(1e3 * float(np.median(values)), 1) for name, values in seconds.items()},
        "times_as_fast_as": {name: round(float(np.median(values)), 3) for name, values in ratios.items()},
        "quartiles": {name: np.percentile(values, (25, 75)).round(3).tolist() for name, values in ratios.items()},
    }
    if best:
        figures |= {"best_torch": best, "times_as_fast_as_best_torch": round(float(np.median(ratios[best])), 3)}
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description="Time a training step of the author profile against its rivals.")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--steps", type=int, default=5, help="timed steps a turn")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", nargs="*", choices=CONTESTANTS, default=list(CONTESTANTS), help="'zoo' always runs")
    parser.add_argument("--out", type=Path, default=Path("results/author_profile_speed.json"))
    given = parser.parse_args()
    names = ["zoo", *(name for name in given.only if name != "zoo")]
    data = make_data(given.steps, given.seed)
    figures: dict[str, object] = {"rounds": given.rounds, "steps_a_turn": given.steps, "batch": BATCH, "length": LENGTH}
    for key, seconds in compete(names, data, given.rounds).items():
        batches = data[key][0].reshape(-1, BATCH * LENGTH)
        words = float(np.median([len(np.unique(batch)) for batch in batches]))
        figures[key] = {"different_tokens_a_batch": words, **summary(seconds)}
    command = " ".join(["python -m benchmarks.texts.author_profile_speed", *sys.argv[1:]])
    write_record(given.out, figures, command=command, seed=given.seed)
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
