"""MQTT as the suites speak it: packets byte by byte, right or wrong as a test wants, over a line that can be watched.

Not a client library: nothing is sent that a test did not say, and nothing that arrives is swallowed.
"""
