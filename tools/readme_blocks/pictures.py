"""The block of figures on networks for pictures that are trained from scratch; see `readme_figures`."""

from contextlib import suppress

from tools.readme_blocks.records import figures

TITLES = {
    "mnist_softmax_500_batches": "MNIST, `image_softmax`, 500 batches of 50",
    "mnist_softmax": "MNIST, `image_softmax`, to its end",
    "mnist_mlp": "MNIST, `image_mlp`",
    "mnist_cnn": "MNIST, `mnist_cnn`",
    "cifar10_90": "CIFAR-10, `airbench94`, narrow",
    "cifar10_94": "CIFAR-10, `airbench94`, as published",
}


def small_pictures() -> str:
    """A row for each training, and sentences on what else is measured on pictures."""
    lines = ["| data and network | test accuracy, % | minutes | of one core | seeds |", "|---" * 5 + "|"]
    found = figures("small_pictures")
    for name, row in found.items():
        runs = row["runs"]
        spread = f" ± {100 * row['spread']['test']:.2f}" if len(runs) > 1 else ""
        views = next((100 * value for key, value in row["mean"].items() if key.endswith("_views")
                      and key.startswith("test")), None)  # fmt: skip
        several = f" ({views:.2f} as the mean over six views)" if views is not None else ""
        minutes, core = (max(run[key] for run in runs) / 60 for key in ("seconds", "processor_seconds"))
        score = f"{100 * row['mean']['test']:.2f}{spread}{several}"
        lines.append(f"| {TITLES[name]} | {score} | {minutes:.1f} | {core:.1f} | {len(runs)} |")
    shared = any(row["machine_was_shared"] for row in found.values())
    noted = " The machine was shared with other work." if shared else ""
    return "\n".join(lines) + (
        "\n\nThe recipes were chosen on 5,000 of the training pictures; the test pictures were looked at once a seed. "
        f"Minutes are those of the longest seed by the clock, beside those of the processor.{noted}\n"
    )


def fine_tuning() -> str:
    """A pretrained MobileNet beside a linear model on its features, on each work measured; cached features."""
    found, cached = figures("fine_tuning"), figures("cached_features")
    lines = ["| photos | linear model on the features | fine-tuned | minutes of training |", "|---" * 4 + "|"]
    if "pets37" in found:
        mean, folds = found["pets37"]["mean"], found["pets37"]["folds"]
        for name, title in (("recipe", "head alone, the recipe"), ("last_stage", "last stage too")):
            if name not in mean:
                continue
            scores = f"{100 * mean['linear']:.1f} % | {100 * mean[name]:.1f} %"
            minutes = sum(run["epochs_seconds"] for run in folds[name]) / 60 / len(folds[name])
            lines.append(
                f"| 37 breeds of pets, 7 of each, {len(folds[name])} folds; {title} | {scores} | {minutes:.1f} |"
            )
    for name, title in (("cars64", "196 models of cars"), ("utkface", "ages of faces, error in years")):
        if name in found:
            row, scale, unit = found[name], *((1, "") if name == "utkface" else (100, " %"))
            both = f"{scale * row['linear']:.2f}{unit} | {scale * row['fine_tuned']['score']:.2f}{unit}"
            taught = row["rows"]["train"] + row["rows"]["validation"]
            minutes = row["fine_tuned"]["epochs_seconds"] / 60
            lines.append(f"| {title}, {taught:,} to train and choose by | {both} | {minutes:.1f} |")
    return "\n".join(lines) + (
        f"\n\nOne seed; the test pictures were read once. A head on features that are computed once trained for "
        f"{cached['epochs']} epochs in {100 * cached['first']['share']:.0f} % of the time of Keras' recipe with a "
        f"frozen base (accuracy {cached['first']['accuracy']:.3f} and {cached['keras']['accuracy']:.3f}), the features "
        f"included, and in {100 * cached['again']['share']:.0f} % when they stand on the disk already "
        "(`python -m benchmarks.pictures.cached_features`).\n"
    )


def augmentation() -> str:
    """Pictures a second of each augmentation beside Keras' layer, and smart augmentation beside others."""
    speed, smart = figures("augmentation_speed"), figures("smart_augmentation")
    lines = ["| pictures a second, 224 pixels | zoo | Keras' layer |", "|---|---|---|"]
    large = speed["224"]
    for name, many in large["zoo"].items():
        theirs = f"{large['keras'][name]:,.0f}" if name in large["keras"] else "–"
        lines.append(f"| {name.replace('_', ' ')} | {many:,.0f} | {theirs} |")
    methods = "; ".join(
        f"{name} {each['test accuracy %']:.1f} ± {each['spread']:.1f} ({each['seconds']:.0f} s)"
        for name, each in smart["methods"].items()
    )
    return "\n".join(lines) + (
        f"\n\nOne core (`python -m benchmarks.pictures.augmentation_speed`). With {smart['training digits']} digits of "
        f"MNIST to learn from, accuracy in per cent on the test part: {methods} "
        "(`python -m benchmarks.pictures.smart_augmentation`).\n"
    )


def picture_training() -> str:
    """What loading, a step, memory and resuming cost."""
    lines = []
    for part in (_loading, _step, _memory, _resume):
        with suppress(FileNotFoundError):  # not measured yet
            lines.append(f"- {part()}")
    return "\n".join(lines) + "\n"


def _loading() -> str:
    found = figures("picture_loading")
    cases = [
        f"{row['pictures_a_processor_second']['zoo']:,.0f} at {side} pixels, {row['times_what_training_takes']:.1f} "
        f"times what a step of `{row['network']}` takes and {row['times_tf_data']:.2f} times what tf.data gives"
        for side, row in found["cases"].items()
    ]
    return f"JPEGs read, decoded and augmented in a second of one core: {'; '.join(cases)}."


def _step() -> str:
    found = figures("picture_step")
    ratios = found["times_as_long_as_the_zoo"]["processor_milliseconds_a_step"]
    half = "" if found["computes_in_bfloat16"] else "; this processor does not compute in bfloat16"
    return (
        f"A step of {found['network']}, on {found['batch_size']} pictures, augmentation included, takes "
        f"{found['processor_milliseconds_a_step']['zoo']:,.0f} ms of the processor; Keras' `fit` with its own layers "
        f"takes {ratios['keras']:.2f} times, PyTorch (channels last) {ratios['torch']:.2f} times as long{half}."
    )


def _memory() -> str:
    found = figures("picture_memory")
    few, many = found["runs"]
    return (
        f"A training on {many['photos']:,} photos of one megapixel takes {many['peak_mib']:,.0f} MiB at the most, on "
        f"{few['photos']:,} of them {few['peak_mib']:,.0f}."
    )


def _resume() -> str:
    found = figures("resume_after_kill_pictures")
    names = {"tensorflow": "TensorFlow", "jax": "JAX"}
    each = [f"{row['same_weights']} of {row['kills']} on {names[backend]}" for backend, row in found.items()]
    return (
        "Trainings on augmented pictures that were killed with -9 and continued, and ended with the weights of an "
        f"uninterrupted one, bit for bit: {' and '.join(each)}."
    )
