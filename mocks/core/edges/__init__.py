"""Glue to the transports: Flask and uvicorn for HTTP. Nothing in here knows a vendor."""
