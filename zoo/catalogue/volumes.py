"""The entries of models that read volumes, which a volume column makes of files."""

from zoo.catalogue.entry import Entry

_HE = "He et al. 2015, Deep residual learning for image recognition, arXiv 1512.03385, in 3-D"
_LABEL = {"label": "(batch, labels) probabilities; the outputs are those that the option 'outputs' names"}


def _entry(name: str, parameters: int, summary: str, shape: str, *, for_tests: bool = False) -> Entry:
    return Entry(
        name=name,
        task="volume-classification",
        family="volume_classifier",
        builder=f"zoo.models.volume_classifier:{name}",
        summary=summary,
        inputs={"volume": f"(batch, {shape}, 1) voxels, windowed and normalised"},
        outputs=_LABEL,
        source=_HE,
        parameters=parameters,
        for_tests=for_tests,
    )


ENTRIES = (
    _entry(
        "volume_classifier",
        212_394,
        "a 3-D residual network, for volumes of your own: scans, or parts of them",
        "depth, height, width",
    ),
    _entry(
        "volume_classifier_tiny",
        2_110,
        "the same network for tests that run in milliseconds",
        "8, 8, 8",
        for_tests=True,
    ),
)
