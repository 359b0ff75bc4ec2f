"""The mesh: what answers behind the CoAP Gateway, as the vendor's firmware does, and the weather on the way there."""
