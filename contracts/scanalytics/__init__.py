"""The contract of Scanalytics."""
