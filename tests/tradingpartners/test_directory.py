"""Clearinghouses' payer directories: previewed, chosen from, applied as a whole."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from practice.models import Level, User
from practice.tenancy import tenant
from tests.factories import PartnerFactory, PayerFactory, make_member, make_organization
from tests.web import Web, scripted_web
from tradingpartners.messages.directories import (
    DirectoryError,
    DirectoryFault,
    read_availity,
    read_csv,
    read_stedi,
)
from tradingpartners.models import DirectoryImport, Payer, PayerListing, TransportLog
from tradingpartners.services.directory import apply_import, drop_import, fetch_directory, read_directory
from tradingpartners.transports import TransportError

pytestmark = pytest.mark.django_db


def stedi_payer(number: str, name: str, **more: Any) -> dict[str, Any]:
    support = more.pop("support", "SUPPORTED")
    return {
        "payer": {
            "stediId": more.pop("stedi_id", f"STEDI{number}"),
            "displayName": name,
            "primaryPayerId": number,
            "aliases": more.pop("aliases", []),
            "names": more.pop("names", []),
            "transactionSupport": {"eligibilityCheck": support, "claimStatus": "SUPPORTED"},
            **more,
        },
        "score": 9.1,
    }


def stedi(*payers: dict[str, Any]) -> bytes:
    return json.dumps({"items": payers, "stats": {"total": len(payers)}}).encode()


@pytest.fixture
def sam() -> User:
    return make_member(make_organization("Acme"), Level.PRACTICE_MANAGER, "sam")


def preview(sam: User, *payers: dict[str, Any], clearinghouse: str = "Stedi") -> DirectoryImport:
    return read_directory(clearinghouse, stedi(*payers), form="stedi", read_by=sam)


def changes(found: DirectoryImport) -> dict[str, str]:
    return {each["identifier"]: each["change"] for each in found.entries}


def listing(identifier: str) -> PayerListing:
    return PayerListing.objects.get(clearinghouse="Stedi", identifier=identifier)


# --- reading ----------------------------------------------------------------------------------------


def test_stedis_payers_are_read_with_their_support_and_every_number_they_go_by() -> None:
    enrolment = {
        "transactionEnrollmentProcesses": {"eligibilityInquiry": {"type": "ONE_CLICK", "timeframe": "DAYS"}}
    }
    (entry,) = read_stedi(
        stedi(
            stedi_payer(
                "007", "Example Health", aliases=["1234", "007"], names=["EH"], enrollment=enrolment,
                support="ENROLLMENT_REQUIRED", coverageTypes=["medical"],
            )
        )
    )  # fmt: skip
    assert (entry.identifier, entry.name, entry.eligibility) == ("007", "Example Health", "enrolment")
    assert (entry.aliases, entry.names) == (("STEDI007", "1234"), ("EH",))
    assert entry.details == {
        "stedi_id": "STEDI007",
        "coverage_types": ["medical"],
        "enrolment": "ONE_CLICK",
        "enrolment_takes": "DAYS",
    }


def test_payers_that_share_a_primary_id_are_told_apart() -> None:
    first, second = read_stedi(
        stedi(stedi_payer("1", "A", stedi_id="AAAAA"), stedi_payer("1", "B", stedi_id="BBBBB"))
    )
    assert (first.identifier, second.identifier, second.aliases) == ("1", "BBBBB", ("1",))


def test_a_support_nobody_knows_is_none() -> None:
    (entry,) = read_stedi(stedi(stedi_payer("1", "A", support="SOMETIMES")))
    assert entry.eligibility == "no"


def test_availitys_payers_count_their_routes_for_eligibility_by_api() -> None:
    inquiry = "Eligibility and Benefits Inquiry"

    def payer(name: str, *routes: tuple[str, str, bool]) -> dict[str, Any]:
        listed = [
            {"transactionDescription": kind, "submissionMode": mode, "enrollmentRequired": needs}
            for kind, mode, needs in routes
        ]
        return {"payerId": name, "name": name, "displayName": name.title(), "processingRoutes": listed}

    payers = [
        payer("A", (inquiry, "Portal", True), (inquiry, "API", False)),
        payer("B", (inquiry, "API", True)),
        payer("C", ("Professional Claims", "API", False)),
    ]
    single = {"payerId": "D", "name": "D", "processingRoutes": {"submissionMode": "RealTime"}}
    found = read_availity(json.dumps([*payers, single]).encode())
    assert [each.eligibility for each in found] == ["supported", "enrolment", "no", "supported"]


def test_a_csv_has_its_columns_in_any_order_and_keeps_the_others() -> None:
    content = (
        "\ufeffName,Payer_ID,Aliases,eligibility,Line\r\n"
        '"Blue, of X",00123,A1|00123|B2,enrolment,com\r\n'
        "Red,9,,,\r\n"
    )
    first, second = read_csv(content.encode())
    assert (first.identifier, first.name, first.aliases) == ("00123", "Blue, of X", ("A1", "B2"))
    assert (first.eligibility, first.details, second.eligibility) == (
        "enrolment",
        {"line": "com"},
        "supported",
    )


@pytest.mark.parametrize(
    ("content", "fault", "row", "field"),
    [
        (b"name,eligibility\nA,yes\n", DirectoryFault.HEADER_MISSING, 0, "payer_id"),
        (b"payer_id,name\n1,A\n,B\n", DirectoryFault.VALUE_MISSING, 2, "payer_id"),
        (b"payer_id,name\n1,\n", DirectoryFault.VALUE_MISSING, 1, "name"),
        (b"payer_id,name,eligibility\n1,A,perhaps\n", DirectoryFault.VALUE_UNKNOWN, 1, "eligibility"),
        (b"payer_id,name\n1,A\n1,B\n", DirectoryFault.REPEATED, 2, "payer_id"),
        (b"payer_id,name\n1," + b"A" * 201 + b"\n", DirectoryFault.TOO_LONG, 1, "name"),
        (b"payer_id,name\n" + b"1" * 81 + b",A\n", DirectoryFault.TOO_LONG, 1, "payer_id"),
        (b"payer_id,name\n", DirectoryFault.EMPTY, 0, ""),
        (b"payer_id,name\n1,\xff\n", DirectoryFault.NOT_READABLE, 0, ""),
        (b'payer_id,name\n1,"A\n', DirectoryFault.NOT_READABLE, 0, ""),
        (b"", DirectoryFault.HEADER_MISSING, 0, "payer_id"),
    ],
)
def test_a_bad_csv_is_refused_whole_with_row_and_field(
    content: bytes, fault: DirectoryFault, row: int, field: str
) -> None:
    with pytest.raises(DirectoryError) as error:
        read_csv(content)
    assert (error.value.fault, error.value.row, error.value.field) == (fault, row, field)


@pytest.mark.parametrize(
    ("content", "row", "field"),
    [
        (b"<html>", 0, ""),
        (b'{"items": 1}', 0, "items"),
        (b'{"items": [{}]}', 1, "primaryPayerId"),
        (b"[1]", 1, ""),
    ],
)
def test_a_bad_json_is_refused_whole_with_its_row(content: bytes, row: int, field: str) -> None:
    with pytest.raises(DirectoryError) as error:
        read_stedi(content)
    assert (error.value.row, error.value.field) == (row, field)


def test_a_directory_that_cannot_be_read_leaves_no_import(sam: User) -> None:
    with pytest.raises(DirectoryError):
        read_directory("Waystar", b"payer_id,name\n1,A\n1,B\n", form="csv", read_by=sam)
    assert not DirectoryImport.objects.exists()


# --- the preview ------------------------------------------------------------------------------------


def test_a_preview_changes_nothing(sam: User) -> None:
    found = preview(sam, stedi_payer("1", "A"))
    assert (found.state, found.counts) == ("preview", {"new": 1, "unmatched": 1, "payer_names": 0})
    assert not PayerListing.objects.exists()
    assert not Payer.objects.exists()


def test_what_changed_since_is_told_apart(sam: User) -> None:
    before = [stedi_payer(each, f"Payer {each}") for each in "12345"]
    apply_import(preview(sam, *before).pk)
    after = [
        stedi_payer("1", "Payer 1"),
        stedi_payer("2", "Payer Two"),
        stedi_payer("3", "Payer 3", support="NOT_SUPPORTED"),
        stedi_payer("4", "Payer 4", aliases=["44"]),
        stedi_payer("6", "Payer 6"),
    ]
    found = preview(sam, *after)
    assert changes(found) == {
        "1": "same", "2": "renamed", "3": "support", "4": "details", "6": "new", "5": "gone",
    }  # fmt: skip
    (renamed,) = [each for each in found.entries if each["change"] == "renamed"]
    assert renamed["was"] == "Payer 2"


MATCHES = [
    ({"payer_id": "1", "name": "Whatever"}, {}, "identifier"),
    ({"payer_id": "A9", "name": "Whatever"}, {"aliases": ["a9"]}, "alias"),
]


@pytest.mark.parametrize(("payer", "listed", "how"), MATCHES)
def test_an_entry_is_matched_by_its_numbers(sam: User, payer: Any, listed: Any, how: str) -> None:
    ours = PayerFactory(**payer)
    (entry,) = preview(sam, stedi_payer("1", "Example Blue", **listed)).entries
    assert (entry["payer"], entry["matched_by"], entry["payer_name"]) == (str(ours.pk), how, "Whatever")


def test_a_listing_goes_before_a_number(sam: User) -> None:
    ours = PayerFactory(payer_id="ELSE")
    PayerListing.objects.create(clearinghouse="Stedi", identifier="1", name="A", payer=ours)
    PayerFactory(payer_id="1")
    (entry,) = preview(sam, stedi_payer("1", "A")).entries
    assert (entry["payer"], entry["matched_by"]) == (str(ours.pk), "listing")


def test_a_name_only_suggests(sam: User) -> None:
    ours = PayerFactory(name="Blue Cross & Blue-Shield", payer_id="X")
    (entry,) = preview(sam, stedi_payer("1", "BLUE CROSS AND BLUE SHIELD")).entries
    assert (entry["payer"], entry["suggested"]) == ("", str(ours.pk))


def test_a_number_or_name_that_several_have_matches_none(sam: User) -> None:
    for number in ("A", "B"):
        PayerFactory(payer_id=number, name="Same")
    (entry,) = preview(sam, stedi_payer("1", "Same", aliases=["A", "B"])).entries
    assert (entry["payer"], entry["suggested"]) == ("", "")


# --- applying ---------------------------------------------------------------------------------------


def test_applying_writes_the_listings_and_makes_the_payers_that_were_chosen(sam: User) -> None:
    ours = PayerFactory(payer_id="1", name="Ours")
    found = preview(
        sam, stedi_payer("1", "A"), stedi_payer("2", "B", support="NOT_SUPPORTED"), stedi_payer("3", "C")
    )
    apply_import(found.pk, create=["2"])
    assert listing("1").payer == ours
    assert listing("3").payer is None
    made = Payer.objects.get(payer_id="2")
    assert (made.name, made.answers_270, listing("2").payer) == ("B", False, made)
    ours.refresh_from_db()
    assert ours.name == "Ours"  # renamed only where that is chosen


def test_a_payer_takes_the_directorys_name_where_that_is_chosen(sam: User) -> None:
    ours = PayerFactory(payer_id="1", name="Ours", timeout="00:00:03")
    apply_import(preview(sam, stedi_payer("1", "Theirs")).pk, rename=["1"])
    ours.refresh_from_db()
    assert (ours.name, ours.timeout.total_seconds()) == ("Theirs", 3)


def test_a_suggested_payer_is_linked_where_that_is_chosen(sam: User) -> None:
    ours = PayerFactory(payer_id="X", name="A")
    apply_import(preview(sam, stedi_payer("1", "A")).pk, link={"1": ours.pk})
    assert listing("1").payer == ours


def test_what_is_no_longer_listed_is_marked_and_may_come_back(sam: User) -> None:
    apply_import(preview(sam, stedi_payer("1", "A"), stedi_payer("2", "B")).pk, create=["2"])
    apply_import(preview(sam, stedi_payer("1", "A")).pk)
    assert listing("2").gone_at is not None
    assert listing("2").payer is not None
    found = preview(sam, stedi_payer("1", "A"), stedi_payer("2", "B"))
    assert changes(found)["2"] == "back"
    apply_import(found.pk)
    assert listing("2").gone_at is None


def test_another_clearinghouses_listings_stay(sam: User) -> None:
    apply_import(preview(sam, stedi_payer("1", "A"), clearinghouse="Availity").pk)
    apply_import(preview(sam, stedi_payer("2", "B")).pk)
    assert PayerListing.objects.get(clearinghouse="Availity").gone_at is None


def test_applying_twice_changes_nothing(sam: User) -> None:
    found = preview(sam, stedi_payer("1", "A"))
    first = apply_import(found.pk, create=["1"])
    Payer.objects.update(name="Renamed since")
    assert apply_import(found.pk, rename=["1"]).applied_at == first.applied_at
    assert Payer.objects.get().name == "Renamed since"


def test_a_preview_older_than_what_was_applied_since_is_refused(sam: User) -> None:
    old, new = preview(sam, stedi_payer("1", "A")), preview(sam, stedi_payer("2", "B"))
    apply_import(new.pk)
    with pytest.raises(DirectoryError) as error:
        apply_import(old.pk)
    assert error.value.fault == DirectoryFault.OUTDATED
    assert listing("2").gone_at is None


def test_a_dropped_preview_is_not_applied(sam: User) -> None:
    found = preview(sam, stedi_payer("1", "A"))
    assert drop_import(found.pk).state == "dropped"
    with pytest.raises(DirectoryError) as error:
        apply_import(found.pk)
    assert error.value.fault == DirectoryFault.DROPPED


@pytest.mark.parametrize("choice", [{"create": ["1"]}, {"create": ["9"]}, {"rename": ["2"]}])
def test_a_choice_that_is_none_refuses_the_whole(sam: User, choice: dict[str, list[str]]) -> None:
    PayerFactory(payer_id="1")
    found = preview(sam, stedi_payer("1", "A"), stedi_payer("2", "B"))
    with pytest.raises(DirectoryError) as error:
        apply_import(found.pk, **choice)
    assert (error.value.fault, error.value.field) == (
        DirectoryFault.UNKNOWN_CHOICE,
        next(iter(choice.values()))[0],
    )
    assert not PayerListing.objects.exists()


def test_a_link_made_since_the_preview_stays(sam: User) -> None:
    apply_import(preview(sam, stedi_payer("1", "A")).pk)
    found = preview(sam, stedi_payer("1", "A"))
    ours = PayerFactory(payer_id="X", name="Z")
    PayerListing.objects.update(payer=ours)
    apply_import(found.pk)
    assert listing("1").payer == ours


def test_a_large_directory_takes_as_many_queries_as_a_small_one(sam: User) -> None:
    counts = []
    for size in (10, 1_000):
        found = preview(sam, *[stedi_payer(f"{size}-{at}", f"Payer {at}") for at in range(size)])
        with CaptureQueriesContext(connection) as queries:
            apply_import(found.pk, create=[f"{size}-{at}" for at in range(size)])
        counts.append(len(queries))
    assert counts[0] == counts[1]
    assert PayerListing.objects.filter(gone_at=None, payer__isnull=False).count() == 1_000


# --- live -------------------------------------------------------------------------------------------


@pytest.fixture
def web() -> Iterator[Web]:
    with scripted_web() as server:
        yield server


def test_a_live_directory_is_asked_for_with_the_partners_key_page_by_page(sam: User, web: Web) -> None:
    home = make_organization("Elsewhere")
    with tenant(home.pk):
        partner = PartnerFactory(
            code="Stedi", transport="stedi", settings={"url": web.url}, credentials={"api_key": "k"}
        )

    def script(request: Any) -> Any:
        if "pageToken" in request.query:
            return 200, {"items": [stedi_payer("2", "B")]}
        return 200, {"items": [stedi_payer("1", "A")], "nextPageToken": "t"}

    web.script = script
    found = fetch_directory(home.pk, partner.pk, read_by=sam)
    assert (found.clearinghouse, changes(found)) == ("Stedi", {"1": "new", "2": "new"})
    assert {each.headers["Authorization"] for each in web.requests} == {"k"}
    with tenant(home.pk):
        assert TransportLog.objects.get().event == "payers"


def test_a_directory_that_breaks_off_is_none(sam: User, web: Web) -> None:
    home = make_organization("Elsewhere")
    with tenant(home.pk):
        partner = PartnerFactory(
            transport="stedi_batch", settings={"url": web.url}, credentials={"api_key": "k"}
        )
    web.script = lambda request: (
        (503, {}) if "pageToken" in request.query else (200, {"items": [], "nextPageToken": "t"})
    )
    with pytest.raises(TransportError):
        fetch_directory(home.pk, partner.pk, read_by=sam)
    assert not DirectoryImport.objects.exists()
    with tenant(home.pk):
        assert TransportLog.objects.get().error == "http_503"
