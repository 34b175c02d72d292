"""VGG, ResNet, AlexNet, GoogLeNet and SqueezeNet against the official builds: names, sizes and logits."""

import keras
import numpy as np
import pytest

from zoo.models import alexnet, googlenet, resnet, squeezenet, vgg
from zoo.weights.names import names_for, tables_of

# the parameters that Keras and torchvision publish; PyTorch does not count the statistics of batch normalisation
PUBLISHED = {
    squeezenet.squeezenet_1_0: 1_248_424,
    squeezenet.squeezenet_1_1: 1_235_496,
    googlenet.googlenet: 6_624_904,
    resnet.resnet18: 11_689_512,
    resnet.resnet34: 21_797_672,
    resnet.resnet50_v1_5: 25_557_032,
}
PUBLISHED_BY_KERAS = {resnet.resnet50: 25_636_712, resnet.resnet50_v2: 25_613_800}


def logits_of(model, images):
    """The outputs of a model before its last activation."""
    model.get_layer("predictions").activation = keras.activations.linear
    outputs = model(images, training=False)
    return np.asarray(outputs["predictions"] if isinstance(outputs, dict) else outputs)


def assert_same_logits(ours, theirs):
    """Within 1e-4 of their spread, which is no noise around one value."""
    spread = float(np.std(theirs))
    assert ours.shape == theirs.shape
    assert spread > 1e-2
    assert np.abs(ours - theirs).max() <= 1e-4 * spread
    assert np.abs(ours - np.roll(theirs, 1, axis=-1)).max() > spread


def images(height, width, count=2):
    return np.random.default_rng(1).normal(size=(count, height, width, 3)).astype("float32")


def randomise(role, shape, generator):
    """Values that a scrambled order would show: kernels scaled by fan-in, statistics and scales far from one."""
    if role in ("gamma", "moving_variance"):
        return generator.uniform(0.5, 1.5, shape)
    if role in ("beta", "moving_mean", "bias"):
        return generator.normal(0, 0.2, shape)
    return generator.normal(0, np.sqrt(2 / np.prod(shape[:-1])), shape)


def weighted(model):
    return {layer.name: layer for layer in model.layers if layer.weights}


@pytest.mark.parametrize("builder", [*PUBLISHED, *PUBLISHED_BY_KERAS], ids=lambda builder: builder.name)
def test_it_has_as_many_parameters_as_published(builder):
    model = builder()
    if builder in PUBLISHED:
        assert sum(int(np.prod(weight.shape)) for weight in model.trainable_weights) == PUBLISHED[builder]
    else:
        assert model.count_params() == PUBLISHED_BY_KERAS[builder]


@pytest.mark.parametrize(
    ("builder", "official", "options", "sizes"),
    [
        (vgg.vgg16, "VGG16", {"classes": 10}, [(32, 32)]),
        (vgg.vgg16, "VGG16", {"include_top": False}, [(40, 33)]),
        (vgg.vgg19, "VGG19", {"include_top": False}, [(32, 32)]),
        (resnet.resnet50, "ResNet50", {}, [(64, 64), (75, 49)]),
        (resnet.resnet50_v2, "ResNet50V2", {}, [(64, 64), (75, 49)]),
    ],
    ids=lambda value: getattr(value, "name", None),
)
def test_it_is_the_official_keras_model(builder, official, options, sizes):
    shape = (*sizes[0], 3) if "VGG" in official else (None, None, 3)
    theirs = getattr(keras.applications, official)(weights=None, input_shape=shape, **options)
    ours = builder(input_shape=shape, **options)
    assert sorted(weighted(ours)) == sorted(weighted(theirs))
    generator = np.random.default_rng(0)
    for name, layer in weighted(theirs).items():
        for target, source in zip(weighted(ours)[name].weights, layer.weights, strict=True):
            assert target.name == source.name
            source.assign(randomise(source.name, source.shape, generator))
            target.assign(source)
    for size in sizes:
        if options.get("include_top", True):
            assert_same_logits(logits_of(ours, images(*size)), logits_of(theirs, images(*size)))
        else:
            expected = np.asarray(theirs(images(*size)))
            assert_same_logits(np.asarray(ours(images(*size))["features"]), expected)


