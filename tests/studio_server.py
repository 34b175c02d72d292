"""Small models for the studio, clients of it, and a real server in a thread."""

import io
import re
import threading
import time
from contextlib import contextmanager

import keras
import numpy as np
import pandas as pd
from PIL import Image

from zoo.columns import Schema
from zoo.columns.outputs import OutputColumn
from zoo.columns.picture import PictureColumn
from zoo.pipeline import Pipeline
from zoo.samples import Target

HOST = "http://127.0.0.1:8600"
HTML = "<img src=x onerror=alert(1)>"  # a label, a column's name, a text


def picture_pipeline(path, labels=("dark", "bright")):
    """A file: whether a picture is bright, by a convolution whose weights are set."""
    image = keras.Input((16, 16, 3), name="image")
    x = keras.layers.Conv2D(2, 3, padding="same", activation="relu", kernel_initializer="ones", name="conv")(image)
    x = keras.layers.GlobalAveragePooling2D(name="pool")(x)
    kind = keras.layers.Dense(len(labels), activation="softmax", name="kind")(x)
    model = keras.Model([image], {"kind": kind}, name="bright")
    weights = np.zeros((2, len(labels)), "float32")
    weights[:, 1] = 1e-3
    model.get_layer("kind").set_weights([weights, np.linspace(3, -3, len(labels)).astype("float32")])
    column = PictureColumn("photo", input="image", height=16, width=16)
    schema = Schema((column,), (OutputColumn("kind", Target("classification", tuple(labels)), "kind"),), None, 10)
    Pipeline(schema, model).save(path)
    return path


def table_file(path):
    """A CSV file of 60 rows, one of whose texts is HTML."""
    random = np.random.default_rng(0)
    width = random.normal(size=60)
    colours = [("red", "blue", HTML)[place % 3] for place in range(60)]
    pd.DataFrame({"width": width, "colour": colours, "price": 10 + 5 * width}).to_csv(path, index=False)
    return path


def table_run(folder, *, second=False):
    """A run folder: a table's recipe, trained for a moment; a second one on the same split."""
    from zoo.tasks import train

    data = table_file(folder / "prices.csv") if not (folder / "prices.csv").exists() else folder / "prices.csv"
    train("mlp", str(data), folder=folder / f"run{int(second)}", data_options={"targets": ["price"]}, epochs=1,
          baselines="none", config={"units": [4]} if second else {})  # fmt: skip
    return folder / f"run{int(second)}"


def picture_run(folder):
    """A run folder: 24 pictures of two classes, trained on for a moment."""
    from zoo.tasks import train

    for number in range(24):
        kind = ("dark", "bright")[number % 2]
        (folder / "photos" / kind).mkdir(parents=True, exist_ok=True)
        (folder / "photos" / kind / f"{number}.png").write_bytes(png(24, 40 + 5 * number + 60 * (number % 2)))
    train("mnist_cnn_tiny", str(folder / "photos"), folder=folder / "pictures", data_options={"size": 16}, epochs=1,
          baselines="none")  # fmt: skip
    return folder / "pictures"


def png(side=20, value=200, mode="RGB"):
    """The bytes of a plain picture."""
    kept = io.BytesIO()
    Image.new(mode, (side, side), value if mode == "L" else (value,) * 3).save(kept, "PNG")
    return kept.getvalue()


def client(app, **options):
    """A browser of one user; `options` of the client."""
    from fastapi.testclient import TestClient

    return TestClient(app, base_url=HOST, **{"follow_redirects": False, **options})


def form_token(found):
    """Of a page."""
    return {"X-Form-Token": re.search(r'name="form-token" content="([^"]+)"', found.text)[1]}


def entered(app):
    """(client, header with the form token, the address of the first model) of a new user."""
    user = client(app)
    address = f"/models/{app.app.state.studio.models.all[0].key}"
    return user, form_token(user.get(address)), address


def result_of(user, key, seconds=60):
    """What a job ends with."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = user.get(f"/jobs/{key}").json()
        if found["state"] not in ("waiting", "running"):
            return found
        time.sleep(0.02)
    raise TimeoutError(found)


@contextmanager
def served(app):
    """The address (host, port) of a real server that runs in a thread."""
    import uvicorn

    from zoo.studio.command import bound

    listening = bound("127.0.0.1", 0)
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", ws="none"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield listening.getsockname()
    finally:
        server.should_exit = True
        thread.join(10)
        listening.close()
