"""What plays a story and judges who was put through it.

A story (``story``) is data, read from YAML with the place of every word (``source``). ``play`` carries its timeline out
on a *stage*, which is whatever can turn a world's clock, and writes down what happened (``evidence``). Rules
(``rules``) read that and nothing else; ``verdict`` gathers what they find and ``report`` shows it.
"""
