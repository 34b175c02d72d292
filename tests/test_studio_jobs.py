"""The studio's jobs, the test split that several ask for, and the commands that give again what the page shows."""

import argparse
import ctypes
import platform
import threading
import time
import weakref
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from zoo.cli.attack import add_attack_options
from zoo.studio import split
from zoo.studio.commands import attack_command, explain_command, predict_command
from zoo.studio.errors import TooManyError
from zoo.studio.explanations import Wanted
from zoo.studio.jobs import Job, Jobs
from zoo.studio.memory import return_free_memory
from zoo.studio.models import StudioModel
from zoo.studio.samples import Sample, Upload
from zoo.studio.sessions import Sessions


def test_a_cancelled_job_counts_until_its_work_has_ended():
    jobs, sessions = Jobs(), Sessions()
    user, other = (sessions.create()[1] for _ in range(2))
    ended, begun = threading.Event(), threading.Event()
    try:
        for _ in range(4):
            jobs.start(user, "x", lambda job: ended.wait(10))
        [job.cancel() for job in user.jobs.all()]
        with pytest.raises(TooManyError, match="4 of your jobs"):
            jobs.start(user, "x", lambda job: None)
        jobs.start(other, "x", lambda job: begun.set())
        assert begun.wait(5)  # one user's work does not stop another's
    finally:
        ended.set()
    waited_for(lambda: not any(job.is_busy for job in user.jobs.all()))
    jobs.start(user, "x", lambda job: None)
    jobs.close()
    sessions.close()


def _works(job, array):
    job.tell(0.5)
    return float(array.sum())


def _breaks(job, array):
    raise ValueError(array.sum())


def _is_cancelled(job, array):
    job.cancel()
    job.tell(0.5)


@pytest.mark.parametrize(("end", "state"), [(_works, "done"), (_breaks, "failed"), (_is_cancelled, "cancelled")])
def test_memory_is_given_back_when_nothing_of_a_job_is_left(end, state, monkeypatch):
    job, alive, given_back = Job("x"), [], []

    def work(job):
        array = np.ones(10)
        alive.append(weakref.ref(array))
        return end(job, array)

    monkeypatch.setattr("zoo.studio.jobs.return_free_memory", lambda: given_back.append((job.state, alive[0]())))
    job.run(work)
    assert given_back == [(state, None)]


@pytest.mark.skipif(
    platform.libc_ver()[0] != "glibc", reason="malloc_trim is glibc's own; elsewhere nothing is asked of it"
)
def test_free_blocks_between_used_ones_are_given_back():
    """Such as the end of the heap alone, which `free` gives back, does not hold."""
    library = ctypes.CDLL(None)
    library.malloc.argtypes, library.malloc.restype = [ctypes.c_size_t], ctypes.c_void_p
    library.free.argtypes = [ctypes.c_void_p]
    blocks = [library.malloc(1 << 16) for _ in range(200)]
    [library.free(each) for each in blocks[:-1:2]]
    try:
        assert return_free_memory()
    finally:
        [library.free(each) for each in [*blocks[1::2]]]


def waited_for(condition, seconds=5.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.fixture
def trained(monkeypatch):
    """A model whose data set and pipeline are stand-ins."""
    model = StudioModel("trained")
    monkeypatch.setattr(model, "about", lambda: {"trained": True})
    monkeypatch.setattr("zoo.pipeline.load_pipeline", lambda source: SimpleNamespace())
    data = SimpleNamespace(name="data", table=SimpleNamespace(test=[1, 2]))
    monkeypatch.setattr("zoo.tasks.evaluation.dataset_of", lambda pipeline: data)
    return model


def test_errors_are_found_once_for_two_who_ask(trained, monkeypatch):
    calls = []

    def slow(of, job):
        calls.append(of.name)
        time.sleep(0.1)
        return []

    monkeypatch.setattr(split, "_predicted", slow)
    found = []
    threads = [threading.Thread(target=lambda: found.append(split.worst(trained, Job("x")))) for _ in range(2)]
    [each.start() for each in threads]
    [each.join() for each in threads]
    assert calls == ["data"]
    assert found == [{"name": "data", "rows": 2, "outputs": []}] * 2


def test_rows_are_shown_while_errors_are_found_and_the_wait_is_cancelled(trained, monkeypatch):
    begun, ended = threading.Event(), threading.Event()
    monkeypatch.setattr(split, "_predicted", lambda of, job: begun.set() or [ended.wait(10)])
    first = threading.Thread(target=split.worst, args=(trained, Job("x")))
    first.start()
    try:
        assert begun.wait(5)
        assert split.split_of(trained).rows == 2
        second = Job("x")
        waiting = threading.Thread(target=second.run, args=(lambda job: split.worst(trained, job),))
        waiting.start()
        waited_for(lambda: "waits" in second.doing)
        second.cancel()
        waiting.join(5)
        assert not waiting.is_alive()
    finally:
        ended.set()
        first.join()


def test_the_graph_does_not_wait_for_the_data(trained, monkeypatch):
    begun, ended = threading.Event(), threading.Event()
    monkeypatch.setattr("zoo.tasks.evaluation.dataset_of", lambda pipeline: begun.set() or ended.wait(10))
    loading = threading.Thread(target=lambda: suppressed(split.split_of, trained))
    loading.start()
    assert begun.wait(5)
    drawing = threading.Thread(target=trained.once, args=("graph", lambda: b"svg"))
    drawing.start()
    drawing.join(2)
    waits = drawing.is_alive()
    ended.set()
    loading.join()
    drawing.join()
    assert not waits


def suppressed(function, *values):
    with suppress(AttributeError):  # of the stand-in
        function(*values)


def test_a_sample_that_looks_like_an_option_is_no_option():
    upload = Sample("m", {"photo": Upload(Path("x"), "-a.png")}, "")
    assert predict_command("run", upload) == "zoo predict run -- -a.png"
    words = attack_command("run", upload, "pgd", 8 / 255)
    assert words == "zoo attack --method pgd --strength 8/255 -- run -a.png"
    parser = argparse.ArgumentParser()
    add_attack_options(parser)
    assert parser.parse_args(words.split()[2:]).texts == ["-a.png"]
    plain = attack_command("run", Sample("m", {"photo": Upload(Path("x"), "a.png")}, ""), "pgd", 8 / 255)
    assert parser.parse_args(plain.split()[2:]).texts == ["a.png"]


def test_a_picture_that_is_no_file_has_no_command():
    for value in (np.zeros((4, 4, 3), np.uint8), b"\x89PNG"):
        sample = Sample("m", {"photo": value}, "")
        assert (predict_command("run", sample), attack_command("run", sample, "pgd", 0.1)) == ("", "")
        assert explain_command("run", sample, "saliency", Wanted(["saliency"])) == ""
