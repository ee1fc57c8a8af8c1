"""When a feed is answered with 304 and nothing else, and the names and dates on which that hangs."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.calendar.conditional import Part, feed_etag, http_date, not_modified, parse_http_date

CHANGED = datetime(2027, 3, 28, 1, 0, 0, 700_000, tzinfo=UTC)
ETAG = feed_etag("agenda", 12, CHANGED)


class TestEtag:
    def test_it_is_strong_quoted_and_stays(self) -> None:
        assert feed_etag("agenda", 12, CHANGED) == ETAG
        assert ETAG[0] == ETAG[-1] == '"'
        assert len(ETAG) == 34

    @pytest.mark.parametrize(
        "parts",
        [
            ("agenda", 13, CHANGED),
            ("agenda", 12, CHANGED + timedelta(microseconds=1)),
            ("agenda", 12),
            ("agenda", 12, CHANGED, None),
            ("agenda1", 2, CHANGED),
            ("agenda", "12", CHANGED),
            (b"agenda", 12, CHANGED),
        ],
    )
    def test_another_part_makes_another(self, parts: tuple[Part, ...]) -> None:
        assert feed_etag(*parts) != ETAG

    def test_the_same_instant_elsewhere_makes_the_same(self) -> None:
        assert feed_etag("agenda", 12, CHANGED.astimezone(timezone(timedelta(hours=2)))) == ETAG

    @given(st.lists(st.one_of(st.text(st.characters(exclude_categories=())), st.binary(), st.integers(), st.none())))
    def test_any_parts_make_one(self, parts: list[Part]) -> None:
        assert not_modified(feed_etag(*parts), None, feed_etag(*parts), None)


class TestIfNoneMatch:
    @pytest.mark.parametrize(
        "header",
        [
            ETAG,
            f"W/{ETAG}",
            f'"other", {ETAG}',
            f'"a,b",{ETAG},"c"',
            f'W/"other" ,\t W/{ETAG} ',
            f'"", {ETAG}',
            "*",
            " * ",
        ],
    )
    def test_it_is_known(self, header: str) -> None:
        assert not_modified(header, None, ETAG, CHANGED)

    @pytest.mark.parametrize(
        "header",
        ["", '"other"', ETAG.strip('"'), f'{ETAG[:-1]}-gzip"', f'"{ETAG}"x', '"*"', "*, *", ETAG.upper(), ETAG[:-1]],
    )
    def test_it_is_not_known(self, header: str) -> None:
        assert not not_modified(header, None, ETAG, CHANGED)

    def test_a_weak_tag_of_ours_compares_like_a_strong_one(self) -> None:
        assert not_modified(ETAG, None, f"W/{ETAG}", CHANGED)

    @pytest.mark.parametrize("header", ['"other"', "nonsense", ""])
    def test_it_decides_alone_where_it_is_given(self, header: str) -> None:
        assert not not_modified(header, http_date(CHANGED + timedelta(days=1)), ETAG, CHANGED)


class TestIfModifiedSince:
    def test_it_was_not_changed_since(self) -> None:
        assert not_modified(None, http_date(CHANGED), ETAG, CHANGED)
        assert not_modified(None, http_date(CHANGED + timedelta(days=1)), ETAG, CHANGED)

    def test_it_was_changed_since(self) -> None:
        assert not not_modified(None, http_date(CHANGED - timedelta(seconds=1)), ETAG, CHANGED)

    @pytest.mark.parametrize(
        "header", ["", "tomorrow", "2027-03-29", "Mon, 29 Mar 2027 99:00:00 GMT", "Mon, 29 Mar 2027 01:00:00 +0000"]
    )
    def test_what_is_no_date_is_ignored(self, header: str) -> None:
        assert not not_modified(None, header, ETAG, CHANGED)

    def test_without_any_condition_or_date_it_is_sent(self) -> None:
        assert not not_modified(None, None, ETAG, CHANGED)
        assert not not_modified(None, http_date(CHANGED), ETAG, None)


class TestDates:
    def test_it_is_written_in_gmt(self) -> None:
        paris = CHANGED.astimezone(timezone(timedelta(hours=2)))

        assert http_date(CHANGED) == http_date(paris) == "Sun, 28 Mar 2027 01:00:00 GMT"

    def test_it_refuses_a_time_without_a_zone(self) -> None:
        with pytest.raises(ValueError, match="without a time zone"):
            http_date(datetime(2027, 3, 28))

    @pytest.mark.parametrize(
        "written", ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"]
    )
    def test_the_three_forms_are_read(self, written: str) -> None:
        assert parse_http_date(written) == datetime(1994, 11, 6, 8, 49, 37, tzinfo=UTC)

    @given(st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1)))
    def test_what_is_written_is_read(self, at: datetime) -> None:
        assert parse_http_date(http_date(at.replace(tzinfo=UTC))) == at.replace(tzinfo=UTC, microsecond=0)

    @given(st.one_of(st.text(), st.from_regex(r"[A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9:]{8} GMT")))
    def test_anything_else_is_none_or_an_instant(self, written: str) -> None:
        at = parse_http_date(written)

        assert at is None or at.tzinfo is UTC
