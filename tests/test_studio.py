"""The studio: what is given is predicted, explained, changed, and kept; several users at once."""

import csv
import io
import json
import threading
import time

import numpy as np
import pytest

pytest.importorskip("fastapi")
pytest.importorskip("multipart")

from tests.pipelines import tiny_profile
from tests.studio_server import (
    HTML,
    client,
    entered,
    form_token,
    picture_pipeline,
    picture_run,
    png,
    result_of,
    table_run,
)
from zoo.cli.main import main
from zoo.pipeline import load_pipeline
from zoo.samples import Target
from zoo.studio.app import create_app
from zoo.studio.command import NEEDED, address_of, bound
from zoo.studio.errors import BusyError
from zoo.studio.jobs import Job, Jobs
from zoo.studio.lanes import Lane
from zoo.studio.samples import csv_of


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("studio")


@pytest.fixture(scope="module")
def pictures(folder):
    return create_app([str(picture_pipeline(folder / "bright.keras"))])


@pytest.fixture(scope="module")
def table(folder):
    return create_app([str(table_run(folder))])


@pytest.fixture(scope="module")
def text(folder):
    pipeline, _ = tiny_profile({"age": Target("regression", unit="years"), "gender": Target("binary", ("f", "m"))})
    pipeline.save(folder / "profile.keras")
    return create_app([str(folder / "profile.keras")])


def picture_of(user, token, address, value=200):
    return user.post(f"{address}/samples", files={"file:photo": ("a.png", png(value=value))}, headers=token).json()


def test_a_prediction_is_the_pipelines_own(pictures, folder):
    user, token, address = entered(pictures)
    found = picture_of(user, token, address)["prediction"]["outputs"][0]
    expected = load_pipeline(folder / "bright.keras").predict({"photo": [png()]})
    assert found["said"] == expected["kind"][0]
    shares = {each["label"]: each["share"] for each in found["labels"]}
    assert shares["bright"] == pytest.approx(expected["kind=bright"][0], abs=1e-6)


def test_a_picture_that_was_painted_on_is_predicted_anew(pictures):
    user, token, address = entered(pictures)
    bright, dark = (picture_of(user, token, address, value)["prediction"]["outputs"][0] for value in (250, 5))
    assert (bright["said"], dark["said"]) == ("bright", "dark")


def test_explanations_stand_side_by_side_and_are_downloaded(pictures):
    user, token, address = entered(pictures)
    sample = picture_of(user, token, address)["sample"]
    wanted = {"sample": sample, "methods": ["grad-cam", "saliency", "shapley"], "label": "dark", "layer": "conv"}
    job = user.post(f"{address}/explanations", json=wanted, headers=token).json()["job"]
    first, second, third = result_of(user, job)["result"]
    assert (first["method"], first["label"], first["settings"]["layer"]) == ("grad-cam", "dark", "conv")
    assert second["method"] == "saliency"
    assert "does not explain a picture" in third["error"]
    assert first["command"].endswith("bright.keras --method grad-cam --label dark --layer conv a.png")
    kinds = {"map.png": b"\x89PNG", "base.png": b"\x89PNG", "explanation.png": b"\x89PNG", "explanation.svg": b"<?xml"}
    for name, start in kinds.items():
        assert user.get(f"/explanations/{first['key']}/{name}").content.startswith(start)
    told = user.get(f"/explanations/{first['key']}/explanation.json").json()
    assert np.shape(told["values"]) == (16, 16)
    rows = list(csv.reader(io.StringIO(user.get(f"/explanations/{first['key']}/explanation.csv").text)))
    assert len(rows) == 17


def test_a_wrong_label_or_layer_is_told_with_the_nearest(pictures):
    user, token, address = entered(pictures)
    wanted = {"sample": picture_of(user, token, address)["sample"], "methods": ["grad-cam"]}
    job = user.post(f"{address}/explanations", json=wanted | {"label": "brigt"}, headers=token).json()["job"]
    assert "did you mean 'bright'" in result_of(user, job)["error"]
    job = user.post(f"{address}/explanations", json=wanted | {"layer": "cnv"}, headers=token).json()["job"]
    assert "conv" in result_of(user, job)["result"][0]["error"]
    none = user.post(f"{address}/explanations", json=wanted | {"methods": []}, headers=token)
    assert (none.status_code, none.json()["error"]) == (400, "Choose from 1 to 6 methods; received 0.")


