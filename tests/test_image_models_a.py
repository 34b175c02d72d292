"""VGG, ResNet, AlexNet, GoogLeNet and SqueezeNet against the official builds: names, sizes and logits."""

from collections import OrderedDict
from functools import partial
from importlib import import_module

import keras
import numpy as np
import pytest

import blocks
from zoo.errors import ConfigError
from zoo.models import resnet, squeezenet, vgg
from zoo.models.image_builder import ImageBuilder
from zoo.weights.names import names_for

# modules: `zoo.models` has the builders of these names
alexnet, googlenet = (import_module(f"zoo.models.{name}") for name in ("alexnet", "googlenet"))
LENGTHS = (1, 1, 2, 1)  # blocks of the stages of a shallow ResNet, which has each kind of block
torch_resnet = {
    kind: ImageBuilder(kind, partial(resnet.v1_5, block=block, depths=LENGTHS))
    for kind, block in (("BasicBlock", resnet.basic), ("Bottleneck", resnet.bottleneck))
}
caffenet_features = ImageBuilder("caffenet", alexnet.two_towers, strides=alexnet.STRIDES)
# the parameters that torchvision publishes, which does not count the statistics of batch normalisation
PUBLISHED = {
    squeezenet.squeezenet_1_0: 1_248_424,
    squeezenet.squeezenet_1_1: 1_235_496,
    googlenet.googlenet: 6_624_904,
    resnet.resnet18: 11_689_512,
    resnet.resnet34: 21_797_672,
    resnet.resnet50_v1_5: 25_557_032,
}


def outline(builder):
    """The model without values: names and shapes."""
    with keras.StatelessScope(initialize_variables=False):
        model = builder()
    keras.utils.clear_session()  # else the next model that is built would give values to this one too
    return model


def images(height, width):
    return np.random.default_rng(1).normal(size=(2, height, width, 3)).astype("float32")


def answer(model, x):
    """The features, or the outputs before the last activation."""
    if model.layers[-1].name == "predictions":
        model.layers[-1].activation = keras.activations.linear
    outputs = model({"image": x} if model.inputs[0].name == "image" else x, training=False)
    return np.asarray(next(iter(outputs.values())) if isinstance(outputs, dict) else outputs)


def assert_same_numbers(ours, theirs):
    """Within 1e-4 of their spread, which is that of the channels or classes of each image and of the images."""
    spread = float(np.std(theirs))
    assert ours.shape == theirs.shape
    assert np.abs(ours - theirs).max() <= 1e-4 * spread
    for axis in (0, -1):
        assert np.abs(ours - np.roll(theirs, 1, axis=axis)).max() > 0.1 * spread


def random_values(role, shape, generator):
    """Values of which no two are alike: kernels scaled by their fan-in, statistics and scales far from one."""
    values = generator.standard_normal(shape, dtype="float32")
    if role in ("gamma", "moving_variance"):
        return np.exp(0.4 * values)
    return values * (np.sqrt(2 / np.prod(shape[:-1])) if role == "kernel" else 0.2)


def weighted(model):
    return {layer.name: layer for layer in model.layers if layer.weights}


@pytest.mark.parametrize("builder", PUBLISHED, ids=lambda builder: builder.name)
def test_it_has_as_many_parameters_as_published(builder):
    model = outline(builder)
    assert sum(int(np.prod(weight.shape)) for weight in model.trainable_weights) == PUBLISHED[builder]


@pytest.mark.parametrize(
    ("builder", "official", "top", "sizes"),
    [
        (vgg.vgg16, "VGG16", 10, [(40, 33)]),
        (resnet.resnet50, "ResNet50", None, [(64, 64), (75, 49)]),
        (resnet.resnet50_v2, "ResNet50V2", None, [(64, 64), (75, 49)]),
    ],
    ids=lambda value: getattr(value, "name", None),
)
def test_it_is_the_official_keras_model(builder, official, top, sizes):
    options = {"input_shape": (None, None, 3), "include_top": False}
    if top:
        options = {"input_shape": (*sizes[0], 3), "classes": top}
    theirs = getattr(keras.applications, official)(weights=None, **options)
    ours = builder(**options)
    assert sorted(weighted(ours)) == sorted(weighted(theirs))
    generator = np.random.default_rng(0)
    for name, layer in weighted(theirs).items():
        assert [weight.name for weight in weighted(ours)[name].weights] == [weight.name for weight in layer.weights]
        values = [random_values(weight.name, weight.shape, generator) for weight in layer.weights]
        layer.set_weights(values)
        weighted(ours)[name].set_weights(values)
    for size in sizes:
        assert_same_numbers(answer(ours, images(*size)), answer(theirs, images(*size)))


