"""Commands about people and connections: admin, customer, revoke."""

import click

from connector import config, wiring
from connector.domain import members, people
from connector.domain import revoke as ending
from connector.domain.records import Actor, ConnectionState

__all__ = ["admin", "customer", "revoke"]

OPERATOR = Actor(kind="staff", id="operator", name="The operator")


@click.group()
def admin() -> None:
    """The company's own staff."""


@admin.command("create")
@click.argument("email")
@click.option("--name", default="", help="The person's name; the address if left out.")
def admin_create(email: str, name: str) -> None:
    """Add a staff account and print a one-time link to set its password."""
    svc = wiring.services(config.load())
    link = people.invite(svc, OPERATOR, email=email, name=name, role="admin")
    click.echo(f"Open this once, within 48 hours, to set a password:\n{link}")


@click.group()
def customer() -> None:
    """Customers."""


@customer.command("create")
@click.argument("name")
@click.argument("email")
@click.option("--member", default="", help="The first member's name; the address if left out.")
def customer_create(name: str, email: str, member: str) -> None:
    """Add a customer with a first member, and print a one-time link for them."""
    svc = wiring.services(config.load())
    added = people.add_customer(svc, OPERATOR, name)
    link = people.invite(svc, OPERATOR, email=email, name=member, role="owner", customer=added.id)
    click.echo(f"{added.name} is {added.id}. Their first member opens this once, within 48 hours:\n{link}")


@customer.command("members")
@click.argument("customer_id", metavar="CUSTOMER")
def customer_members(customer_id: str) -> None:
    """List a customer's members and what was taken from what each may do."""
    svc = wiring.services(config.load())
    people.customer_name(svc, customer_id)
    for member in members.listing(svc, OPERATOR, customer_id):
        may_not = [one.purpose for one in member.may if not one.on]
        told = "disabled" if member.disabled else f"may not: {', '.join(may_not)}" if may_not else "may do everything"
        click.echo(f"{member.email}  {told}")


@customer.command("allow")
@click.argument("email")
@click.argument("purpose")
def customer_allow(email: str, purpose: str) -> None:
    """Let a member do what a purpose does again, such as reply-to-messages."""
    _set_allowance(email, purpose, on=True)


@customer.command("forbid")
@click.argument("email")
@click.argument("purpose")
def customer_forbid(email: str, purpose: str) -> None:
    """Keep a member from what a purpose does; it holds for their next request."""
    _set_allowance(email, purpose, on=False)


def _set_allowance(email: str, purpose: str, *, on: bool) -> None:
    svc = wiring.services(config.load())
    known = members.purposes(svc)
    if purpose not in known:
        raise click.UsageError(f"{purpose!r} is no purpose that members are kept from. There is: {', '.join(known)}.")
    with svc.store.read() as tx:
        person = tx.accounts.person_by_email(email)
    if person is None or person.customer is None:
        raise click.UsageError(f"No customer has a member with the address {email!r}.")
    members.allow(svc, OPERATOR, person.id, purpose, on=on)
    click.echo(f"{person.email} may {'' if on else 'not '}use {known[purpose]}.")


@click.command()
@click.argument("connection", required=False)
@click.option(
    "--at-google",
    type=click.Choice(["yes", "no", "auto"]),
    default="auto",
    show_default=True,
    help="Ask Google to forget: in any case, never, or unless another connection here uses the account.",
)
@click.option("--pending", is_flag=True, help="Ask Google again for every removal that is not confirmed yet.")
@click.option("--reason", default=None, help="Why; kept in the record.")
def revoke(connection: str | None, at_google: str, pending: bool, reason: str | None) -> None:
    """End CONNECTION: use stops at once, then Google is asked to forget. On one already ended, asks Google again."""
    if bool(connection) == pending:
        raise click.UsageError(
            "Name a connection, or use --pending for all that wait. `connector grants list` shows them."
        )
    svc = wiring.services(config.load())
    if connection is None:
        still = 0
        for ended, told in ending.retry(svc, OPERATOR):
            click.echo(f"{ended.id}: {told.sentence}")
            still += told.state == "pending"
        if still:
            raise SystemExit(1)
        click.echo("Nothing is pending.")
        return
    with svc.store.read() as tx:
        found = tx.connections.get_any(connection)
    if found is not None and found.state is ConnectionState.REVOKED and found.at_google == "pending":
        told = ending.ask_google(svc, OPERATOR, found)
    else:
        told = ending.end(svc, OPERATOR, connection, at_google=at_google, reason=reason)  # type: ignore[arg-type]
    click.echo(told.sentence)
    if told.state == "pending":
        raise SystemExit(1)
