"""Where are the small structures in this volume?

    python -m examples.find_structures                 train on generated volumes with nodes among vessels, and report
    python -m examples.find_structures predict FILE --weights RUN   .npy, .npz, NIfTI: centres, radii, scores

The network reads windows of 24 voxels a side and says how near each place is to a centre, and how large the structure
there is. Half of the windows of an epoch hold a structure, and half of the others are those that it took for one. A
whole volume is searched window by window. What it does is

    trained, report = zoo.train("structure_detector", "phantom", folder="runs/nodes")
    zoo.tasks.structures.find_in(trained, "scan.nii.gz")        # [Structure(centre=..., radius=..., score=...), ...]

`zoo train structure_detector --data nodes.csv` trains on volumes of your own: volume, x, y, z, radius.
"""

import zoo
from examples.command import Run, option, page, training_page
from zoo.terminal import console, show_report

FILES = (
    option("files", "volumes: .npy, .npz, NIfTI, folders of DICOM slices", nargs="+", metavar="FILE"),
    option("--weights", "the folder of the run", required=True, metavar="RUN"),
)


@training_page("structure_detector", "phantom")
def main(run: Run) -> None:
    """Train, and report what was found, missed and taken for a structure."""
    _, report = zoo.train(run.model, run.data, **run.options)
    show_report(report, run.folder)


@main.word("predict", page(*FILES))
def predict(run: Run) -> None:
    """The structures of each volume, from the threshold on that validation chose, the surest first."""
    trained = zoo.load_pipeline(run.weights)
    for file in run.files:
        for each in zoo.tasks.structures.find_in(trained, file):
            place = ", ".join(f"{at:.1f}" for at in each.centre)
            console().print(f"{file}  {each.score:.2f}  voxel {place}, radius {each.radius:.1f}", markup=False)


if __name__ == "__main__":
    raise SystemExit(main())
