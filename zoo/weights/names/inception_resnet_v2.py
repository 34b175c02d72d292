"""Names of Inception-ResNet v2's layers in Keras' files: most are automatic, known by the order of their creation."""

from zoo.weights.names import Names, by_creation

UNITS = [  # each a convolution and a normalisation; "block35_1_conv" and "conv_7b" are explicit
    f"{module}_{unit}"
    for module, units in {
        "stem": "1 2 3 4 5",
        "mixed_5b": "1x1_1 5x5_1 5x5_2 3x3dbl_1 3x3dbl_2 3x3dbl_3 pool_2",
        **dict.fromkeys([f"block35_{n}" for n in range(1, 11)], "1x1_1 3x3_1 3x3_2 3x3dbl_1 3x3dbl_2 3x3dbl_3"),
        "mixed_6a": "3x3_1 3x3dbl_1 3x3dbl_2 3x3dbl_3",
        **dict.fromkeys([f"block17_{n}" for n in range(1, 21)], "1x1_1 7x7_1 7x7_2 7x7_3"),
        "mixed_7a": "3x3a_1 3x3a_2 3x3b_1 3x3b_2 3x3dbl_1 3x3dbl_2 3x3dbl_3",
        **dict.fromkeys([f"block8_{n}" for n in range(1, 11)], "1x1_1 3x3_1 3x3_2 3x3_3"),
    }.items()
    for unit in units.split()
]
OURS = {"conv2d": [f"{unit}_conv" for unit in UNITS], "batch_normalization": [f"{unit}_bn" for unit in UNITS]}

NAMES = {"keras": Names(rename=lambda file_layers, _: by_creation(file_layers, OURS), signs=["conv2d*"])}
