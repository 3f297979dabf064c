"""What is not done at a provider for a while."""

from datetime import timedelta

from connector.domain.records import Pause, Pausing

LONG = timedelta(seconds=30)


def a_pause(noon, **other):
    fields = {"provider": "google-plus", "what": Pausing.REFRESHES, "reason": "invalid_client", "since": noon,
              "until": noon + LONG, "credentials": "f1"}  # fmt: skip
    return Pause(**(fields | other))


def test_a_pause_begins_once_and_goes_on_until_it_is_lifted(store, noon):
    with store.write() as tx:
        assert tx.pauses.get("google-plus", Pausing.REFRESHES) is None
        assert tx.pauses.lift("google-plus", Pausing.REFRESHES) is False
        assert tx.pauses.begin(a_pause(noon)) is True
    with store.write() as tx:
        assert tx.pauses.begin(a_pause(noon, reason="deleted_client", until=noon + 2 * LONG)) is False
        assert tx.pauses.get("google-plus", Pausing.REFRESHES) == a_pause(noon)
        assert tx.pauses.lift("google-plus", Pausing.REFRESHES) is True
        assert tx.pauses.get("google-plus", Pausing.REFRESHES) is None


def test_pauses_of_other_kinds_and_providers_do_not_meet(store, noon):
    with store.write() as tx:
        assert tx.pauses.begin(a_pause(noon)) is True
        assert tx.pauses.begin(a_pause(noon, what=Pausing.CALLS)) is True
        assert tx.pauses.begin(a_pause(noon, provider="youtube")) is True
        assert tx.pauses.lift("google-plus", Pausing.CALLS) is True
        assert tx.pauses.get("google-plus", Pausing.REFRESHES) is not None
        assert tx.pauses.get("youtube", Pausing.REFRESHES) is not None


def test_when_a_pause_has_run_out_one_may_act(store, noon):
    over, of = noon + LONG, ("google-plus", Pausing.REFRESHES)
    with store.write() as tx:
        assert tx.pauses.claim(*of, noon, over) is False
        tx.pauses.begin(a_pause(noon))
        assert tx.pauses.claim(*of, over - timedelta(microseconds=1), over + LONG) is False
        assert tx.pauses.claim(*of, over, over + LONG) is True
        assert tx.pauses.claim(*of, over, over + LONG) is False
        assert tx.pauses.claim(*of, over + LONG, over + 2 * LONG) is True


def test_a_pause_that_has_not_run_out_is_not_lifted_as_over(store, noon):
    of = ("google-plus", Pausing.REFRESHES)
    with store.write() as tx:
        tx.pauses.begin(a_pause(noon))
        assert tx.pauses.lift(*of, over=noon + LONG - timedelta(microseconds=1)) is False
        assert tx.pauses.lift(*of, over=noon + LONG) is True
        assert tx.pauses.lift(*of, over=noon + LONG) is False


def test_acting_after_one_providers_pause_leaves_anothers_as_it_is(store, noon):
    over = noon + LONG
    with store.write() as tx:
        tx.pauses.begin(a_pause(noon))
        tx.pauses.begin(a_pause(noon, provider="youtube"))
        assert tx.pauses.claim("google-plus", Pausing.REFRESHES, over, over + LONG) is True
        assert tx.pauses.get("youtube", Pausing.REFRESHES) == a_pause(noon, provider="youtube")