def test_an_attack_shows_the_picture_that_fools_and_the_command(pictures):
    user, token, address = entered(pictures)
    sample = picture_of(user, token, address, 125)["sample"]  # hardly bright: at 120 it is dark
    wanted = {"sample": sample, "method": "pgd", "strength": 8 / 255}
    ended = result_of(user, user.post(f"{address}/attacks", json=wanted, headers=token).json()["job"])
    assert (ended["state"], ended["error"]) == ("done", "")
    found = ended["result"]
    assert (found["before"]["label"], found["after"]["label"]) == ("bright", "dark")
    assert found["command"].endswith("bright.keras a.png --method pgd --strength 8/255")
    assert user.get(f"/pictures/{found['changed']}.png").content.startswith(b"\x89PNG")
    far = picture_of(user, token, address, 250)["sample"]
    job = user.post(f"{address}/attacks", json=wanted | {"sample": far}, headers=token).json()["job"]
    assert result_of(user, job)["result"]["fooled"] is False
    job = user.post(f"{address}/attacks", json=wanted | {"strength": 2.0}, headers=token).json()["job"]
    assert "at most 0.251" in result_of(user, job)["error"]


def test_the_form_is_that_of_the_schema(table):
    user, _, address = entered(table)
    fields = {each["name"]: each for each in user.get(f"{address}/about").json()["fields"]}
    assert {name: each["kind"] for name, each in fields.items()} == {"width": "number", "colour": "category"}
    assert set(fields["colour"]["known"]) == {"red", "blue", HTML}
    assert fields["colour"]["menu"]
    assert "training: " in fields["width"]["hint"]


def test_a_row_is_predicted_as_from_a_file(table, folder):
    user, token, address = entered(table)
    form = {"text:width": "0.5", "text:colour": "blue"}
    found = user.post(f"{address}/samples", data=form, headers=token).json()
    expected = load_pipeline(folder / "run0").predict({"width": [0.5], "colour": ["blue"]})
    output = found["prediction"]["outputs"][0]
    assert output["value"] == pytest.approx(float(expected["price"][0]), rel=1e-5)
    assert found["command"].endswith(" row.csv")
    row = user.get(f"/samples/{found['sample']}/row.csv")
    assert row.text == "width,colour\n0.5,blue\n"
    kept = user.get(f"/samples/{found['sample']}/prediction.csv").text
    assert float(next(iter(csv.DictReader(io.StringIO(kept))))["value"]) == output["value"]
    assert user.get(f"/samples/{found['sample']}/prediction.json").json()["outputs"][0] == output


@pytest.mark.parametrize(
    ("form", "told"),
    [
        ({"text:width": "wide", "text:colour": "red"}, "must be numbers"),
        ({"text:wdth": "1"}, "did you mean 'width'"),
        ({"width": "1"}, "of no known kind"),
        ({"text:width": "1e999"}, "finite"),
    ],
)
def test_a_wrong_row_is_told_in_one_sentence(table, form, told):
    user, token, address = entered(table)
    found = user.post(f"{address}/samples", data=form, headers=token)
    assert found.status_code in (400, 404)
    assert told in found.json()["error"]


def test_a_row_of_the_test_split_comes_with_its_truth(table):
    user, token, address = entered(table)
    found = user.post(f"{address}/examples", json={"row": 1}, headers=token).json()
    assert found["title"] == "row 2 of the test split"
    assert found["true"]["price"] == f"{10 + 5 * float(found['values']['width']):g}"
    missing = user.post(f"{address}/examples", json={"row": 999}, headers=token)
    assert missing.status_code == 404
    assert "has 12 rows" in missing.json()["error"]


def test_errors_are_sorted_by_loss(table):
    user, token, address = entered(table)
    assert user.get(f"{address}/errors.csv").status_code == 404
    job = user.post(f"{address}/errors", headers=token).json()["job"]
    found = result_of(user, job)["result"]
    losses = [each["loss"] for each in found["outputs"][0]["errors"]]
    assert found["rows"] == len(losses) == 12
    assert losses == sorted(losses, reverse=True)
    worst = found["outputs"][0]["errors"][0]
    shown = user.post(f"{address}/examples", json={"row": worst["row"]}, headers=token).json()
    said = shown["prediction"]["outputs"][0]["value"]
    assert abs(said - float(shown["true"]["price"])) == pytest.approx(worst["loss"], rel=1e-3)
    assert len(user.get(f"{address}/errors.csv").text.splitlines()) == 13


