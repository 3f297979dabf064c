"""Why a request is turned away before any rule of the domain is asked."""

from connector.domain.errors import ConnectorError

__all__ = ["NoCookie", "OtherSite", "SignedOut", "StaleForm"]


class SignedOut(ConnectorError):
    """A form was sent without a live session."""

    status = 403
    public = "You are signed out, so this was not done. Nothing was changed. Sign in and send it again."


class OtherSite(ConnectorError):
    """A form was sent from somewhere that is not one of our own pages (R51)."""

    status = 403
    public = (
        "This form did not come from one of our own pages, so it was not accepted. Nothing was changed. "
        "Open the page here and send it again."
    )


class StaleForm(ConnectorError):
    """The form's token is not the one of this session (R51)."""

    status = 403
    public = (
        "This form belongs to an earlier sign-in, so it was not accepted. Nothing was changed. "
        "Load the page again and send it once more."
    )


class NoCookie(ConnectorError):
    """The browser keeps no cookies, and without the session cookie nobody can be signed in (P18)."""

    status = 400
    public = (
        "Your browser did not send back our cookie, so you cannot be signed in. "
        "Allow cookies for this address, load the sign-in page again and try once more. "
        "It is one cookie, it holds a random number, and it ends when you sign out."
    )
