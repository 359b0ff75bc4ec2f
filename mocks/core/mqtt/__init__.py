"""An MQTT broker without a socket: bytes and a clock in, bytes and events out; MQTT 3.1, 3.1.1 and 5.0.

::

    kinds, reasons, topics, wire    numbers, codes, names and filters, the primitives of the wire
    properties, packets        what a packet holds, as tables and data
    decode, encode, framing    between packets and bytes; malformed input is a value
    profiles, policy           what a vendor's broker does and allows, as data handed in
    routing, retained          who gets what; what is kept for those who come later
    messages, session          one client's state, which outlives its connections
    connection, faulty         one connection's bytes and states; how packets go wrong to order
    connecting, publishing, subscribing    what each packet does
    broker, saving             the core that owns it all; snapshots
    strikes, scribe            what ties it to a world: its fault plan, its journal

The statements of the standards are named as OASIS numbers them: ``MQTT-3.1.2-24`` is version 3.1.1's, and version 5's
where it says so.
"""