def test_errors_on_pictures_have_thumbnails_and_examples_are_explained(folder):
    user, token, address = entered(create_app([str(picture_run(folder))]))
    found = result_of(user, user.post(f"{address}/errors", headers=token).json()["job"])["result"]
    row = found["outputs"][0]["errors"][0]["row"]
    assert user.get(f"{address}/rows/{row}.png").content.startswith(b"\x89PNG")
    assert user.get(f"{address}/rows/999.png").status_code == 404
    shown = user.post(f"{address}/examples", json={"row": row}, headers=token).json()
    assert shown["true"] == {"label": found["outputs"][0]["errors"][0]["true"]}
    assert user.get(next(iter(shown["pictures"].values()))).content.startswith(b"\x89PNG")
    wanted = {"sample": shown["sample"], "methods": ["saliency"]}
    job = user.post(f"{address}/explanations", json=wanted, headers=token).json()["job"]
    assert result_of(user, job)["result"][0]["sense"] == "picture"


def test_a_text_is_explained_word_by_word_and_html_stays_text(text):
    user, token, address = entered(text)
    found = user.post(f"{address}/samples", data={"text:posts": f"a b {HTML}"}, headers=token).json()
    assert [each["name"] for each in found["prediction"]["outputs"]] == ["age", "gender"]
    wanted = {"sample": found["sample"], "methods": ["occlusion"], "output": "gender"}
    job = user.post(f"{address}/explanations", json=wanted, headers=token).json()["job"]
    result = result_of(user, job)["result"][0]
    assert [each["part"] for each in result["parts"]][:2] == ["a", "b"]


def test_a_text_that_names_a_file_stays_a_text(text, tmp_path):
    (tmp_path / "secret.csv").write_text("posts\nsecret\n")
    user, token, address = entered(text)
    form = {"text:posts": f"a {tmp_path}/secret.csv"}
    found = user.post(f"{address}/samples", data=form, headers=token).json()
    wanted = {"sample": found["sample"], "methods": ["occlusion"]}
    result = result_of(user, user.post(f"{address}/explanations", json=wanted, headers=token).json()["job"])
    assert "secret" in json.dumps(result["result"][0]["parts"])


def test_a_row_for_the_command_line_holds_the_text_as_it_was_given(text):
    user, token, address = entered(text)
    posts = "@anna " + "a b " * 600  # so long that the command names a file
    found = user.post(f"{address}/samples", data={"text:posts": posts}, headers=token).json()
    assert found["command"].endswith(" row.csv")
    row = user.get(f"/samples/{found['sample']}/row.csv").text
    assert next(csv.DictReader(io.StringIO(row)))["posts"] == posts
    assert csv_of([{"=x": "@anna"}]) == "'=x\n'@anna\n"  # what a spreadsheet opens is guarded


def test_the_graph_is_drawn_and_sealed(pictures):
    user, _, address = entered(pictures)
    found = user.get(f"{address}/graph.svg")
    assert found.headers["content-type"] == "image/svg+xml"
    assert "sandbox" in found.headers["content-security-policy"]
    assert b"conv" in found.content


def test_a_page_is_there_before_its_model(folder, pictures, table):  # which are in the folder
    app = create_app([str(folder / "bright.keras"), str(folder / "run0")])
    user = client(app)
    assert user.get("/").text.count('class="card"') == 2
    models = app.app.state.studio.models.all
    with models[0].predicting.turn(), models[1].predicting.turn():
        assert user.get(f"/models/{models[0].key}").status_code == 200
    assert user.get("/models/nothing").json()["error"].startswith("There is no such model")
    assert "no such model" in user.get("/models/nothing", headers={"Accept": "text/html"}).text


def test_five_users_at_once(pictures):
    told = []

    def use(place):
        user, token, address = entered(pictures)
        for _ in range(4):
            found = picture_of(user, token, address, 250 if place % 2 else 5)
            told.append((place % 2, found["prediction"]["outputs"][0]["said"]))

    threads = [threading.Thread(target=use, args=(place,)) for place in range(5)]
    [each.start() for each in threads]
    [each.join() for each in threads]
    assert sorted(told) == [(0, "dark")] * 12 + [(1, "bright")] * 8


def test_predictions_do_not_wait_for_explanations(pictures):
    user, token, address = entered(pictures)
    sample = picture_of(user, token, address)["sample"]
    (model,) = pictures.app.state.studio.models.all
    with model.studying.turn():  # somebody explains
        job = user.post(f"{address}/explanations", json={"sample": sample, "methods": ["saliency"]},
                        headers=token).json()["job"]  # fmt: skip
        assert picture_of(user, token, address)["prediction"]
        time.sleep(0.3)
        assert user.get(f"/jobs/{job}").json()["doing"] == "waits for the model"
        assert user.post(f"/jobs/{job}/cancel", headers=token).json()["state"] == "cancelled"


