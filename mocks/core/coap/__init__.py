"""A CoAP endpoint without a socket: datagrams and a clock in, datagrams and calls out (RFC 7252, 7641, 7959, 8768)."""
