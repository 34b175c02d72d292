"""The entries of models that find small structures in volumes."""

from zoo.catalogue.entry import Entry

_SOURCE = (
    "Ronneberger et al. 2015, U-Net, arXiv 1505.04597, in three dimensions (Cicek et al. 2016, 1606.06650); centres as "
    "in Zhou et al. 2019, Objects as Points, 1904.07850"
)
_OUTPUTS = {
    "centre": "(batch, D/2, H/2, W/2, 1) how near each place is to a centre, 0 to 1",
    "radius": "(batch, D/2, H/2, W/2, 1) the radius there in voxels; the outputs are those of the option 'outputs'",
}


def _entry(name: str, parameters: int, summary: str, *, for_tests: bool = False) -> Entry:
    return Entry(
        name=name,
        task="structure-detection",
        family="structure_detector",
        builder=f"zoo.models.structure_detector:{name}",
        summary=summary,
        inputs={"volume": "(batch, D, H, W, 1) voxels of any number, sides multiples of 4"},
        outputs=_OUTPUTS,
        source=_SOURCE,
        parameters=parameters,
        for_tests=for_tests,
    )


ENTRIES = (
    _entry(
        "structure_detector", 60_010, "a 3-D encoder-decoder for centres and radii, or masks, in volumes of any size"
    ),
    _entry("structure_detector_tiny", 2_394, "the same network for tests that run in milliseconds", for_tests=True),
)
