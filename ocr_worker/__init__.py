"""The worker: opens documents, recognizes pages, writes outputs; one task at a time."""
