"""The kinds of file that are made of a document: one module or package each, `writing` for all.

Importing this costs nothing: the daemon wants `kinds`, a page `scratch`, and few tasks the rest.
"""
