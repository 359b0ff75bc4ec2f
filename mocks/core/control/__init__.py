"""The control API: our own vendor, on a port of its own, that moves clocks, sets faults and reads journals.

It stands on the same routes and edges as the fakes, has an OpenAPI description, and answers errors as problem+json.
"""