def random_module(module):
    """The PyTorch module in inference, with random weights and statistics."""
    import torch

    generator = np.random.default_rng(0)
    state = module.state_dict()
    for name, tensor in state.items():
        owner, _, role = name.rpartition(".")
        if role == "num_batches_tracked":
            continue
        if role == "weight":
            role = "gamma" if isinstance(module.get_submodule(owner), torch.nn.BatchNorm2d) else "kernel"
        role = "moving_variance" if role == "running_var" else role
        shape = tuple(tensor.shape)
        values = random_values(role, (*shape[1:], shape[0]), generator)
        state[name] = torch.from_numpy(np.moveaxis(values, -1, 0).copy())
    module.load_state_dict(state)
    return module.eval()


def copy_module(module, model, family):
    """The weights of a PyTorch module in ours, by the family's names; auxiliary classifiers are left out."""
    state = {name: tensor.numpy() for name, tensor in module.state_dict().items()}
    theirs = list(dict.fromkeys(name.rpartition(".")[0] for name in state))
    layers = weighted(model)
    table = names_for(family, theirs)
    renamed = {**{name: name for name in theirs}, **table.rename(theirs, list(layers))}
    assert {renamed[name] for name in theirs if not name.startswith("aux")} == set(layers)
    roles = {"gamma": "weight", "kernel": "weight", "beta": "bias", "moving_mean": "running_mean"}
    for name in theirs:
        for weight in layers[renamed[name]].weights if renamed[name] in layers else ():
            array = state[f"{name}.{roles.get(weight.name, weight.name.replace('moving_variance', 'running_var'))}"]
            adapt = table.adapt.get(f"{renamed[name]}/{weight.name}")
            if adapt is not None:
                array = adapt(array)
            elif weight.name == "kernel":
                array = array.transpose(2, 3, 1, 0) if array.ndim == 4 else array.T
            weight.assign(array)


def assert_same_as_torch(module, model, family, *sizes):
    import torch

    copy_module(random_module(module), model, family)
    for size in sizes:
        with torch.no_grad():
            expected = module(torch.from_numpy(images(*size).transpose(0, 3, 1, 2).copy())).numpy()
        assert_same_numbers(answer(model, images(*size)), np.moveaxis(expected, 1, -1))


@pytest.mark.parametrize("kind", torch_resnet)
def test_resnet_is_that_of_torchvision(torchvision, kind):
    module = torchvision.resnet.ResNet(getattr(torchvision.resnet, kind), LENGTHS)
    model = torch_resnet[kind](input_shape=(None, None, 3))
    assert_same_as_torch(module, model, "resnet", (64, 64), (75, 49))


@pytest.mark.parametrize("builder", [squeezenet.squeezenet_1_0, squeezenet.squeezenet_1_1], ids=lambda b: b.name)
def test_squeezenet_is_that_of_torchvision(torchvision, builder):
    module = getattr(torchvision, builder.name.replace("net_", "net"))()
    assert_same_as_torch(module, builder(input_shape=(None, None, 3)), "squeezenet", (64, 96), (97, 67), (79, 110))


def test_googlenet_is_that_of_torchvision(torchvision):
    module = torchvision.googlenet(aux_logits=True, init_weights=False)
    model = googlenet.googlenet(input_shape=(None, None, 3))
    assert_same_as_torch(module, model, "googlenet", (64, 96), (97, 67))


def test_alexnet_is_that_of_torchvision(torchvision):
    """At another size than its own, where the features are averaged; at its own they need not be."""
    model = alexnet.alexnet(input_shape=(193, 160, 3), classes=10)
    assert_same_as_torch(torchvision.alexnet(num_classes=10), model, "alexnet", (193, 160))
    own_size = outline(alexnet.alexnet)
    assert "avgpool" in [layer.name for layer in model.layers]
    assert "avgpool" not in [layer.name for layer in own_size.layers]
    assert own_size.get_layer("classifier_1").kernel.shape == (256 * 6 * 6, 4096)


def test_vgg_takes_torchvisions_names(torchvision):
    from torch import nn

    official = torchvision.vgg16(num_classes=10)
    convolutions = nn.Sequential(OrderedDict(features=official.features))
    model = vgg.vgg16(include_top=False, input_shape=(None, None, 3))
    assert_same_as_torch(convolutions, model, "vgg", (48, 33))
    layers = list(weighted(outline(vgg.vgg16)))
    modules = [name for name, module in official.named_modules() if isinstance(module, nn.Conv2d | nn.Linear)]
    renamed = names_for("vgg", modules).rename(modules, layers)
    assert [renamed[module] for module in modules] == layers


