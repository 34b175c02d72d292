"""What tests of several files are given."""

import gc
import os

import pytest
from hypothesis import settings

settings.register_profile("without_deadline", deadline=None)  # a busy machine is no fault of the code
settings.load_profile("without_deadline")

gc.set_threshold(50_000, 20, 20)  # by its default the collection of garbage takes a fifth of the suite's CPU time

KEPT = []  # declarations live as long as this list


@pytest.fixture(scope="session")
def torchvision():
    """torchvision.models, where its compiled part is missing too: no model needs its operators."""
    torch = pytest.importorskip("torch")
    try:
        import torchvision
    except ImportError:
        pytest.skip("torchvision is not installed")
    except RuntimeError:  # "operator torchvision::nms does not exist"
        KEPT.append(torch.library.Library("torchvision", "DEF"))
        for name in ("nms", "qnms"):
            KEPT[0].define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        import torchvision
    return torchvision.models


@pytest.fixture(scope="session")
def timm(torchvision):
    """timm, which imports torchvision."""
    return pytest.importorskip("timm")


@pytest.fixture(scope="module")
def flat_model():
    """The plainest of the models that explanations are tried on."""
    from tests.explain_models import STRUCTURES, with_weights

    return with_weights(STRUCTURES["flat"]())


@pytest.fixture(scope="module")
def flat_image(flat_model):
    """A sample of it, (8, 8, 3)."""
    from tests.explain_models import sample_of

    return sample_of(flat_model)["image"]


@pytest.fixture(scope="module")
def pairs_mirror(tmp_path_factory):
    """SICK and STS-B from a mirror, kept in a folder of the tests unless one is given; or a skip that says so."""
    if not os.environ.get("ZOO_MIRROR"):
        pytest.skip("set ZOO_MIRROR to a mirror that holds SICK and STS-B")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ZOO_DATA", os.environ.get("ZOO_DATA") or str(tmp_path_factory.mktemp("data")))
        yield


@pytest.fixture
def no_settings(monkeypatch):
    """The surroundings of the user's shell left out of fetching, and no waiting between two tries."""
    from zoo.artifacts import download

    for name in ("ZOO_MIRROR", "ZOO_OFFLINE", "ZOO_DATA", "ZOO_WEIGHTS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(download, "PAUSE_SECONDS", 0.001)
