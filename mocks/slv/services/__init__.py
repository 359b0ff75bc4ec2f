"""SLV's services: the rows of its one table of methods, by subject, and what each does.

A handler has three steps: it takes what was asked, calls the backend, and gives the tree of the answer.
"""
