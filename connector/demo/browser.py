"""A small browser without scripts: follows links and fills forms over real HTTP, as the check's hands."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin

import requests

__all__ = ["Browser", "Form", "Page"]

TIMEOUT = 30  # seconds


@dataclass(slots=True)
class Form:
    """A form with the values a browser would send."""

    action: str
    method: str
    fields: list[tuple[str, str]] = field(default_factory=list)
    buttons: list[tuple[str, str]] = field(default_factory=list)
    choices: list[tuple[str, str]] = field(default_factory=list)

    def choose(self, name: str) -> "Form":
        """Take the first of the choices of which none is taken yet. Raises: LookupError when there is none."""
        for choice in self.choices:
            if choice[0] == name:
                return self.set(*choice)
        raise LookupError(f"the form has no choices called {name}")

    def set(self, name: str, value: str) -> "Form":
        """Fill one field."""
        self.fields = [pair for pair in self.fields if pair[0] != name] + [(name, value)]
        return self

    def untick(self, name: str, value: str) -> "Form":
        """Clear one tick box."""
        self.fields = [pair for pair in self.fields if pair != (name, value)]
        return self


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.links: list[str] = []
        self.text: list[str] = []
        self._form: Form | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._form = Form(given.get("action", ""), given.get("method", "get").lower())
            self.forms.append(self._form)
        elif tag == "a" and "href" in given:
            self.links.append(given["href"])
        elif self._form is None or "name" not in given or "disabled" in given:
            return
        elif tag == "button":
            self._form.buttons.append((given["name"], given.get("value", "")))
        elif tag == "textarea":
            self._form.fields.append((given["name"], ""))
        elif tag == "input":
            self._input(self._form, given)

    def _input(self, form: Form, given: dict[str, str]) -> None:
        kind = given.get("type", "text")
        if kind == "submit":
            form.buttons.append((given["name"], given.get("value", "")))
            return
        if kind in ("checkbox", "radio"):
            form.choices.append((given["name"], given.get("value", "on")))
        if kind not in ("checkbox", "radio") or "checked" in given:
            form.fields.append((given["name"], given.get("value", "on" if kind == "checkbox" else "")))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None

    def handle_data(self, data: str) -> None:
        self.text.append(data)


@dataclass(frozen=True, slots=True)
class Page:
    """A page that was loaded."""

    url: str
    status: int
    text: str
    forms: tuple[Form, ...]
    links: tuple[str, ...]

    def form(self, to: str) -> Form:
        """The first form whose action holds `to`. Raises: LookupError."""
        for form in self.forms:
            if to in form.action:
                return form
        raise LookupError(f"there is no form to {to} on {self.url.split('?')[0]}")

    def form_with(self, field: str) -> Form:
        """The first form that sends a field of that name. Raises: LookupError."""
        for form in self.forms:
            if any(name == field for name, _ in form.fields):
                return form
        raise LookupError(f"there is no form with {field} on {self.url.split('?')[0]}")


class Browser:
    """Keeps cookies, follows redirects, sends the headers that the pages check."""

    def __init__(self) -> None:
        self._session = requests.Session()

    def close(self) -> None:
        """Give its connections back."""
        self._session.close()

    def get(self, url: str) -> Page:
        """Load a page."""
        return self._page(self._session.get(url, timeout=TIMEOUT))

    def submit(self, page: Page, form: Form, button: tuple[str, str] | None = None) -> Page:
        """Send a form, pressing a button if it has several."""
        url = urljoin(page.url, form.action or page.url)
        data = form.fields + ([button] if button else [])
        if form.method == "get":
            return self._page(self._session.get(url, params=data, timeout=TIMEOUT))
        origin = "/".join(page.url.split("/")[:3])
        headers = {"Origin": origin, "Sec-Fetch-Site": "same-origin"}
        return self._page(self._session.post(url, data=data, headers=headers, timeout=TIMEOUT))

    def _page(self, answer: requests.Response) -> Page:
        reader = _Reader()
        reader.feed(answer.text)
        text = " ".join(" ".join(reader.text).split())
        return Page(answer.url, answer.status_code, text, tuple(reader.forms), tuple(reader.links))
