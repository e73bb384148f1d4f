"""What is generated from the protocol's types: the committed document, and types for hosts.

Not installed. `python -m schema` writes the files, and a test fails when one of them is stale.
"""
