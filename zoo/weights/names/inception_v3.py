"""Names of Inception v3's layers in Keras' files: automatic, told apart by the order of their creation."""

from zoo.weights.names import Names, by_creation

SQUARE = "1x1_1 5x5_1 5x5_2 3x3dbl_1 3x3dbl_2 3x3dbl_3 pool_2"
FACTORED = "1x1_1 7x7_1 7x7_2 7x7_3 7x7dbl_1 7x7dbl_2 7x7dbl_3 7x7dbl_4 7x7dbl_5 pool_2"
EXPANDED = "1x1_1 3x3_1 3x3_1x3_1 3x3_3x1_1 3x3dbl_1 3x3dbl_2 3x3dbl_1x3_1 3x3dbl_3x1_1 pool_2"

UNITS = [  # each a convolution and a normalisation
    f"{module}_{unit}"
    for module, units in {
        "stem": "1 2 3 4 5",
        **dict.fromkeys(("mixed0", "mixed1", "mixed2"), SQUARE),
        "mixed3": "3x3_1 3x3dbl_1 3x3dbl_2 3x3dbl_3",
        **dict.fromkeys(("mixed4", "mixed5", "mixed6", "mixed7"), FACTORED),
        "mixed8": "3x3_1 3x3_2 7x7x3_1 7x7x3_2 7x7x3_3 7x7x3_4",
        **dict.fromkeys(("mixed9", "mixed10"), EXPANDED),
    }.items()
    for unit in units.split()
]
OURS = {"conv2d": [f"{unit}_conv" for unit in UNITS], "batch_normalization": [f"{unit}_bn" for unit in UNITS]}

NAMES = {"keras": Names(rename=lambda file_layers, _: by_creation(file_layers, OURS), signs=["conv2d*"])}
