"""The contract of vendorlab's own control API."""
