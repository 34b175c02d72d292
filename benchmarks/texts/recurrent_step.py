"""Milliseconds of a training step of the recurrent models: the zoo's, plain Keras', and PyTorch's.

    python -m benchmarks.texts.recurrent_step     # some minutes; writes results/recurrent_step.json

Each contestant is a process of its own, with the same network, batches and Adam, its vocabulary that of the data; they
take turns of a few steps. A millisecond is one of the processor, of all threads together: what else the machine does
falls on nobody. What counts is the median over rounds of a contestant's time divided by the zoo's in the same round.
"keras" is `compile` and `train_on_batch` with Keras' own choices on TensorFlow, "keras_xla" the whole step compiled,
"keras_unrolled" the loop unrolled; "keras_jax" and "zoo_jax" run on JAX; "torch" is `benchmarks.texts.recurrent_torch`.
"""

import argparse
import itertools
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from zoo.records import write_record

Arrays = dict[str, np.ndarray]
Step = Callable[[Arrays, np.ndarray], Any]

CONTESTANTS = ("zoo", "keras", "keras_xla", "keras_unrolled", "zoo_jax", "keras_jax", "torch")
BATCHES = 8
SECONDS, LEAST_STEPS = 0.15, 3  # of a turn
WARM_UP = 2.0  # seconds


@dataclass(frozen=True)
class Task:
    """A model of the zoo, and batches as its data have them.

    lengths  input -> shortest, longest, and how many different tokens occur.
    """

    batch_size: int
    lengths: dict[str, tuple[int, int, int]]
    output: str
    classes: int = 0  # 0 for a number between 0 and 1
    every_step: bool = False

    def batches(self) -> list[tuple[Arrays, np.ndarray]]:
        random = np.random.default_rng(0)
        return [self._batch(random) for _ in range(BATCHES)]

    def _batch(self, random: np.random.Generator) -> tuple[Arrays, np.ndarray]:
        inputs = {}
        for name, (shortest, longest, words) in self.lengths.items():
            tokens = random.integers(1, words, (self.batch_size, longest))
            ends = random.integers(shortest, longest + 1, self.batch_size)
            inputs[name] = np.where(np.arange(longest) < ends[:, None], tokens, 0).astype("int32")
        if not self.classes:
            return inputs, random.random((self.batch_size,), dtype="float32")
        shape = next(iter(inputs.values())).shape if self.every_step else (self.batch_size,)
        return inputs, random.integers(0, self.classes, shape).astype("int32")


POEM_LENGTH = 32  # a quatrain of seven characters a line, with the ends of lines
TASKS = {
    # Stories of bAbI, joint: 150 words.
    "question_answering": Task(32, {"text": (30, 100, 150), "question": (3, 6, 150)}, "answer", classes=500),
    # Sentences of SICK: 2,300 words.
    "text_similarity": Task(32, {"left": (5, 20, 2_300), "right": (5, 20, 2_300)}, "score"),
    "poem": Task(
        64,
        {
            **dict.fromkeys(("character", "above", "rhyme"), (POEM_LENGTH, POEM_LENGTH, 6_000)),
            **dict.fromkeys(("place", "left", "line", "form"), (POEM_LENGTH, POEM_LENGTH, 17)),
        },
        "next",
        classes=6_000,
        every_step=True,
    ),
}


def keras_model(name: str) -> Any:
    """The entry with the reference's sizes, which are the builders' own, for the words of the data."""
    from zoo import models

    return getattr(models, name)(vocabulary_size=max(words for *_, words in TASKS[name].lengths.values()))


def of_keras(name: str, task: Task, *, xla: bool, unrolled: bool) -> Step:
    model = keras_model(name)
    if unrolled:
        model = unroll(model, {each: longest for each, (_, longest, _) in task.lengths.items()})
    loss = "sparse_categorical_crossentropy" if task.classes else "mse"
    model.compile("adam", loss={task.output: loss}, jit_compile=True if xla else "auto")
    return lambda inputs, targets: model.train_on_batch(inputs, {task.output: targets})


def unroll(model: Any, lengths: dict[str, int]) -> Any:
    """The model for texts of these lengths, its recurrent layers without a loop."""
    import keras

    def made_anew(layer: Any) -> Any:
        changed = {"unroll": True} if isinstance(layer, keras.layers.RNN) else {}
        return type(layer).from_config(layer.get_config() | changed)

    inputs = [keras.Input((lengths[each.name],), dtype="int32", name=each.name) for each in model.inputs]
    return keras.models.clone_model(model, input_tensors=inputs, clone_function=made_anew)


