"""Many processes, killed processes, full disks and read-only folders: no bad file ever stands under a final name."""

import os
import random
import subprocess
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest

from tests.http_server import Page, Server, Watcher, child, row

CONTENT = random.Random(0).randbytes(600_000)
NOBODY = 65534


def partial_bytes(folder):
    return sum(path.stat().st_size for path in Path(folder, ".zoo").glob("*.part"))


def wait_until(condition):
    for _ in range(6000):
        if condition():
            return
        time.sleep(0.005)
    raise AssertionError("waited for 30 s in vain")


def fill_up(ballast):
    with suppress(OSError), open(ballast, "wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))


def test_eight_processes_at_once_make_one_download(tmp_path):
    with Server({"/a": Page(CONTENT, pause=0.02)}) as server:
        entry = row(CONTENT, server.url("/a"))
        with Watcher(tmp_path / "thing.bin", entry["sha256"]) as watcher:
            processes = [child(entry, tmp_path) for _ in range(8)]
            answers = [process.communicate(timeout=60) for process in processes]
            assert [process.returncode for process in processes] == [0] * 8, answers
            seen = watcher.stop()
        assert {out.strip() for out, _ in answers} == {str(tmp_path / "thing.bin")}
        assert len(server.asked) == 1
    assert (tmp_path / "thing.bin").read_bytes() == CONTENT
    assert seen["bad"] == 0
    assert seen["seen"] > 0


def test_killed_at_random_moments_the_next_process_continues(tmp_path):
    moments = random.Random(1)
    with Server({"/a": Page(CONTENT, pause=0.015)}) as server:
        entry = row(CONTENT, server.url("/a"))
        with Watcher(tmp_path / "thing.bin", entry["sha256"]) as watcher:
            for _ in range(3):
                asked = len(server.asked)
                process = child(entry, tmp_path)
                wait_until(lambda asked=asked: len(server.asked) > asked)
                time.sleep(moments.uniform(0.02, 0.2))
                process.kill()
                assert process.wait() == -9
            held = partial_bytes(tmp_path)
            process = child(entry, tmp_path)
            assert process.communicate(timeout=60) == (f"{tmp_path / 'thing.bin'}\n", "")
            assert watcher.stop()["bad"] == 0
        assert 0 < held < len(CONTENT)
        assert server.asked[-1].range == f"bytes={held}-"
        assert server.asked[-1].sent == len(CONTENT) - held
    assert (tmp_path / "thing.bin").read_bytes() == CONTENT


def test_a_killed_process_leaves_no_lock_held(tmp_path):
    with Server({"/a": Page(CONTENT, pause=0.05)}) as server:
        entry = row(CONTENT, server.url("/a"))
        first = child(entry, tmp_path)
        wait_until(lambda: partial_bytes(tmp_path) > 0)
        second = child(entry, tmp_path)
        time.sleep(0.3)
        assert second.poll() is None, "the second process did not wait"
        first.kill()
        assert second.communicate(timeout=60)[1] == ""
        first.wait()
    assert (tmp_path / "thing.bin").read_bytes() == CONTENT


@pytest.fixture
def small_disk(tmp_path):
    """A real file system of 1 MiB in memory; only root may mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m,mode=0777", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("only root, with the right to mount, can make a full disk")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_disk_that_is_too_small_is_told_before_the_download(small_disk):
    big = random.Random(2).randbytes(2_000_000)
    with Server({"/a": Page(big)}) as server:
        process = child(row(big, server.url("/a")), small_disk)
        error = process.communicate(timeout=60)[1]
        assert process.returncode == 1
        assert "ArtifactError: Artifact 'thing' needs 2,000,000 bytes" in error
        assert "set ZOO_DATA to another folder" in error
        assert server.asked == []


def test_a_disk_that_fills_up_on_the_way_is_told_and_the_download_resumed_later(small_disk):
    with Server({"/a": Page(CONTENT, pause=0.02)}) as server:
        entry = row(CONTENT, server.url("/a"))
        with Watcher(small_disk / "thing.bin", entry["sha256"]) as watcher:
            process = child(entry, small_disk)
            wait_until(lambda: partial_bytes(small_disk) > 100_000)
            ballast = small_disk / "ballast"
            fill_up(ballast)
            error = process.communicate(timeout=60)[1]
            assert process.returncode == 1
            assert "the disk is full (No space left on device); free some space or set ZOO_DATA" in error
            assert "Traceback" not in error
            assert watcher.stop() == {"seen": 0, "bad": 0}
        held = partial_bytes(small_disk)
        assert held > 100_000
        ballast.unlink()
        assert child(entry, small_disk).communicate(timeout=60)[1] == ""
        assert server.asked[-1].range == f"bytes={held}-"
    assert (small_disk / "thing.bin").read_bytes() == CONTENT


def test_a_limit_on_the_size_of_files_is_told_as_a_full_disk(tmp_path):
    with Server({"/a": Page(CONTENT)}) as server:
        process = child(row(CONTENT, server.url("/a")), tmp_path, most=300_000)
        error = process.communicate(timeout=60)[1]
    assert process.returncode == 1
    assert "the disk is full (File too large)" in error
    assert not (tmp_path / "thing.bin").exists()


@pytest.fixture
def locked_folder():
    """A folder that the child's user may read, not write; and that user (root may write anywhere, so it is nobody)."""
    with tempfile.TemporaryDirectory() as name:
        os.chmod(name, 0o755)
        folder = Path(name, "folder")
        folder.mkdir()
        folder.chmod(0o555)
        yield folder, NOBODY if os.geteuid() == 0 else 0
        folder.chmod(0o755)


def test_a_read_only_folder_is_told_and_left_as_it_is(locked_folder):
    folder, user = locked_folder
    with Server({"/a": Page(CONTENT)}) as server:
        process = child(row(CONTENT, server.url("/a")), folder, user=user)
        error = process.communicate(timeout=60)[1]
        assert server.asked == []
    assert process.returncode == 1
    assert "the folder cannot be written to (Permission denied)" in error
    assert "Traceback" not in error
    assert list(folder.iterdir()) == []


def test_a_right_file_in_a_read_only_folder_is_used(locked_folder):
    folder, user = locked_folder
    folder.chmod(0o755)
    (folder / "thing.bin").write_bytes(CONTENT)
    folder.chmod(0o555)
    process = child(row(CONTENT), folder, user=user)
    assert process.communicate(timeout=60) == (f"{folder / 'thing.bin'}\n", "")
    assert [path.name for path in folder.iterdir()] == ["thing.bin"]


def test_threads_of_one_process_make_one_download(tmp_path):
    from zoo.artifacts import Artifact, fetch

    with Server({"/a": Page(CONTENT, pause=0.005)}) as server:
        thing = Artifact(**row(CONTENT, server.url("/a")))
        threads = [
            threading.Thread(target=fetch, args=(thing,), kwargs={"folder": tmp_path, "progress": False})
            for _ in range(6)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert len(server.asked) == 1
    assert (tmp_path / "thing.bin").read_bytes() == CONTENT
