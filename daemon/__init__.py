"""The daemon: one owner of all state, JSON-RPC in front, supervised OCR workers behind."""

__version__ = "0.1.0"
