"""How fast the studio is, with several users at once, and whether its memory stays flat.

python -m benchmarks.explanations.studio speed                 # seconds of pages and answers, and users at once
python -m benchmarks.explanations.studio soak --minutes 30     # memory over time

`zoo studio mobilenet.imagenet` in a process of its own, asked over HTTP by clients in this one. Each part is a part of
results/studio.json, with the load of the machine that it was measured on.
"""

import argparse
import io
import os
import re
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
import numpy as np
from PIL import Image

from zoo.files import read_json
from zoo.records import machine_facts, write_record

RECORD = Path("results/studio.json")
MODEL = "mobilenet.imagenet"
USERS = 5
ROUNDS = 20  # answers of one user alone
AT_ONCE = 10  # answers of each of five users
PAGE = 4096  # bytes, of /proc/PID/statm


class User:
    """One browser's session."""

    def __init__(self, address: str):
        self.client = httpx.Client(base_url=address, timeout=300, follow_redirects=True)
        page = self.client.get("/")
        self.model = page.url.path
        self.token = {"X-Form-Token": re.search(r'form-token" content="([^"]+)"', page.text)[1]}

    def ask(self, picture: bytes) -> str:
        """Give a photo; the key of the sample. Raises unless it is predicted."""
        found = self.client.post(f"{self.model}/samples", files={"file:photo": ("a.jpg", picture)}, headers=self.token)
        found.raise_for_status()
        assert found.json()["prediction"]["outputs"][0]["said"]
        return str(found.json()["sample"])

    def explain(self, sample: str, method: str) -> None:
        """Wait for an explanation and fetch its picture. Raises unless there is one."""
        wanted = {"sample": sample, "methods": [method]}
        job = self.client.post(f"{self.model}/explanations", json=wanted, headers=self.token).json()["job"]
        while (found := self.client.get(f"/jobs/{job}").json())["state"] in ("waiting", "running"):
            time.sleep(0.05)
        assert found["state"] == "done", found
        self.client.get(f"/explanations/{found['result'][0]['key']}/map.png").raise_for_status()


def photo(seed: int, side: int = 480) -> bytes:
    """A JPEG of smooth random colours, of the size of a photo on a page."""
    small = np.random.default_rng(seed).integers(0, 255, (12, 12, 3), dtype=np.uint8)
    kept = io.BytesIO()
    Image.fromarray(small).resize((side, side), Image.Resampling.BICUBIC).save(kept, "JPEG", quality=90)
    return kept.getvalue()


def started() -> tuple[subprocess.Popen, str, float]:
    """(server, address, seconds from its sentence, which stands behind the import, to the first page)."""
    command = [sys.executable, "-u", "-m", "zoo", "studio", MODEL, "--port", "0"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    line = server.stdout.readline()
    start = time.perf_counter()
    address = re.search(r"http://\S+", line)[0]
    User(address)
    return server, address, time.perf_counter() - start


def timed(work) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def memory(server: subprocess.Popen) -> float:
    """Resident MB of the server."""
    return int(Path(f"/proc/{server.pid}/statm").read_text().split()[1]) * PAGE / 1e6


def together(address: str) -> dict[str, object]:
    """Five users who ask at once, each with photos of their own."""
    errors, seconds = [], []

    def use(place: int) -> None:
        try:
            user = User(address)
            photos = [photo(100 * place + number) for number in range(AT_ONCE)]
            seconds.extend(timed(lambda each=each: user.ask(each)) for each in photos)
        except Exception as error:  # noqa: BLE001 (counted)
            errors.append(repr(error))

    threads = [threading.Thread(target=use, args=(place,)) for place in range(USERS)]
    [each.start() for each in threads]
    [each.join() for each in threads]
    return {"users": USERS, "answers": len(seconds), "errors": errors, "median_seconds": statistics.median(seconds),
            "longest_seconds": max(seconds)}  # fmt: skip


def soak(server: subprocess.Popen, address: str, minutes: float) -> dict[str, object]:
    """One user after the other asks and explains; memory each half minute."""
    end, rows, asked, place = time.monotonic() + 60 * minutes, [], 0, 0
    began = last = time.monotonic()
    while time.monotonic() < end:
        user = User(address)
        for number in range(5):
            sample = user.ask(photo(place + number))
            asked += 1
            if number == 0:
                user.explain(sample, ("grad-cam", "saliency", "integrated-gradients")[place % 3])
        place += 1
        if time.monotonic() - last > 30 or not rows:
            last = time.monotonic()
            rows.append({"minutes": round((last - began) / 60, 2), "megabytes": round(memory(server), 1)})
    rows.append({"minutes": round((time.monotonic() - began) / 60, 2), "megabytes": round(memory(server), 1)})
    half = [row["megabytes"] for row in rows[len(rows) // 2 :]]
    return {"minutes": minutes, "answers": asked, "explanations": place, "memory": rows,
            "growth_of_second_half_megabytes": round(half[-1] - half[0], 1)}  # fmt: skip


def speed(address: str) -> dict[str, object]:
    """The model opened, its first answer and the next ones, Grad-CAM, and five users at once."""
    user = User(address)
    opened = timed(lambda: user.client.get(f"{user.model}/about").raise_for_status())
    first = timed(lambda: user.ask(photo(0)))
    alone = [timed(lambda number=number: user.ask(photo(number))) for number in range(ROUNDS)]
    sample = user.ask(photo(1))
    user.explain(sample, "grad-cam")  # opens the second copy
    cam = [timed(lambda: user.explain(sample, "grad-cam")) for _ in range(5)]
    return {
        "opening_the_model_seconds": opened,
        "first_answer_seconds": first,
        "answer_seconds_median": statistics.median(alone),
        "answer_seconds": alone,
        "grad_cam_seconds_median": statistics.median(cam),
        "at_once": together(address),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=["speed", "soak"])
    parser.add_argument("--minutes", type=float, default=30.0, help="of the soak")
    parsed = parser.parse_args()
    before = os.getloadavg()[0]
    server, address, first_page = started()
    try:
        if parsed.part == "speed":
            found = {"first_page_seconds": first_page, **speed(address)}
        else:
            found = soak(server, address, parsed.minutes)
    finally:
        server.terminate()
        server.wait(20)
    print(found)
    measured = {key: machine_facts()[key] for key in ("date", "commit")}
    found |= {"load_average": {"before": before, "after": os.getloadavg()[0]}, "measured": measured}
    figures = read_json(RECORD, "record")["figures"] if RECORD.exists() else {}
    figures |= {"model": MODEL, parsed.part: found}
    write_record(RECORD, figures, command="python -m benchmarks.explanations.studio speed | soak", seed=0)


if __name__ == "__main__":
    main()