def test_caffenet_is_that_of_caffe(torchvision):
    """Caffe's layers written in PyTorch: bvlc_reference_caffenet/train_val.prototxt."""
    from torch import nn

    pool, norm = partial(nn.MaxPool2d, 3, 2, ceil_mode=True), partial(nn.LocalResponseNorm, 5, 1e-4, 0.75, 1.0)
    official = OrderedDict(
        conv1=nn.Conv2d(3, 96, 11, 4), relu1=nn.ReLU(), pool1=pool(), norm1=norm(),
        conv2=nn.Conv2d(96, 256, 5, padding=2, groups=2), relu2=nn.ReLU(), pool2=pool(), norm2=norm(),
        conv3=nn.Conv2d(256, 384, 3, padding=1), relu3=nn.ReLU(),
        conv4=nn.Conv2d(384, 384, 3, padding=1, groups=2), relu4=nn.ReLU(),
        conv5=nn.Conv2d(384, 256, 3, padding=1, groups=2), relu5=nn.ReLU(), pool5=pool(),
    )  # fmt: skip
    model = caffenet_features(input_shape=(None, None, 3), include_top=False)
    assert_same_as_torch(nn.Sequential(official), model, "caffenet", (99, 99), (112, 131))


def test_squeezenet_takes_the_names_of_keras_files():
    """Those of rcmalli/keras-squeezenet, whose fire modules are counted from 2."""
    ours = list(weighted(outline(squeezenet.squeezenet_1_1)))
    parts = ("squeeze1x1", "expand1x1", "expand3x3")
    theirs = ["conv1", *(f"fire{number}/{part}" for number in range(2, 10) for part in parts), "conv10"]
    renamed = names_for("squeezenet", theirs).rename(theirs, ours)
    assert sorted(renamed) == sorted(theirs)
    assert sorted(renamed.values()) == sorted(ours)
    assert renamed["fire4/expand3x3"] == "features_6_expand3x3"
    assert renamed["fire9/squeeze1x1"] == "features_12_squeeze"
    assert renamed["conv10"] == "classifier_1"


def test_one_class_can_be_improbable():
    """The ReLU before the mean would keep a lone probability above one half."""
    model = squeezenet.squeezenet_tiny(classes=1)
    model.get_layer("classifier_1").set_weights([np.zeros((1, 1, 32, 1)), np.array([-2.0])])
    assert float(model([images(32, 32)])["predictions"][0, 0]) == pytest.approx(1 / (1 + np.exp(2.0)))


def test_a_strong_channel_damps_its_neighbours():
    x = np.random.default_rng(0).normal(0, 9, (2, 3, 2, 7)).astype("float32")
    image = keras.Input(x.shape[1:])
    model = keras.Model(image, blocks.local_response_norm(image, size=3, alpha=0.3, beta=0.6, bias=2.0))
    again = keras.Model.from_config(model.get_config())
    squares = np.pad(x**2, [(0, 0)] * 3 + [(1, 1)])
    expected = x / (2.0 + 0.1 * (squares[..., :-2] + squares[..., 1:-1] + squares[..., 2:])) ** 0.6
    for one in (model, again):
        np.testing.assert_allclose(np.asarray(one(x)), expected, rtol=1e-5)


@pytest.mark.parametrize(("size", "stride"), [(3, 2), (2, 2), (3, 3), (3, 1)])
def test_the_last_window_may_reach_over_the_edge(size, stride):
    for side in range(size, 9):
        x = np.random.default_rng(side).uniform(size=(1, side, side, 1)).astype("float32")
        image = keras.Input(x.shape[1:])
        found = np.asarray(keras.Model(image, blocks.ceil_max_pool(image, size, stride=stride, name="pool"))(x))
        starts = range(0, side - size + stride, stride)
        expected = [[x[0, i : i + size, j : j + size].max() for j in starts] for i in starts]
        np.testing.assert_array_equal(found[0, :, :, 0], expected)


def test_windows_must_not_leave_gaps():
    with pytest.raises(ValueError, match="'size' must be at least 'stride', 3"):
        blocks.ceil_max_pool(keras.Input((8, 8, 1)), 2, stride=3, name="pool")
    with pytest.raises(ValueError, match="'size' must be odd"):
        blocks.local_response_norm(keras.Input((8, 8, 4)), size=4)


@pytest.mark.parametrize("builder", [resnet.resnet_tiny, resnet.resnet_v2_tiny, resnet.resnet_v1_5_tiny])
def test_paths_are_dropped_ever_more_often(builder):
    model = builder(drop_path=0.4)
    rates = [layer.rate for layer in model.layers if layer.name.endswith("_drop_path")]
    assert rates == pytest.approx([0.1, 0.2, 0.3, 0.4])
    assert set(weighted(model)) == set(weighted(builder()))


def test_a_builder_refuses_values_in_its_own_words():
    for option in ({"classes": 0}, {"dropout": 1.0}, {"drop_path": "0.1"}):
        with pytest.raises(ConfigError, match=f"resnet_tiny cannot be built: '{next(iter(option))}' must be"):
            resnet.resnet_tiny(**option)


def test_height_is_never_taken_for_channels():
    keras.config.set_image_data_format("channels_first")
    try:
        with pytest.raises(ConfigError, match="Keras is set to channels first"):
            resnet.resnet_tiny()
    finally:
        keras.config.set_image_data_format("channels_last")
    assert resnet.resnet_tiny().get_layer("conv1_conv").kernel.shape[2] == 3
