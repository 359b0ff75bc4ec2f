"""What vendors share that run Django, Django REST framework (DRF) and django-oauth-toolkit (DOT).

Behaviour is known from measurements on six stacks of those libraries, numbered in the dossier: ``T10`` is a refusal of
the token endpoint, ``R04`` one of refreshing, ``B02`` one of a bearer token, ``D05`` one of an API key.
"""
