"""What is generated from the types: the protocol's document, types for hosts, an output's schema.

Not installed. `python -m schema` writes the files, and a test fails when one of them is stale.
"""
