"""The check: one line a step, through the pages where there are pages, and through the gate in any case.

It stops at the first step that fails and says which. Nothing here reaches around the product: pages over HTTP,
`connector.use` for programs, and the stand-in's control plane to see what really arrived at the other end.
"""

import time
from collections.abc import Callable
from typing import Any

import click
import requests

import connector
from connector.demo.browser import Browser, Page
from connector.demo.stage import Stage
from connector.domain import analyse, evidence, inbox, publish
from connector.domain.errors import ConnectorError, Refused
from connector.domain.records import Actor, Connection
from connector.domain.records import Page as GooglePage

__all__ = ["check"]

REPLY = "Thank you for writing. We are open from nine."


class StepFailed(Exception):
    """A step did not end as it should; the message says how it ended."""


class Journey:
    """The steps, in order; each answers with what it saw."""

    def __init__(self, stage: Stage) -> None:
        self._stage, self._browser = stage, Browser()
        self._page: Page
        self._member: Actor
        self._connection: Connection
        self._google_page: GooglePage

    def close(self) -> None:
        """Close the browser."""
        self._browser.close()

    def steps(self) -> tuple[tuple[str, Callable[[], str]], ...]:
        """Names and steps."""
        return (
            ("sign in", self.sign_in),
            ("connect an account", self.connect),
            ("choose its pages", self.choose),
            ("fetch messages", self.fetch),
            ("reply to one", self.reply),
            ("publish to a circle", self.publish),
            ("analyse a page", self.analyse),
            ("refuse what no purpose covers", self.refuse),
            ("switch a purpose off", self.switch_off),
            ("end the connection", self.revoke),
            ("prove the record", self.prove),
        )

    def sign_in(self) -> str:
        account = self._stage.member
        page = self._browser.get(f"{self._stage.url}/sign-in")
        form = page.form("/sign-in").set("email", account.email).set("password", account.password)
        self._page = self._browser.submit(page, form)
        _must("sign-in" not in self._page.url, "the pages did not let the member in")
        with self._stage.svc.store.read() as tx:
            person = tx.accounts.person_by_email(account.email)
        if person is None:
            raise StepFailed("the member is not in the database")
        self._member = person.actor()
        return f"{account.email}, with a session kept on the server"

    def connect(self) -> str:
        disclosure = self._browser.get(f"{self._stage.url}/connect/google-plus")
        consent = self._browser.submit(disclosure, disclosure.form("/connect/google-plus"))
        _must(consent.url.startswith(self._stage.standin.url), "the browser was not sent to the consent page")
        form = consent.form_with("scope").choose("account")
        asked = sum(name == "scope" for name, _ in form.fields)
        self._page = self._browser.submit(consent, form, ("decision", "allow"))
        _must(self._page.url.startswith(self._stage.url), "the browser did not come back")
        with self._stage.svc.store.read() as tx:
            found = tx.connections.of_customer(self._member.customer or "")
        _must(len(found) == 1 and found[0].state == "active", "no connection was made")
        self._connection = found[0]
        return f"{found[0].account_name}, {asked} permissions asked and given, the token sealed"

    def choose(self) -> str:
        form = self._page.form("/pages/")
        with self._stage.svc.store.read() as tx:
            listed = tx.connections.pages(self._connection.id)
        for page in listed:
            form.fields.append(("page", page.id))
        self._page = self._browser.submit(self._page, form)
        with self._stage.svc.store.read() as tx:
            chosen = tx.connections.chosen_pages(self._member.customer or "")
        _must(len(chosen) == len(listed) > 0, "the pages were not chosen")
        self._google_page = chosen[0]
        return ", ".join(page.name for page in chosen)

    def fetch(self) -> str:
        page = self._browser.get(f"{self._stage.url}/inbox")
        self._page = self._browser.submit(page, page.form("/inbox/sync"))
        threads = inbox.threads(self._stage.svc, self._member)
        _must(self._page.status == requests.codes.ok and len(threads) > 0, "no messages came")
        return f"{sum(line.messages for line in threads)} messages in {len(threads)} threads"

    def reply(self) -> str:
        lines = inbox.threads(self._stage.svc, self._member, self._google_page.id)
        thread = self._browser.get(f"{self._stage.url}/inbox/{lines[0].id}")
        form = thread.form("/reply").set("text", REPLY)
        before = self._posts()
        answer = self._browser.submit(thread, form)
        again = self._browser.submit(thread, form)
        _must(REPLY in answer.text and again.status == requests.codes.ok, "the reply is not shown as sent")
        _must(self._posts() - before == 1, f"Google saw {self._posts() - before} posts instead of one")
        return "sent once, though the button was pressed twice"

    def publish(self) -> str:
        svc = self._stage.svc
        circles = publish.circles(svc, self._member, self._google_page.id)
        _must(len(circles) > 0, "the page has no circles")
        posted = publish.publish(svc, self._member, self._google_page.id, "Only for friends.", [circles[0].id])
        return f"post {posted.provider_id} for the circle {circles[0].name}"

    def analyse(self) -> str:
        figures = analyse.analyse(self._stage.svc, self._member, self._google_page.id)
        _must(len(figures) > 0, "there is nothing to analyse")
        plusoners, photos = sum(f.plusoners for f in figures), sum(f.photos for f in figures)
        return f"{len(figures)} posts, {plusoners} times +1, {photos} photos"

    def refuse(self) -> str:
        lines = inbox.threads(self._stage.svc, self._member, self._google_page.id)
        with self._stage.svc.store.read() as tx:
            comment = tx.inbox.messages(self._google_page.customer, lines[0].id)[0]
        before = len(self._stage.standin.api_requests())
        why = self._refused(
            "reply-to-messages",
            lambda pages: pages.comments().remove(
                commentId=comment.provider_id, onBehalfOf=self._google_page.provider_id
            ),
        )
        after = len(self._stage.standin.api_requests())
        _must(before == after, "the request went out")
        return f"deleting a comment, which Google would allow: {why}"

    def switch_off(self) -> str:
        settings = self._browser.get(f"{self._stage.url}/settings")
        form = settings.form("/purposes/analyse")
        self._page = self._browser.submit(settings, form)
        try:
            analyse.analyse(self._stage.svc, self._member, self._google_page.id)
        except Refused as no:
            return f"analysis is refused from now on: {no.reason}"
        raise StepFailed("the analysis still runs")

    def revoke(self) -> str:
        asked = self._browser.get(f"{self._stage.url}/settings/connections/{self._connection.id}/revoke")
        self._page = self._browser.submit(asked, asked.form("/revoke"))
        _must(self._stage.standin.live_tokens() == 0, "Google still holds a live token")
        with self._stage.svc.store.read() as tx:
            left = tx.tokens.count()
        _must(left == 0, f"{left} sealed tokens are left here")
        try:
            inbox.sync(self._stage.svc, self._member, self._google_page.id)
        except Refused as no:
            return f"no token left at either end; a further call is refused: {no.reason}"
        raise StepFailed("messages can still be fetched")

    def prove(self) -> str:
        inside = evidence.verify(self._stage.svc)
        lines = list(evidence.export(self._stage.svc, Actor(kind="staff", id="check", name="The check")))
        alone = evidence.verify_lines(lines)
        problems = inside.problems + alone.problems
        _must(not problems and not inside.open, "; ".join(problems) or f"calls without an outcome: {inside.open}")
        cut = evidence.verify_lines(lines[:3] + lines[4:])
        _must(not cut.good, "a missing line was not noticed")
        return f"{alone.entries} entries in order, every outcome with its intent; a copy with one line cut is noticed"

    def _posts(self) -> int:
        return sum(seen["method"] == "POST" for seen in self._stage.standin.api_requests())

    def _refused(self, purpose: str, build: Callable[[Any], Any]) -> str:
        try:
            with connector.use(self._connection.id, purpose=purpose, actor=self._member, svc=self._stage.svc) as pages:
                build(pages).execute()
        except Refused as no:
            return no.reason
        raise StepFailed("it was not refused")


def _must(holds: bool, otherwise: str) -> None:
    if not holds:
        raise StepFailed(otherwise)


def check(stage: Stage) -> int:
    """Run every step; 0 when all passed, 1 at the first that did not."""
    journey = Journey(stage)
    began = time.monotonic()
    try:
        for name, step in journey.steps():
            try:
                saw = step()
            except (StepFailed, ConnectorError, LookupError, requests.RequestException) as no:
                told = no.public if isinstance(no, ConnectorError) else str(no)
                click.echo(f"FAILED  {name}: {told}", err=True)
                return 1
            click.echo(f"ok  {name}: {saw}")
    finally:
        journey.close()
    click.echo(f"All {len(journey.steps())} steps passed in {time.monotonic() - began:.1f} s.")
    return 0
