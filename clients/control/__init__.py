"""The client for vendorlab's own control API."""
