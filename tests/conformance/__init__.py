"""A kit for host authors: conversations that any daemon of protocol.md must hold, and a fake one.

Standard library only, and nothing of ours outside this folder: what judges an implementation must
not share code with it. See README.md here.
"""
