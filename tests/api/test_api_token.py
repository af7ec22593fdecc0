"""`manage.py api_token`: made, shown once, listed without secrets, revoked."""

from __future__ import annotations

from io import StringIO
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from practice.models import ApiToken, Level
from tests.api.conftest import SWEEPS, ApiClient, Practice
from tests.factories import make_organization

pytestmark = pytest.mark.django_db


def api_token(*words: str) -> str:
    out = StringIO()
    call_command("api_token", *words, stdout=out, stderr=StringIO())
    return out.getvalue().strip()


def make(acme: Practice, **changes: str) -> str:
    words = {"user": "sam", "organization": "Acme Family Medicine", "name": "Night job"} | changes
    return api_token("make", *(part for name, value in words.items() for part in (f"--{name}", value)))


def test_a_made_token_opens_the_api_of_its_practice(acme: Practice) -> None:
    assert ApiClient(make(acme)).get(SWEEPS).status_code == 200
    assert ApiClient(make(acme, organization=str(acme.organization.pk))).get(SWEEPS).status_code == 200


def test_only_the_tokens_hash_is_kept(acme: Practice) -> None:
    secret = make(acme)
    with acme.inside(), connection.cursor() as cursor:
        cursor.execute("SELECT row_to_json(t)::text FROM practice_apitoken t")
        (stored,) = cursor.fetchone()
    assert secret not in stored
    assert secret not in api_token("list")


def test_a_token_is_valid_for_the_days_it_was_given(acme: Practice) -> None:
    make(acme, days="7")
    with acme.inside():
        token = ApiToken.objects.get()
    assert (token.expires_at - token.created_at).total_seconds() == pytest.approx(7 * 86400, abs=60)


def test_the_list_names_every_practices_tokens_and_their_state(acme: Practice, elsewhere: Practice) -> None:
    make(acme)
    make(elsewhere, user="mallory", organization="Elsewhere Clinic")
    lines = [line.split("\t") for line in api_token("list").splitlines()]
    assert [line[1:4] for line in lines] == [
        ["Acme Family Medicine", "sam", "Night job"],
        ["Elsewhere Clinic", "mallory", "Night job"],
    ]
    assert all(line[4].startswith("until ") for line in lines)


def test_a_revoked_token_is_refused_and_listed_as_revoked(acme: Practice) -> None:
    client = ApiClient(make(acme))
    with acme.inside():
        token_id = str(ApiToken.objects.get().pk)
    api_token("revoke", token_id)
    with acme.inside():
        first = ApiToken.objects.get().revoked_at
    api_token("revoke", token_id)
    with acme.inside():
        assert ApiToken.objects.get().revoked_at == first
    assert client.get(SWEEPS).status_code == 401
    assert "revoked" in api_token("list")


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"user": "nobody"}, "no active user"),
        ({"user": "mallory"}, "does not belong"),
        ({"organization": "Nowhere"}, "no such organization"),
        ({"organization": str(uuid4())}, "no such organization"),
        ({"days": "0"}, "--days"),
        ({"name": " "}, "--name"),
        ({"name": "x" * 61}, "--name"),
    ],
)
def test_what_cannot_be_made_is_refused_with_the_reason(
    acme: Practice, elsewhere: Practice, changes: dict[str, str], sentence: str
) -> None:
    with pytest.raises(CommandError, match=sentence):
        make(acme, **changes)
    assert acme.count(ApiToken) == 0


def test_two_practices_of_one_name_are_told_apart_by_id(acme: Practice) -> None:
    make_organization("Acme Family Medicine")
    with pytest.raises(CommandError, match="give the id"):
        make(acme)
    assert ApiClient(make(acme, organization=str(acme.organization.pk))).get(SWEEPS).status_code == 200


def test_a_token_does_what_its_owner_may_do(acme: Practice) -> None:
    acme.member(Level.NURSE, "nina")
    client = ApiClient(make(acme, user="nina"))
    assert client.get(SWEEPS).status_code == 200
    assert client.start(acme.scope()).status_code == 403


@pytest.mark.parametrize("words", [("revoke", str(uuid4())), ("revoke", "x"), (), ("make",), ("drop",)])
def test_a_command_that_makes_no_sense_is_refused(db: None, words: tuple[str, ...]) -> None:
    with pytest.raises(CommandError):
        api_token(*words)
