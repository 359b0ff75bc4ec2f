"""The rules, as classes: a suite inherits those that hold for its vendor, and marks or adds to what differs.

::

    class TestRefresh(RefreshRules): ...

Claims are named by a leading dot, ``.refresh.single-use``, and so are those of the suite that inherits them.
"""
