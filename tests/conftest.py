"""What tests of several files are given."""

import pytest

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
