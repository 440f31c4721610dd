"""Freshness and replay of callbacks."""

from datetime import timedelta

import pytest

from bot.clock import FixedClock
from bot.wecom.guard import Guard, Replayed, Stale
from tests.unit.wecom.aid import NOW


def stamp(seconds: int = 0) -> str:
    return str(int(NOW.timestamp()) + seconds)


@pytest.mark.parametrize("seconds", [0, 600, -600, 59])
def test_ten_minutes_either_way_are_fresh(seconds: int) -> None:
    Guard(FixedClock(NOW)).check_age(stamp(seconds))


@pytest.mark.parametrize(
    "text",
    [stamp(601), stamp(-601), "", "0", "now", "1" * 13, "-5", "1e9", "１７９０００００００", "²"],
)
def test_everything_else_is_stale(text: str) -> None:
    with pytest.raises(Stale):
        Guard(FixedClock(NOW)).check_age(text)


def test_an_answered_nonce_is_used_up() -> None:
    guard = Guard(FixedClock(NOW))
    guard.admit("n", "body")
    guard.spend("n")
    with pytest.raises(Replayed):
        guard.admit("n", "body")


def test_the_platform_may_try_again_until_it_is_answered() -> None:
    guard = Guard(FixedClock(NOW))
    guard.admit("n", "body")
    guard.admit("n", "body")
    guard.spend("n")
    with pytest.raises(Replayed):
        guard.admit("n", "body")


def test_a_nonce_belongs_to_one_body() -> None:
    guard = Guard(FixedClock(NOW))
    guard.admit("n", "body")
    with pytest.raises(Replayed):
        guard.admit("n", "another body")


def test_nonces_are_forgotten_after_two_hours() -> None:
    clock = FixedClock(NOW)
    guard = Guard(clock)
    guard.admit("n", "body")
    guard.spend("n")
    clock.move_to(NOW + timedelta(hours=2, seconds=1))
    guard.admit("other", "body")
    assert len(guard) == 1
    guard.admit("n", "body")


def test_the_memory_is_bounded_and_forgets_the_oldest() -> None:
    guard = Guard(FixedClock(NOW), capacity=10)
    for number in range(100):
        guard.admit(f"n{number}", "body")
        guard.spend(f"n{number}")
        assert len(guard) <= 10
    with pytest.raises(Replayed):
        guard.admit("n99", "body")


def test_spending_what_was_forgotten_does_nothing() -> None:
    guard = Guard(FixedClock(NOW))
    guard.spend("never seen")
    assert len(guard) == 0
