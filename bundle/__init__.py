"""Builds a folder that holds the whole product, so that no Python is needed where it runs.

For developers only, and not installed: `python -m bundle`. See docs/shipping.md.
"""
