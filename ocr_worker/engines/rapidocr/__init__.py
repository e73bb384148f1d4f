"""The default engine: PP-OCRv6 models from the RapidOCR package, one inference thread, offline.

The `RapidOCR` class itself is never built and its detector and recogniser modules are never
imported: they bring an HTTP client and a model downloader with them, load a line classifier that
makes receipts worse, and cannot be left half-way. This package runs the same two models stage by
stage. Importing it costs nothing; `engine` is the module that loads.
"""
