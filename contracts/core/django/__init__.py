"""What suites share whose vendors run Django with django-oauth-toolkit and Django REST framework.

``api`` asks, ``rules`` are the tests, ``fixtures`` is what these ask for. What a rule claims stands in the claims.yaml
of each vendor that is held to it, with that vendor's source.
"""
