"""What predictions are worth: any arrays with named targets, no model and no data set known here."""

from zoo.report.cost_report import CostReport, build_cost_report
from zoo.report.report import Report, build_report

__all__ = ["CostReport", "Report", "build_cost_report", "build_report"]
