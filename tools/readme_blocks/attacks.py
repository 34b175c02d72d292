"""A block of figures of the page on attacks."""

from tools.readme_blocks.records import figures

NORMS = {"linf": "largest change of a pixel", "l2": "Euclidean"}


def attacks(*records: str) -> str:
    """Accuracy under PGD of a plain and an adversarially trained network, here and by foolbox."""
    lines = ["| network | strength | plain | adversarial | plain, foolbox | adversarial, foolbox |", "|---" * 6 + "|"]
    notes = []
    for name, record in zip(("MNIST", "CIFAR-10"), records, strict=True):
        found = figures(record)
        beside, training = found["beside_foolbox"], found["training"]
        for norm, told in NORMS.items():
            both = [beside[f"{network}_{norm}"] for network in ("plain", "adversarial")]
            for strength in both[0]["zoo"]:
                cells = [f"{100 * each[tool][strength]:.0f}" for tool in ("zoo", "foolbox") for each in both]
                lines.append(f"| {name} | {float(strength):.3g} ({told}) | " + " | ".join(cells) + " |")
        unharmed = [100 * found["accuracy"][network]["pgd_linf"]["0"] for network in ("plain", "adversarial")]
        notes.append(
            f"{name}: `{found['entry']}` on {found['trained_on']:,} pictures, {found['epochs']['plain']} epochs plain "
            f"and from there {found['epochs']['adversarial']} on attacks of strength {training['strength']:.3g} "
            f"(steps: {training['steps']}); of {found['pictures']} test pictures {unharmed[0]:.0f} and "
            f"{unharmed[1]:.0f} % are right before an attack."
        )
    return "\n".join(lines) + (
        f"\n\nAccuracy in % of {beside['pictures']} test pictures that {beside['steps']} steps of PGD leave, here and "
        f"by foolbox {beside['foolbox']}, one seed. {' '.join(notes)} Foolbox looks at the last step alone.\n"
    )