def test_a_long_explanation_tells_its_progress_and_is_cancelled(pictures):
    user, token, address = entered(pictures)
    sample = picture_of(user, token, address)["sample"]
    wanted = {"sample": sample, "methods": ["occlusion", "rise", "smoothgrad", "integrated-gradients"], "check": True}
    job = user.post(f"{address}/explanations", json=wanted, headers=token).json()["job"]
    shares = set()
    while len(shares) < 3:
        found = user.get(f"/jobs/{job}").json()
        assert found["state"] in ("waiting", "running")
        shares.add(found["share"])
    assert user.post(f"/jobs/{job}/cancel", headers=token).json()["state"] == "cancelled"
    assert user.get(f"/jobs/{job}").json()["result"] is None
    (model,) = pictures.app.state.studio.models.all
    with model.studying.turn(waiting=20):  # it has stopped: the copy is free
        pass


def test_a_user_may_not_start_jobs_without_end(pictures):
    user, token, address = entered(pictures)
    sample = picture_of(user, token, address)["sample"]
    (model,) = pictures.app.state.studio.models.all
    with model.studying.turn():
        wanted = {"sample": sample, "methods": ["saliency"]}
        codes = [user.post(f"{address}/explanations", json=wanted, headers=token).status_code for _ in range(6)]
        assert codes == [200] * 4 + [429] * 2
        [job.cancel() for job in pictures.sessions.find(user.cookies["zoo_studio_8600"]).jobs.all()]


def test_a_failing_job_shows_no_traceback(capsys):
    job = Job("x")
    job.run(lambda job: 1 / 0)
    assert (job.state, job.result) == ("failed", None)
    assert "ZeroDivisionError" not in job.error
    assert "ZeroDivisionError" in capsys.readouterr().err


def test_a_lane_is_one_thread_at_a_time():
    lane = Lane("m", lambda: object())
    with lane.turn() as first, pytest.raises(BusyError, match="answers others"), lane.turn(waiting=0.01):
        pass
    with lane.turn() as second:
        assert first is second


def test_closing_cancels_what_runs(pictures):
    jobs, session = Jobs(), pictures.sessions.create()[1]
    begun = threading.Event()

    def endless(job):
        while True:
            begun.set()
            job.tell(0.5)
            time.sleep(0.01)

    jobs.start(session, "x", endless)
    begun.wait(5)
    jobs.close()
    assert session.jobs.all()[0].state == "cancelled"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["mobilnet.imagenet"], "did you mean 'mobilenet'?"),
        (["mobilenet.imagnet"], "no weights 'imagnet'; there are: mobilenet.imagenet"),
        (["nowhere/model.keras"], "There is no file or folder 'nowhere/model.keras'"),
        (["mobilenet.imagenet", "--port", "99999"], "--port is a number from 0"),
        (["mobilenet.imagenet", "--token", "short"], "at least 16 printable ASCII characters"),
        (["mobilenet.imagenet", "--host", "192.0.2.1"], "cannot listen at 192.0.2.1:8600"),
    ],
)
def test_a_mistake_of_the_command_line_is_one_sentence(words, told, capsys):
    assert main(["studio", *words]) == 2
    assert told in capsys.readouterr().err.replace("\n", " ")


def test_the_printed_address_holds_the_token():
    with bound("127.0.0.1", 0) as listening:
        port = listening.getsockname()[1]
        assert address_of(listening, "127.0.0.1", "") == f"http://127.0.0.1:{port}/"
        assert address_of(listening, "::1", "t" * 16) == f"http://[::1]:{port}/login?token={'t' * 16}"
        assert address_of(listening, "::1", "a b&c#d/+") == f"http://[::1]:{port}/login?token=a%20b%26c%23d%2F%2B"


def test_without_its_packages_the_command_says_what_to_install(monkeypatch, capsys):
    monkeypatch.setitem(NEEDED, "no_such_package", "fastapi")
    assert main(["studio"]) == 2
    assert "pip install 'keras-functional-zoo[studio]'" in capsys.readouterr().err.replace("\n", " ")


def test_a_login_form_is_not_needed_here(pictures):
    user = client(pictures)
    assert user.get("/login").headers["location"] == "/"
    assert form_token(user.get("/", follow_redirects=True))["X-Form-Token"]
