"""What suites of CoAP addresses stand on: raw datagrams, a line that sends them again, and a table of resources.

RFC 7252 numbers are quoted as the standard has them. Nothing here is shared with our fakes: a reading of its own.
"""
