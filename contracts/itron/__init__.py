"""The contracts of Itron's services: each has an address of its own, and a suite."""
