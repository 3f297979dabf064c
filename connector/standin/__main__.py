"""`python -m connector.standin`: the stand-in alone."""

import argparse
import sys

from connector.standin import serve


def main() -> int:
    """Read the options and serve."""
    parser = argparse.ArgumentParser(prog="python -m connector.standin", description="The Google+ stand-in.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=0, help="port to listen on; 0 takes a free one (default)")
    parser.add_argument("--world", metavar="FILE", help="a world file to start from instead of the default world")
    parser.add_argument("--issuer", metavar="URL", help="the iss of authorization answers (default: its own address)")
    options = parser.parse_args()
    return serve(options.host, options.port, options.world, issuer=options.issuer)


if __name__ == "__main__":
    sys.exit(main())
