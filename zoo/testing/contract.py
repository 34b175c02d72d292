"""`check_model`: all checks over one model, told together."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from zoo.testing import any_model, image_model
from zoo.testing.subject import Subject, fingerprint_of, weighted_layers

MOST_WEIGHTS = 1_000_000  # of a model that is also run; of larger ones the structure is checked, without values


class ContractError(AssertionError):
    """A model breaks the contract; the message lists what and where."""


@dataclass(frozen=True)
class Check:
    """One clause: what it is about, the function that asserts it, and to which models it applies.

    runs    it needs values and outputs, so that only small models are asked.
    images  it is about image backbones only.
    """

    about: str
    of: Callable[[Subject], None]
    runs: bool = False
    images: bool = False


CHECKS: tuple[Check, ...] = (
    Check("outputs are keyed by layer names", any_model.outputs_are_keyed_by_layer_names),
    Check("layer names are explicit, whatever the name and the options", any_model.layer_names_do_not_change),
    Check("unknown options are refused", any_model.unknown_options_are_refused),
    Check("the config makes the same graph again", any_model.the_config_makes_the_same_graph_again, runs=True),
    Check("the count of weights is the published one", any_model.the_count_is_the_published_one),
    Check("shapes follow the image, the channels and the classes", image_model.shapes_follow, images=True),
    Check("taps have their strides", image_model.taps_have_their_strides, images=True),
    Check("bad options are refused", image_model.bad_options_are_refused, images=True),
    Check("answers are finite and depend on the input", any_model.answers_depend_on_the_input, runs=True),
    Check("an input is answered alone as in a batch", any_model.answers_do_not_depend_on_the_batch, runs=True),
    Check("every trainable weight gets a gradient", any_model.every_weight_gets_a_gradient, runs=True),
    Check("bfloat16 is finite", any_model.bfloat16_is_finite, runs=True),
    Check("a .keras file opens without the zoo", any_model.a_keras_file_opens_without_the_zoo, runs=True),
    Check("a file of weights restores the answers", any_model.a_file_of_weights_restores_the_answers, runs=True),
    Check("a seed fixes the initial weights", any_model.a_seed_fixes_the_initial_weights, runs=True),
    Check("two of them stand in one graph", any_model.two_stand_in_one_graph, runs=True),
    Check("taps grow with the image", image_model.taps_grow_with_the_image, runs=True, images=True),
    Check("dropout and drop path change training alone", image_model.dropout_changes_training_alone, True, True),
    Check("without a top, pooling is that of the features", image_model.pooling_is_that_of_the_features, True, True),
    Check("any channels and sizes are answered", image_model.any_channels_and_sizes_are_answered, True, True),
)


def check_model(
    name: str, *, layers: Sequence[str] | None = None, fingerprint: str | None = None, runs: bool | None = None
) -> list[str]:
    """Check the entry `name` of the catalogue against the contract; what it was asked, one phrase a check.

    layers       names of the layers with weights, in alphabetical order: as published, or as frozen earlier.
    fingerprint  of names, roles and shapes of all weights, from `zoo.testing.fingerprint_of`: the same, shorter.
    runs         whether it is run too, or only its structure is looked at; None: run where it is small.

    Raises `ContractError` that lists every clause that does not hold, `UnknownNameError` for an unknown name.
    """
    subject = Subject(name)
    model = subject.default_outline
    faults = []
    if layers is not None and (changed := sorted(set(layers) ^ set(weighted_layers(model)))):
        faults.append(f"layers with weights are not those frozen: {any_model.some(changed)}")
    if fingerprint is not None and fingerprint != (found := fingerprint_of(model)):
        faults.append(f"names or shapes of weights changed: the fingerprint is {found}, not {fingerprint}")
    runs = model.count_params() <= MOST_WEIGHTS if runs is None else runs
    asked = [check for check in CHECKS if (runs or not check.runs) and (subject.image or not check.images)]
    for check in asked:
        try:
            check.of(subject)
        except Exception as error:  # noqa: BLE001 (whatever a model under test raises is a finding, told with the others)
            faults.append(f"{check.about}: {type(error).__name__}: {error}")
    if faults:
        raise ContractError(f"{name} breaks the contract:\n  " + "\n  ".join(faults))
    return [check.about for check in asked]
