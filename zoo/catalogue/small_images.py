"""The entries of networks for small pictures; they are trained here, and have no published weights."""

from zoo.catalogue.entry import Entry


def _entry(name: str, parameters: int, summary: str, shape: str, source: str, *, for_tests: bool = False) -> Entry:
    return Entry(
        name=name,
        task="small-image-classification",
        family="small_images",
        builder=f"zoo.models.small_images:{name}",
        summary=summary,
        inputs={"image": f"(batch, {shape}) numbers, normalised by the training pictures"},
        outputs={"label": "(batch, 10) probabilities; the outputs are those that the option 'outputs' names"},
        source=source,
        parameters=parameters,
        for_tests=for_tests,
    )


_SIMONYAN = "Simonyan and Zisserman 2014, Very Deep Convolutional Networks, in small; Ioffe and Szegedy 2015"

ENTRIES = (
    _entry("image_softmax", 7_850, "softmax regression on all pixels", "28, 28, 1", "Cox 1958; LeCun et al. 1998"),
    _entry(
        "image_mlp",
        672_778,
        "two dense layers on all pixels",
        "28, 28, 1",
        "LeCun et al. 1998, Gradient-based learning applied to document recognition, section III",
    ),
    _entry("mnist_cnn", 323_370, "three stages of two small convolutions", "28, 28, 1", _SIMONYAN),
    _entry("resnet20", 274_042, "19 small convolutions in residual blocks", "32, 32, 3", "He et al. 2015, section 4.2"),
    _entry(
        "airbench94",
        1_973_954,
        "a whitening convolution and three wide blocks, made to be trained in seconds",
        "32, 32, 3",
        "Jordan 2024, 94 % on CIFAR-10 in 3.29 seconds, arXiv 2404.00498",
    ),
    _entry("mnist_cnn_tiny", 1_302, "for tests that run in milliseconds", "28, 28, 1", _SIMONYAN, for_tests=True),
)
