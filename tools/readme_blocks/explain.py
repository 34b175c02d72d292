"""A block of figures of the page on explanations: what they point at, agreement with other tools, and time."""

from collections.abc import Mapping
from typing import Any

from tools.readme_blocks.records import figures


def explanations() -> str:
    """A row for each method: hits on planted pictures, and correlation with captum or pytorch-grad-cam."""
    pointing, agreement, speed = (figures(f"explain_{part}") for part in ("pointing", "agreement", "speed"))
    average, most = pointing["average"], pointing["max"]
    lines = [
        "| method | hits, mean over places, % | hits, maximum over places, % | correlation with other tools |",
        "|---|---|---|---|",
    ]
    for name, hits in average["hits"].items():
        other = f"{100 * most['hits'][name]:.0f}" if name in most["hits"] else "–"
        same = agreement["methods"].get(name)
        correlation = f"{same['correlation']:.6f}" if same else "–"
        lines.append(f"| `{name}` | {100 * hits:.0f} | {other} | {correlation} |")
    apart = {name: each["largest_relative_difference"] for name, each in agreement["methods"].items()}
    plus, worst = apart.pop("grad-cam++"), max(apart.values())
    larger = agreement["larger_gradients"]
    beside = figures("explain_occlusion")
    plus_larger = larger["methods"]["grad-cam++"]["largest_relative_difference"]
    return "\n".join(lines) + (
        f"\n\nHits: in so many of {average['pictures']} planted test pictures that a small network (one seed) "
        f"classified rightly, the largest value lay within the pattern, or at most "
        f"{average['margin_pixels']} pixels from it; a random point does in {100 * average['random_point']:.0f} %. "
        "Other tools: captum and pytorch-grad-cam, same "
        f"weights; the largest difference is {worst:.0e} of the largest value. Grad-CAM++ is {plus:.2f} of it apart: "
        "pytorch-grad-cam adds 1e-6 to a divisor which is as small where gradients are; with those "
        f"{larger['times']:.0f} times as large it is {plus_larger:.0e}. MobileNet at 224 pixels "
        f"({speed['backend']}, on a machine that was shared): Grad-CAM took "
        f"{speed['grad_cam_in_forward_passes']:.1f} forward passes, {speed['occlusion_windows']} windows of occlusion "
        f"{speed['occlusion_seconds']:.0f} s, {speed['occlusion_in_forward_passes_of_its_windows']:.2f} times as long "
        "as the forward passes of as many pictures. On PyTorch captum takes "
        f"{beside['captum_in_times_of_zoo']:.2f} times the processor's time of occlusion here, "
        f"{beside['captum_together_in_times_of_zoo']:.2f} times with {beside['together']} windows at once (the same "
        f"Keras model of MobileNet, a photo, {beside['windows']} windows, correlation {beside['correlation']:.6f}): "
        "the forward passes are all that it costs. Pictures of pets with boxes are not among the data here.\n"
    )


def label_errors() -> str:
    """Wrong labels found among as many suspected ones, beside cleanlab."""
    found = figures("label_errors")
    mean = {name: 100 * value for name, value in found["mean"].items()}
    best = max(value for name, value in mean.items() if name != "zoo")
    return (
        f"Of {found['pictures']:,} digits {100 * found['flipped_share']:.0f} % got a wrong label. Among as many of the "
        f"first suspected rows {mean['zoo']:.1f} % are wrong ones, of cleanlab's best ranking {best:.1f} %, with the "
        f"same probabilities of networks that had not seen the row (mean of {len(found['seeds'])} seeds, "
        "`python -m benchmarks.explanations.label_errors`).\n"
    )


def studio() -> str:
    """Seconds of a page and of an answer, several users at once, and memory over time."""
    found = figures("studio")
    speed, soak = found["speed"], found["soak"]
    many, rows = speed["at_once"], soak["memory"]
    half = [row["megabytes"] for row in rows[len(rows) // 2 :]]
    return (
        f"`{found['model']}` on two cores that {_wanted(speed)} processes wanted: the first page came after "
        f"{speed['first_page_seconds']:.1f} s, an answer takes {speed['answer_seconds_median']:.1f} s in the median, "
        f"Grad-CAM {speed['grad_cam_seconds_median']:.1f} s. {many['users']} users who asked at once got "
        f"{many['answers']} answers with {len(many['errors'])} errors, each in {many['median_seconds']:.1f} s in the "
        f"median (`python -m benchmarks.explanations.studio speed`).\n\nIn {soak['minutes']:.0f} minutes of questions "
        f"with {soak['explanations']} explanations, while {_wanted(soak)} processes wanted the cores, the memory "
        f"between them went from {rows[0]['megabytes']:,.0f} to {rows[-1]['megabytes']:,.0f} MB, in the second half "
        f"from {min(half):,.0f} to {max(half):,.0f} (`... studio soak`).\n"
    )


def _wanted(part: Mapping[str, Any]) -> str:
    """How busy the machine was, before and after."""
    return " to ".join(sorted({f"{each:.0f}" for each in part["load_average"].values()}, key=int))
