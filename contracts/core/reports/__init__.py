"""The forms that a report takes: each module has a ``render(report)``, whose report is that of ``report.py``."""
