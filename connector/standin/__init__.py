"""The Google+ stand-in: an authorization server and the Pages API, met only over HTTP.

It imports nothing of the connector, so that it cannot share its mistakes. `DIVERGENCES.md` says where it is known to
differ from what Google did.
"""

from connector.standin.server import Running, serve, start

__all__ = ["Running", "serve", "start"]