def of_the_zoo(name: str, task: Task) -> Step:
    """The trainer that `zoo.training.fit` calls, without its tied softmax: the same arithmetic for all."""
    from zoo.samples import Target
    from zoo.training.balance import Static
    from zoo.training.heads import Head
    from zoo.training.optimisers.optimiser import Optimiser
    from zoo.training.trainer import Trainer

    labels = tuple(map(str, range(task.classes)))
    heads = {task.output: Head(Target("classification", labels) if labels else Target("regression"))}
    trainer = Trainer(keras_model(name), heads, Static(heads, {task.output: 1.0}), {})
    trainer.compile(optimizer=Optimiser(schedule="constant", warm_up=0.0).build(1000))
    return lambda inputs, targets: trainer.train_on((inputs, {task.output: targets}, None))


def work(contestant: str, name: str) -> None:
    """For every line of standard input, a number of seconds, train for so long and answer a step's milliseconds."""
    os.environ["KERAS_BACKEND"] = "jax" if contestant.endswith("jax") else "tensorflow"
    task = TASKS[name]
    if contestant == "torch":
        from benchmarks.texts.recurrent_torch import of_torch  # where PyTorch is installed

        step = of_torch(name, task.classes)
    elif contestant.startswith("zoo"):
        step = of_the_zoo(name, task)
    else:
        step = of_keras(name, task, xla=contestant == "keras_xla", unrolled=contestant == "keras_unrolled")
    batches = itertools.cycle(task.batches())
    for line in sys.stdin:
        end, seconds = time.perf_counter() + float(line), []
        while len(seconds) < LEAST_STEPS or time.perf_counter() < end:
            start = time.process_time()
            step(*next(batches))
            seconds.append(time.process_time() - start)
        print(json.dumps(statistics.median(seconds) * 1e3), flush=True)


class Worker:
    """A contestant, compiled and waiting for its turn."""

    def __init__(self, contestant: str, name: str) -> None:
        command = [sys.executable, "-m", "benchmarks.texts.recurrent_step", "--worker", contestant, "--models", name]
        quiet = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"}
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=quiet)

    def turn(self, seconds: float) -> float:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{seconds}\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise SystemExit(f"The contestant {self.process.args} ended with {self.process.wait()}.")
        return float(json.loads(answer))

    def end(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()


def compare(name: str, contestants: list[str], rounds: int) -> dict[str, Any]:
    workers = {each: Worker(each, name) for each in contestants}
    for worker in workers.values():
        worker.turn(0.0)  # compiles
        worker.turn(WARM_UP)
    found = []
    for number in range(rounds):
        first = number % len(contestants)
        turns = {each: workers[each].turn(SECONDS) for each in contestants[first:] + contestants[:first]}
        found.append({each: turns[each] for each in contestants})
    for worker in workers.values():
        worker.end()
    median = {each: statistics.median(row[each] for row in found) for each in contestants}
    ratios = {each: statistics.median(row[each] / row[contestants[0]] for row in found) for each in contestants}
    for each in contestants:
        print(f"{name:20s} {each:16s} {median[each]:8.3f} ms, {ratios[each]:5.2f} times the zoo's", flush=True)
    return {"milliseconds_a_step": median, "times_as_long_as_the_zoo": ratios, "rounds": found}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", nargs="+", choices=TASKS, default=list(TASKS))
    parser.add_argument("--contestants", nargs="+", choices=CONTESTANTS, default=list(CONTESTANTS))
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--shared", action="store_true", help="say in the record that others used the machine too")
    parser.add_argument("--worker", choices=CONTESTANTS, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.worker:
        work(arguments.worker, arguments.models[0])
        return
    command = ["python -m benchmarks.texts.recurrent_step", f"--rounds {arguments.rounds}"]
    command += [f"--{what} {' '.join(vars(arguments)[what])}" for what in ("models", "contestants")]
    figures = {}
    for name in arguments.models:  # written after each, so that what was measured is kept
        figures[name] = compare(name, arguments.contestants, arguments.rounds)
        record = {"models": figures, "machine_was_shared": arguments.shared}
        write_record("results/recurrent_step.json", record, command=" ".join(command), seed=0)


if __name__ == "__main__":
    main()
