"""`connector demo`: the whole product on this machine, against the stand-in, with nothing to set up."""

from connector.demo.run import run_demo

__all__ = ["run_demo"]
