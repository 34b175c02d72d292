"""What is known of official ImageNet weights beside what the installed Keras tells itself, each with its source.

Data for tools/imagenet_manifest.py.
"""

# How pixels become numbers: keras.applications.imagenet_utils, modes "caffe", "tf" and "torch"
CAFFE = {"colour": "bgr", "scale": 1.0, "mean": [103.939, 116.779, 123.68], "std": [1.0, 1.0, 1.0]}
TF = {"colour": "rgb", "scale": 1 / 127.5, "mean": [1.0, 1.0, 1.0], "std": [1.0, 1.0, 1.0]}
V2 = {**TF, "scale": 1 / 128}  # Rescaling(1 / 128, -1) in EfficientNetV2 S, M and L
TORCH = {"colour": "rgb", "scale": 1 / 255, "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}
HALF = {"colour": "rgb", "scale": 1 / 255, "mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5]}  # TF in other words
LITE = {"colour": "rgb", "scale": 1.0, "mean": [127.0] * 3, "std": [128.0] * 3}
NUMBERS = {
    **dict.fromkeys(("vgg", "resnet"), CAFFE),
    **dict.fromkeys(("inception_v3", "inception_resnet_v2", "xception", "nasnet"), TF),
    "efficientnet_v2": V2,
    **dict.fromkeys(("mobilenet", "mobilenet_v2", "mobilenet_v3"), TF),
    **dict.fromkeys(("densenet", "efficientnet", "convnext"), TORCH),
}
SIZES = {
    **dict.fromkeys(("inception_v3", "inception_resnet_v2", "xception"), 299),
    "nasnet_large": 331,
    **{f"efficientnet_b{n}": size for n, size in enumerate((224, 240, 260, 300, 380, 456, 528, 600))},
    **{f"efficientnet_v2_b{n}": size for n, size in enumerate((224, 240, 260, 300))},
    **{"efficientnet_v2_s": 384, "efficientnet_v2_m": 480, "efficientnet_v2_l": 480},
}
MEASURED = (
    "the crop with which Keras' scores were measured: shorter side to 256, bicubic (OpenCV's), middle 224"
    " (keras-team/keras-applications, issue 88)"
)
NOT_MEASURED = "not published; the crop of Keras' models for 224x224 (keras-team/keras-applications, issue 88)"
SLIM = "slim's evaluation: the middle 87.5 %, bilinear (tensorflow/models, research/slim, inception_preprocessing)"
PADDED = "EfficientNet's evaluation: the middle size / (size + 32), bicubic (tensorflow/tpu, efficientnet)"
TIMM_V2 = "not published by Keras; as timm evaluates the same weights (timm/models/efficientnet.py)"
FACEBOOK = "256, middle 224, bicubic (facebookresearch/ConvNeXt); not published by Keras"
TORCHVISION = "torchvision's transforms.ImageClassification of these weights"

KERAS_IO = "keras.io/api/applications"
KERAS_README = "keras-team/keras-applications, README"
SLIM_V1 = "tensorflow/models, research/slim/nets/mobilenet_v1.md: of the original checkpoint"
SLIM_V2 = "tensorflow/models, research/slim/nets/mobilenet/README.md: of the original checkpoint"
SCORES = {
    **dict.fromkeys(("mobilenet", "mobilenet_v2"), KERAS_README),
    "mobilenet_v3": "keras.applications.mobilenet_v3, doc string",
    "convnext": "sayakpaul/ConvNeXt-TF, README, column of Keras",
}
# MobileNets for smaller images: size -> top-1 and top-5 of the widths
SMALLER_V1 = {
    "mobilenet": {192: (70.0, 89.2), 160: (68.0, 87.7), 128: (65.2, 85.8)},
    "mobilenet_075": {192: (67.2, 87.3), 160: (65.3, 86.0), 128: (62.1, 83.9)},
    "mobilenet_050": {192: (61.7, 83.6), 160: (59.1, 81.9), 128: (56.3, 79.4)},
    "mobilenet_025": {192: (47.7, 72.3), 160: (45.5, 70.3), 128: (41.5, 66.3)},
}
SMALLER_V2 = {
    "mobilenet_v2": {192: (70.7, 90.1), 160: (68.8, 89.0), 128: (65.3, 86.9), 96: (60.3, 83.2)},
    "mobilenet_v2_075": {192: (68.7, 88.9), 160: (66.4, 87.3), 128: (63.2, 85.3), 96: (58.8, 81.6)},
    "mobilenet_v2_050": {192: (63.9, 85.4), 160: (61.0, 83.2), 128: (57.7, 80.8), 96: (51.2, 75.8)},
    "mobilenet_v2_035": {192: (58.2, 81.2), 160: (55.7, 79.1), 128: (50.8, 75.0), 96: (45.5, 70.4)},
}

# keras-team/keras, docs/templates/applications.md, for the families of its time; the repositories of the others
LICENCES = {
    "vgg": "CC BY 4.0 (Visual Geometry Group, Oxford)",
    "resnet": "MIT (Kaiming He)",
    "resnet_v2": "BSD (Facebook, fb.resnet.torch)",
    "xception": "MIT (Keras)",
    "densenet": "BSD 3-Clause (Zhuang Liu)",
    "convnext": "MIT (Meta)",
}
APACHE = "Apache-2.0"

REMADE = (
    "The official container was re-made for mirrors, so its hash is another: no official address can give these"
    " bytes. The values are the official ones bit by bit (no official hash exists)."
)
MIRRORED = {
    "mobilenet.imagenet": {
        "size": 17231344,
        "sha256": "66fc101f079d49d08baec17f6f77791f5ed33507806f0e7ee99e25f8e4da5e39",
        "mirror": "weights/mobilenet_1_0_224_tf.h5",
    },
    "mobilenet_025.imagenet": {
        "size": 2116512,
        "sha256": "6b0e5561e6611c6e88f014c3f698ee3ed80bc0a2ed74bc048173f6508afa53db",
        "mirror": "weights/mobilenet_2_5_224_tf.h5",
    },
}
PYTORCH = "https://download.pytorch.org/models/"
TIMM = "https://github.com/rwightman/pytorch-image-models/releases/download/v0.1-weights/"
# torchvision/models/*.py, class ..._Weights; the file name ends in the first digits of its SHA-256
TORCH_FILES = {
    "resnet18.imagenet": "resnet18-f37072fd.pth",
    "resnet34.imagenet": "resnet34-b627a593.pth",
    "resnet50_v1_5.imagenet": "resnet50-0676ba61.pth",
    "resnet50_v1_5.imagenet_v2": "resnet50-11ad3fa6.pth",
    "alexnet.imagenet": "alexnet-owt-7be5be79.pth",
    "googlenet.imagenet": "googlenet-1378be20.pth",
    "squeezenet_1_0.imagenet": "squeezenet1_0-b66bff10.pth",
    "squeezenet_1_1.imagenet": "squeezenet1_1-b8a52dc0.pth",
}
OPENED = {*MIRRORED, "efficientnet_lite0.imagenet", "squeezenet_1_1.imagenet_notop"}
