"""Two runs on the test split that both have: `zoo compare`, where the zoo has it."""

from importlib import import_module
from importlib.util import find_spec
from typing import Any

from zoo.errors import ConfigError
from zoo.studio.commands import command
from zoo.studio.jobs import Job
from zoo.studio.models import StudioModel

HOME = "zoo.tasks.comparison"


def comparison_there() -> bool:
    """Whether this zoo compares runs."""
    return find_spec(HOME) is not None


def compared(first: StudioModel, second: StudioModel, job: Job) -> dict[str, Any]:
    """Who is better on which output, and the rows on which they differ."""
    if not comparison_there():
        raise ConfigError("This version of the zoo cannot compare runs.")
    if first.key == second.key:
        raise ConfigError("Choose two different models.")
    job.tell(0.05, "predicts the test split with both")
    found = import_module(HOME).compare(first.source, second.source)
    job.tell(0.95, "writes")
    outputs = [{**each.to_json(), "sentence": found.sentence(each)} for each in found.outputs]
    for each in outputs:
        for row in each["disagreements"]:
            row["name"] = found.names.get(row["row"], f"row {row['row'] + 1}")
    return {
        "models": list(found.models),
        "data": found.data,
        "rows": found.rows,
        "notes": list(found.notes),
        "outputs": outputs,
        "command": command("zoo", "compare", first.source, second.source),
    }
