"""The Google+ catalogue, its text and its document, and a router for Google's own address."""

from importlib import resources

import pytest

import scopes
from scopes.discovery import document


@pytest.fixture(scope="session")
def catalogue() -> scopes.Catalogue:
    return scopes.load("google-plus")


@pytest.fixture
def router(catalogue: scopes.Catalogue) -> scopes.Router:
    # Made in each test, so that tools that look which test runs which line see who depends on its making.
    return scopes.Router(catalogue, "https://www.googleapis.com/")


@pytest.fixture(scope="session")
def text() -> str:
    return resources.files("scopes.catalogue").joinpath("google_plus.toml").read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def pages_document() -> dict[str, object]:
    return document("plusPages-v2")