def test_the_deep_members_have_the_official_layers():
    """All but the first three stages repeat: the numbers of blocks are what tells 101 and 152 from 50."""
    for builder, depths in (("resnet101", (3, 4, 23, 3)), ("resnet152_v2", (3, 8, 36, 3))):
        assert getattr(resnet, builder).features.keywords["depths"] == depths


@pytest.fixture(scope="module")
def torchvision():
    """torchvision.models; its compiled part, which they do not need, is not asked for."""
    torch = pytest.importorskip("torch")
    library = torch.library.Library("torchvision", "DEF")
    try:
        for name in ("nms", "qnms"):
            library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    except RuntimeError:
        pass  # the compiled part is there and has defined them
    yield pytest.importorskip("torchvision").models
    del library


def random_module(module):
    """The PyTorch module with random weights and random statistics."""
    import torch

    roles = {"running_mean": "moving_mean", "running_var": "moving_variance"}
    generator = np.random.default_rng(0)
    state = module.state_dict()
    for name, tensor in state.items():
        owner = module.get_submodule(name.rpartition(".")[0])
        last = name.rpartition(".")[2]
        if last == "num_batches_tracked":
            continue
        role = roles.get(last, last)
        if isinstance(owner, torch.nn.BatchNorm2d):
            role = {"weight": "gamma", "bias": "beta"}.get(role, role)
        shape = tuple(tensor.shape)
        state[name] = torch.tensor(randomise(role, (*shape[1:], shape[0]), generator).reshape(shape), dtype=torch.float)
    module.load_state_dict(state)
    return module.eval()


def copy_module(module, model, family):
    """The weights of a PyTorch module in ours, by the family's table of names; what it explains away is left out."""
    state = {name: tensor.numpy() for name, tensor in module.state_dict().items()}
    theirs = list(dict.fromkeys(name.rpartition(".")[0] for name in state))
    table = names_for(family, theirs)
    assert table is tables_of(family)["torchvision"]
    layers = weighted(model)
    renamed = table.rename(theirs, list(layers))
    assert {renamed[name] for name in theirs if not name.startswith("aux")} == set(layers)
    roles = {"gamma": "weight", "beta": "bias", "moving_mean": "running_mean", "moving_variance": "running_var"}
    for name in theirs:
        for weight in layers[renamed[name]].weights if renamed[name] in layers else ():
            array = state[f"{name}.{roles.get(weight.name, weight.name.replace('kernel', 'weight'))}"]
            adapt = table.adapt.get(f"{renamed[name]}/{weight.name}")
            if adapt is not None:
                array = adapt(array)
            elif array.ndim == 4:
                array = array.transpose(2, 3, 1, 0)
            elif array.ndim == 2:
                array = array.T
            weight.assign(array)


@pytest.mark.parametrize("size", [(224, 224), (193, 160)], ids=str)
@pytest.mark.parametrize(
    ("builder", "official", "options"),
    [
        (resnet.resnet18, "resnet18", {}),
        (resnet.resnet34, "resnet34", {}),
        (resnet.resnet50_v1_5, "resnet50", {}),
        (alexnet.alexnet, "alexnet", {}),
        (googlenet.googlenet, "googlenet", {"aux_logits": True, "transform_input": False, "init_weights": False}),
        (squeezenet.squeezenet_1_0, "squeezenet1_0", {}),
        (squeezenet.squeezenet_1_1, "squeezenet1_1", {}),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_it_is_the_official_torch_module(torchvision, builder, official, options, size):
    import torch

    module = random_module(getattr(torchvision, official)(**options))
    model = builder(input_shape=(*size, 3))
    copy_module(module, model, builder.features.func.__module__.rpartition(".")[2])
    with torch.no_grad():
        expected = module(torch.tensor(images(*size).transpose(0, 3, 1, 2))).numpy()
    assert_same_logits(logits_of(model, images(*size)), expected)
