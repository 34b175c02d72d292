"""NASNet-A: two kinds of cells, found by search, stacked. Zoph et al. 2017, figure 4 and appendix A."""

from collections.abc import Iterator
from functools import partial
from typing import NamedTuple

from keras import layers

from blocks.convolution import conv_norm_act, drop_path
from blocks.separable import act_separable_norm
from zoo.models.image_builder import ImageBuilder, ImageGraph, Tensor

norm = partial(layers.BatchNormalization, epsilon=1e-3, momentum=0.9997)


class Path(NamedTuple):
    """One operand of a sum: what it looks at, the operation (none: as it is), the name of its layers, its stride.

    It looks at "h", the cell's input, at "h0", the same with a border of zeros, at "p", the input of the cell before,
    or at an earlier sum of this cell.
    """

    source: str
    operation: str = ""
    name: str = ""
    stride: int = 1


class Cell(NamedTuple):
    """The sums, each with its two operands in the order in which they are added; and what is concatenated."""

    sums: dict[str, tuple[Path, Path]]
    ends: tuple[str, ...]


CELLS = {
    "normal": Cell(
        {
            "1": (Path("h", "sep5", "left1"), Path("p", "sep3", "right1")),
            "2": (Path("p", "sep5", "left2"), Path("p", "sep3", "right2")),
            "3": (Path("h", "avg", "left3"), Path("p")),
            "4": (Path("p", "avg", "left4"), Path("p", "avg", "right4")),
            "5": (Path("h", "sep3", "left5"), Path("h")),
        },
        ends=("p", "1", "2", "3", "4", "5"),
    ),
    "reduction": Cell(
        {
            "1": (Path("h", "sep5", "left1", 2), Path("p", "sep7", "right1", 2)),
            "2": (Path("h0", "max", "left2", 2), Path("p", "sep7", "right2", 2)),
            "3": (Path("h0", "avg", "left3", 2), Path("p", "sep5", "right3", 2)),
            "4": (Path("2"), Path("1", "avg", "left4")),
            "5": (Path("1", "sep3", "left4"), Path("h0", "max", "right5", 2)),
        },
        ends=("2", "3", "4", "5"),
    ),
}


def separable(x: Tensor, filters: int, stride: int, *, kernel: int, name: str) -> Tensor:
    """(B, H, W, C) -> (B, H/stride, W/stride, filters): two separable convolutions, the first with the stride."""
    for number, strides in ((1, stride), (2, 1)):
        names = (f"{name}_relu{number}", f"separable_conv_{number}_{name}", f"separable_conv_{number}_bn_{name}")
        x = act_separable_norm(x, filters, kernel, strides=strides, norm=norm, names=names)
    return x


def pool(x: Tensor, filters: int, stride: int, *, layer: type[layers.Layer], name: str) -> Tensor:
    """(B, H, W, C) -> (B, H/stride, W/stride, C) over 3x3; with a stride, `x` has a border of two zeros.

    The official code pools over a border of zeros, "same" pooling leaves the border out of mean and maximum. What is
    pooled beyond the border is cropped: right for odd and even sizes alike, which need not be known.
    """
    x = layer(3, strides=stride, padding="same", name=name)(x)
    return x if stride == 1 else layers.Cropping2D(1, name=f"{name}_crop")(x)


OPERATIONS = {
    "sep3": partial(separable, kernel=3),
    "sep5": partial(separable, kernel=5),
    "sep7": partial(separable, kernel=7),
    "avg": partial(pool, layer=layers.AveragePooling2D),
    "max": partial(pool, layer=layers.MaxPooling2D),
}


