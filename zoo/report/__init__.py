"""What predictions are worth: any arrays with named targets, no model and no data set known here."""

from zoo.report.report import Report, build_report

__all__ = ["Report", "build_report"]
