"""What predictions are worth: any arrays with named targets, no model and no data set known here."""

from zoo.report.cost_report import CostReport, build_cost_report
from zoo.report.report import Report, build_report
from zoo.report.senses import sense_changes, sense_rows
from zoo.report.votes import best_weights, vote

__all__ = [
    "CostReport",
    "Report",
    "best_weights",
    "build_cost_report",
    "build_report",
    "sense_changes",
    "sense_rows",
    "vote",
]
