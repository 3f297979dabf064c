"""Connections, pages, grants and switches; and that a foreign id is a missing one (R49)."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from connector.domain.records import ConnectionState, Page, Pause, Pausing, Standing, Switch

HOUR = timedelta(hours=1)

pytestmark = pytest.mark.usefixtures("world")


def test_a_connection_is_its_customers_alone(store, make_connection):
    mine = make_connection("con_a", "cus_a")
    with store.read() as tx:
        assert tx.connections.get("cus_a", "con_a") == mine
        assert tx.connections.get("cus_b", "con_a") is None
        assert tx.connections.get_any("con_a") == mine
        assert tx.connections.get_any("con_x") is None
        assert tx.connections.of_customer("cus_a") == [mine]
        assert tx.connections.of_customer("cus_x") == []


def test_a_row_cannot_name_another_customers_connection(store, make_grant):
    with pytest.raises(IntegrityError), store.write() as tx:
        tx.connections.add_grant(make_grant("gra_x", "con_a", "cus_b"))
    with pytest.raises(IntegrityError), store.write() as tx:
        tx.connections.put_pages([Page("pag_x", "con_a", "cus_b", "1002", "A page", chosen=False)])


def test_an_update_changes_all_but_id_and_customer(store, make_connection, noon):
    ended = replace(
        make_connection("con_a", "cus_a"),
        account=None,
        account_name="Ann B",
        state=ConnectionState.REVOKED,
        ended_at=noon + HOUR,
        ended_by="per_a",
        at_google="pending",
    )
    with store.write() as tx:
        tx.connections.lock("con_a")
        tx.connections.update(ended)
        tx.connections.update(replace(make_connection("con_b", "cus_a"), account_name="not mine"))
    with store.read() as tx:
        assert tx.connections.get("cus_a", "con_a") == ended
        assert tx.connections.waiting_at_google() == [ended]
        assert tx.connections.get("cus_b", "con_b") == make_connection("con_b", "cus_b")


def test_an_account_knows_its_live_connections_of_all_customers(store, make_connection):
    with store.write() as tx:
        for id, state in (("con_r", ConnectionState.REVOKED), ("con_m", ConnectionState.MERGED)):
            tx.connections.add(replace(make_connection(id, "cus_a"), state=state))
        tx.connections.add(replace(make_connection("con_o", "cus_a"), account="118"))
        tx.connections.add(replace(make_connection("con_y", "cus_a"), provider="youtube"))
    with store.read() as tx:
        found = tx.connections.of_account("google_plus", "117")
        assert [connection.id for connection in found] == ["con_a", "con_b"]


def test_pages_keep_id_and_choice_when_they_are_found_again(store):
    with store.write() as tx:
        tx.connections.put_pages(
            [
                Page("pag_new", "con_a", "cus_a", "1001", "Renamed", chosen=False),
                Page("pag_2", "con_a", "cus_a", "1002", "Another", chosen=False),
            ]
        )
        tx.connections.put_pages([])
    with store.read() as tx:
        assert tx.connections.pages("con_a") == [
            Page("pag_2", "con_a", "cus_a", "1002", "Another", chosen=False),
            Page("pag_a", "con_a", "cus_a", "1001", "Renamed", chosen=True),
        ]


def test_exactly_the_named_pages_are_chosen(store):
    with store.write() as tx:
        tx.connections.put_pages([Page("pag_2", "con_a", "cus_a", "1002", "Another", chosen=False)])
        tx.connections.choose_pages("con_a", frozenset({"1002", "unknown"}))
        assert [page.id for page in tx.connections.chosen_pages("cus_a")] == ["pag_2"]
        tx.connections.choose_pages("con_a", frozenset())
        assert tx.connections.chosen_pages("cus_a") == []
        assert [page.id for page in tx.connections.chosen_pages("cus_b")] == ["pag_b"]


def test_pages_of_an_ended_connection_are_not_chosen_ones(store, make_connection):
    with store.write() as tx:
        for state, count in ((ConnectionState.LINKING, 1), (ConnectionState.REVOKED, 0)):
            tx.connections.update(replace(make_connection("con_a", "cus_a"), state=state))
            assert len(tx.connections.chosen_pages("cus_a")) == count


def test_a_page_is_its_customers_alone(store):
    with store.read() as tx:
        assert tx.connections.page("cus_a", "pag_a").provider_id == "1001"
        assert tx.connections.page("cus_b", "pag_a") is None


def test_the_newest_grant_comes_first_also_at_the_same_time(store, make_grant, noon):
    with store.write() as tx:
        tx.connections.add_grant(make_grant("gra_0", "con_a", "cus_a", at=noon - HOUR))
        tx.connections.add_grant(make_grant("gra_2", "con_a", "cus_a"))
    with store.read() as tx:
        assert [grant.id for grant in tx.connections.grants("con_a")] == ["gra_2", "gra_a", "gra_0"]
        assert tx.connections.grants("con_b") == [make_grant("gra_b", "con_b", "cus_b")]


def test_grants_move_to_the_connection_that_was_there_before(store, make_connection, make_grant, noon):
    with store.write() as tx:
        tx.connections.add(make_connection("con_new", "cus_a"))
        tx.connections.add_grant(make_grant("gra_new", "con_new", "cus_a", at=noon + HOUR, granted=("s9",)))
        tx.connections.move_grants("con_new", "con_a")
    with store.read() as tx:
        assert [grant.id for grant in tx.connections.grants("con_a")] == ["gra_new", "gra_a"]
        assert tx.connections.grants("con_new") == []
        assert tx.connections.standing("cus_a", "con_a").granted == {"s9"}


def test_the_newest_switch_of_a_purpose_counts(store, noon):
    first, last = Switch("analyse", False, noon, "per_a"), Switch("analyse", True, noon, "per_b")
    other = Switch("show-profile", False, noon, "per_a")
    with store.write() as tx:
        for switch in (first, last, other):
            tx.connections.set_switch("con_a", switch)
    with store.read() as tx:
        assert tx.connections.switches("con_a") == {"analyse": last, "show-profile": other}
        assert tx.connections.switches("con_b") == {}


def test_standing_is_everything_a_permit_is_decided_by(store, make_connection, make_grant, noon):
    with store.write() as tx:
        tx.connections.add_grant(
            make_grant(
                "gra_2",
                "con_a",
                "cus_a",
                at=noon + HOUR,
                purposes=("read-messages", "reply-to-messages"),
                granted=("s1", "s5"),
                policy_version="2019-01-01",
            )
        )
        tx.connections.put_pages([Page("pag_2", "con_a", "cus_a", "1002", "Another", chosen=True)])
        tx.connections.put_pages([Page("pag_3", "con_a", "cus_a", "1003", "Not chosen", chosen=False)])
        tx.connections.set_switch("con_a", Switch("read-messages", False, noon, "per_a"))
        tx.connections.set_switch("con_a", Switch("analyse", False, noon, "per_a"))
        tx.connections.set_switch("con_a", Switch("analyse", True, noon, "per_a"))
        tx.connections.set_switch("con_a", Switch("show-profile", False, noon, "per_a"))
    with store.read() as tx:
        assert tx.connections.standing("cus_a", "con_a") == Standing(
            connection=make_connection("con_a", "cus_a"),
            granted=frozenset({"s1", "s5"}),
            purposes_on=frozenset({"reply-to-messages", "analyse"}),
            chosen_pages=frozenset({"1001", "1002"}),
            policy_version="2019-01-01",
        )


def test_what_a_provider_gives_no_longer_is_not_granted_until_it_gives_it_again(store, world, noon):
    with store.write() as tx:
        assert set(tx.connections.lose_scopes("con_a", {"s1", "s2"}, noon, noon + HOUR)) == {"s1", "s2"}
        assert set(tx.connections.lose_scopes("con_a", {"s2"}, noon + HOUR, noon + 2 * HOUR)) == set()
        assert set(tx.connections.lose_scopes("con_a", (), noon, noon)) == set()
        standing = tx.connections.standing("cus_a", "con_a")
        assert (standing.granted, standing.lost) == (frozenset(), {"s1": noon + HOUR, "s2": noon + 2 * HOUR})
        assert standing.worth_asking(noon) == frozenset()
        assert standing.worth_asking(noon + HOUR) == {"s1"}
        assert tx.connections.standing("cus_b", "con_b").granted == {"s1", "s2"}
        lines = {line.connection.id: line for line in tx.connections.all_grants()}
        assert (lines["con_a"].lost, lines["con_b"].lost) == ({"s1", "s2"}, frozenset())
        assert {line.lost for line in tx.connections.all_grants(as_of=noon)} == {frozenset()}
        assert set(tx.connections.regain_scopes("con_a", {"s1", "s9"})) == {"s1"}
        assert tx.connections.standing("cus_a", "con_a").granted == {"s1"}
        assert set(tx.connections.regain_scopes("con_a")) == {"s2"}
        assert tx.connections.standing("cus_a", "con_a").granted == {"s1", "s2"}


def test_standing_tells_until_when_the_provider_takes_no_calls(store, world, noon):
    with store.write() as tx:
        tx.pauses.begin(Pause("google_plus", Pausing.REFRESHES, "invalid_client", noon, noon + HOUR))
        tx.pauses.begin(Pause("youtube", Pausing.CALLS, "quotaExceeded", noon, noon + HOUR))
        assert tx.connections.standing("cus_a", "con_a").quota_until is None
        tx.pauses.begin(Pause("google_plus", Pausing.CALLS, "dailyLimitExceeded", noon, noon + HOUR))
        assert tx.connections.standing("cus_a", "con_a").quota_until == noon + HOUR


def test_standing_of_a_foreign_or_missing_connection_is_none(store):
    with store.read() as tx:
        assert tx.connections.standing("cus_b", "con_a") is None
        assert tx.connections.standing("cus_a", "con_x") is None


def test_standing_without_a_grant_allows_nothing(store, make_connection):
    linking = replace(make_connection("con_l", "cus_a"), state=ConnectionState.LINKING, account=None)
    with store.write() as tx:
        tx.connections.add(linking)
        assert tx.connections.standing("cus_a", "con_l") == Standing(linking, frozenset(), frozenset(), frozenset(), "")


def test_the_staff_table_shows_every_grant_with_what_it_belongs_to(store, append, make_connection, make_grant, noon):
    with store.write() as tx:
        tx.connections.add_grant(make_grant("gra_2", "con_a", "cus_a", at=noon + HOUR, granted=("s7",)))
        tx.connections.set_switch("con_a", Switch("analyse", False, noon + 2 * HOUR, "per_a"))
        append(tx, customer="cus_a", connection="con_a", purpose="analyse", decision="answered")
        append(tx, customer="cus_a", connection="con_a", purpose="read-messages", decision="refused")
    with store.read() as tx:
        lines = tx.connections.all_grants()
        assert [(line.grant.id, line.customer_name, line.current) for line in lines] == [
            ("gra_2", "Customer A", True),
            ("gra_b", "Customer B", True),
            ("gra_a", "Customer A", False),
        ]
        assert lines[0].connection == make_connection("con_a", "cus_a")
        assert [line.purposes_on for line in lines] == [{"read-messages"}, {"read-messages", "analyse"}, frozenset()]
        assert [line.last_used for line in lines] == [{"analyse": noon}, {}, {"analyse": noon}]

        def ids(**wanted):
            return [line.grant.id for line in tx.connections.all_grants(**wanted)]

        assert ids(customer="cus_a") == ["gra_2", "gra_a"]
        assert ids(scope="s7") == ["gra_2"]
        assert ids(scope="s1", customer="cus_a") == ["gra_a"]
        assert ids(scope="s") == []
        assert ids(as_of=noon) == ["gra_b", "gra_a"]
        assert ids(as_of=noon - HOUR) == []


def test_the_staff_table_as_of_a_moment_tells_that_moment(store, append, make_connection, make_grant, noon):
    with store.write() as tx:
        tx.connections.add_grant(make_grant("gra_2", "con_a", "cus_a", at=noon + 3 * HOUR))
        tx.connections.set_switch("con_a", Switch("analyse", False, noon + HOUR, "per_a"))
        tx.connections.set_switch("con_a", Switch("analyse", True, noon + 2 * HOUR, "per_a"))
        append(tx, connection="con_a", customer="cus_a", purpose="analyse", decision="answered")
        later = (noon + 3 * HOUR).isoformat()
        append(tx, connection="con_a", customer="cus_a", purpose="analyse", decision="answered", at=later)
        tx.connections.update(
            replace(make_connection("con_a", "cus_a"), state=ConnectionState.REVOKED, ended_at=noon + 4 * HOUR)
        )
    with store.read() as tx:

        def lines(hours):
            found = tx.connections.all_grants(customer="cus_a", as_of=noon + hours * HOUR)
            return [(line.grant.id, line.current, sorted(line.purposes_on), dict(line.last_used)) for line in found]

        assert lines(0) == [("gra_a", True, ["analyse", "read-messages"], {"analyse": noon})]
        assert lines(1) == [("gra_a", True, ["read-messages"], {"analyse": noon})]
        assert lines(2) == [("gra_a", True, ["analyse", "read-messages"], {"analyse": noon})]
        used = {"analyse": noon + 3 * HOUR}
        assert lines(3)[0] == ("gra_2", True, ["analyse", "read-messages"], used)
        assert lines(4) == [("gra_2", False, [], used), ("gra_a", False, [], used)]
