"""Keeps the libraries under us from writing live tokens and customers' text into logs."""

import logging

__all__ = ["quiet_loggers"]

# At DEBUG one code exchange wrote the refresh token twice, the access token twice and the code once
# (requirements.md, finding 7); googleapiclient writes bodies of error answers at WARNING.
TALKATIVE = {
    "requests_oauthlib": logging.WARNING,
    "oauthlib": logging.WARNING,
    "urllib3": logging.ERROR,  # it tells each retry with its address
    "httplib2": logging.WARNING,
    "google": logging.WARNING,
    "google_auth_oauthlib": logging.WARNING,
    "googleapiclient": logging.CRITICAL,
    # The key services' libraries write data keys at DEBUG.
    "boto3": logging.WARNING,
    "botocore": logging.WARNING,
    "hvac": logging.WARNING,
}


def quiet_loggers() -> None:
    """Raise the level of these libraries' loggers, those of their modules included, whatever the root logger says."""
    for name, level in TALKATIVE.items():
        logging.getLogger(name).setLevel(level)
    for name in list(logging.root.manager.loggerDict):
        level = TALKATIVE.get(name.partition(".")[0], logging.NOTSET)
        if "." in name and level:
            logging.getLogger(name).setLevel(level)
