"""Errors that are bugs of ours: logged under an id, and told to the host with that id only."""

from uuid import uuid4

from loguru import logger

from daemon.errors import RpcError


def internal_error(what: str) -> RpcError:
    """Return the error for a host; `what` happened goes to the log, with the traceback if any."""
    error_id = uuid4().hex[:12]
    logger.opt(exception=True).error("internal error {}: {}", error_id, what)
    text = "A bug in the daemon; the log has more under error_id."
    return RpcError("internal_error", text, error_id=error_id)
