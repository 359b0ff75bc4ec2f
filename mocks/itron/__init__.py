"""Itron (ex Silver Spring Networks): one estate of tenants and mesh devices, and the faces that it is reached by."""
