"""The blocks of figures on what must never go wrong: resuming, downloads, the sentinel, models drawn at random."""

from tools.readme_blocks import steps
from tools.readme_blocks.records import RESULTS, figures


def robustness() -> str:
    kills, start, faults = figures("resume_after_kill"), figures("startup"), figures("artifact_faults")
    sentinel = figures("sentinel")
    return (
        f"- {kills['same_weights']} of {kills['kills']} trainings killed with -9 at random moments ended with the "
        "weights of an uninterrupted one, bit for bit.\n"
        f"- Downloads from a real server through every fault we could make (cut and reset at every tenth, a wrong "
        "byte, 404, eight processes at once, kill -9, full disk, read-only folder, no network): "
        f"{faults['bad_seen_in_all']} bad or partial files under a final name.\n"
        f"- Of {sentinel['planted']} faults planted in trainings (NaN, infinities, overflow, in data, weights, layers "
        "and updates, 1 and 8 steps per execution, TensorFlow and JAX) the sentinel found "
        f"{sentinel['found']}, named the right batch in {sentinel['right_batch']} and the right place in "
        f"{sentinel['right_place']}, and put weights and optimiser back bit for bit in {sentinel['restored']}.\n"
        f"- {steps.watching()}\n"
        f"- `zoo list` takes {start['zoo_list_seconds_median']:.2f} s (Python alone "
        f"{start['bare_python_seconds_median']:.2f} s); `import zoo` imports of the frameworks: "
        f"{start['frameworks_imported_by_import_zoo']}.\n"
    )


def fuzz() -> str:
    lines = [
        "| backend | models drawn | every statement holds | of these, not repeated bit for bit by the backend itself "
        "| refused in a sentence | failed |",
        "|---|---|---|---|---|---|",
    ]
    for record in sorted(RESULTS.glob("fit_fuzz_*.json")):
        backend, found = record.stem.removeprefix("fit_fuzz_"), figures(record.stem)
        refused = found["refused"] + found["mistakes_refused"]
        lines.append(
            f"| {backend} | {found['cases']} | {found['held']} | {found.get('unrepeatable', 'not counted')} "
            f"| {refused} | {found['failed']} |"
        )
    return "\n".join(lines) + (
        "\n\nFunctional models drawn at random (one to three inputs and outputs, shared, nested, frozen, half "
        "precision, every kind of target) and trained; a run stopped in the middle is among what is tried "
        "(`python -m benchmarks.training.fit_fuzz`).\n"
    )
