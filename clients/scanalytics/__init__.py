"""The reference client for Scanalytics."""