def fitted(p: Tensor, filters: int, *, halve: bool, name: str) -> Tensor:
    """(B, H, W, C) or, to `halve`, (B, 2H, 2W, C) -> (B, H, W, filters)."""
    if not halve and p.shape[-1] == filters:
        return p
    p = layers.Activation("relu", name=f"adjust_relu_1_{name}")(p)
    if halve:  # every second pixel, beside its neighbour to the lower right
        neighbour = layers.ZeroPadding2D(((0, 1), (0, 1)), name=f"adjust_pad_{name}")(p)
        neighbour = layers.Cropping2D(((1, 0), (1, 0)), name=f"adjust_crop_{name}")(neighbour)
        half = partial(layers.Conv2D, filters // 2, 1, strides=2, use_bias=False)
        sides = [half(name=f"adjust_conv_1_{name}")(p), half(name=f"adjust_conv_2_{name}")(neighbour)]
        p = layers.Concatenate(name=f"adjust_concat_{name}")(sides)
    else:
        p = layers.Conv2D(filters, 1, use_bias=False, name=f"adjust_conv_projection_{name}")(p)
    return norm(name=f"adjust_bn_{name}")(p)


def cell(x: Tensor, p: Tensor, filters: int, *, kind: str, rate: float, name: str) -> Tensor:
    """x (B, H, W, C), p (B, H, W, filters) -> (B, H, W, 6 * filters), or (B, H/2, W/2, 4 * filters) for "reduction"."""
    h = layers.Activation("relu", name=f"{kind}_relu_{name}")(x)
    h = conv_norm_act(h, filters, 1, norm=norm, act=None, names=(f"{kind}_conv_1_{name}", f"{kind}_bn_1_{name}", None))
    made = {"h": h, "p": p}
    if kind == "reduction":
        made["h0"] = layers.ZeroPadding2D(2, name=f"reduction_pad_1_{name}")(h)

    def follow(path: Path) -> Tensor:
        y = made[path.source]
        if not path.operation:
            return y
        label = f"{kind}_{path.name}_{name}"
        y = OPERATIONS[path.operation](y, filters, path.stride, name=label)
        return drop_path(y, rate, name=f"{label}_{path.operation}_drop_path")

    for key, paths in CELLS[kind].sums.items():
        made[key] = layers.Add(name=f"{kind}_add_{key}_{name}")([follow(path) for path in paths])
    return layers.Concatenate(name=f"{kind}_concat_{name}")([made[end] for end in CELLS[kind].ends])


def cells(filters: int, depth: int) -> Iterator[tuple[str, int, str]]:
    """(kind, filters, name) of all cells: after the stem three stages, each a reduction and `depth` normal cells."""
    yield "reduction", filters // 4, "stem_1"
    for stage in range(3):
        width, first = filters * 2**stage, depth * stage
        yield ("reduction", width, f"reduce_{first}") if stage else ("reduction", filters // 2, "stem_2")
        for number in range(depth):
            yield "normal", width, f"{first + number + (stage > 0)}"


def nasnet(
    graph: ImageGraph, x: Tensor, *, penultimate: int, depth: int, stem: int, skip_reduction: bool = False
) -> Tensor:
    """(B, H, W, C) -> (B, H/32, W/32, penultimate).

    `skip_reduction`: the cell behind a reduction looks past it, at the input of the cell before.
    """
    x = conv_norm_act(
        x, stem, 3, strides=2, padding="valid", norm=norm, act=None, names=("stem_conv1", "stem_bn1", None)
    )
    plan = list(cells(penultimate // 24, depth))
    before, halve, stride = graph.tap(2, x), False, 2
    for number, (kind, filters, name) in enumerate(plan):
        reduces = kind == "reduction"
        p = fitted(before, filters, halve=halve, name=name) if number else x
        y = cell(x, p, filters, kind=kind, rate=graph.drop_path_rate(number, len(plan)), name=name)
        if not (skip_reduction and name.startswith("reduce")):
            before = x
        stride *= 2 if reduces else 1
        x, halve = graph.tap(stride, y), reduces
    return graph.tap(stride, layers.Activation("relu", name="relu")(x))


nasnet_mobile = ImageBuilder("nasnet_mobile", partial(nasnet, penultimate=1056, depth=4, stem=32))
nasnet_large = ImageBuilder(
    "nasnet_large", partial(nasnet, penultimate=4032, depth=6, stem=96, skip_reduction=True), size=331
)
nasnet_tiny = ImageBuilder("nasnet_tiny", partial(nasnet, penultimate=192, depth=1, stem=4), size=32)
