"""Google as an adapter: its authorization server, its API's wire, the Google+ Pages API, and its own Python client."""

from connector.google.gate import Gate, use
from connector.google.oauth import GoogleOAuth
from connector.google.pages import GooglePlusApi
from connector.google.quiet import quiet_loggers
from connector.google.sender import PagesSender
from connector.google.service import Service

__all__ = ["Gate", "GoogleOAuth", "GooglePlusApi", "PagesSender", "Service", "quiet_loggers", "use"]
