"""Two runs on the test split that both have: `zoo compare`."""

from typing import Any

from zoo.errors import ConfigError
from zoo.studio.commands import command
from zoo.studio.jobs import Job
from zoo.studio.models import StudioModel
from zoo.tasks.comparison import compare


def compared(first: StudioModel, second: StudioModel, job: Job) -> dict[str, Any]:
    """Who is better on which output, and the rows on which they differ."""
    if first.key == second.key:
        raise ConfigError("Choose two different models.")
    job.tell(0.05, "predicts the test split with both")
    found = compare(first.source, second.source)
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
