"""What people are told of the gateway's work: one function a kind of alert, in the caller's transaction.

Facts name partners, payers, files, numbers and codes, never a patient. The key says what is one
alert: what is seen again counts up.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from django.db import connection
from django.utils import timezone

from practice.alerts import raise_alert, resolve_alert
from practice.models import Alert
from tradingpartners.models import (
    Attempt,
    Direction,
    InboundDelivery,
    Interchange,
    Payer,
    TradingPartner,
    Transaction,
)
from tradingpartners.services.holding import TRY_AGAIN

INCIDENT, PROBLEM, NOTICE = Alert.Severity.INCIDENT, Alert.Severity.PROBLEM, Alert.Severity.NOTICE

# So many, and this share of a payer's answers of one errand or hour, are no coincidence.
MASS_REJECTION_LEAST = 20
MASS_REJECTION_SHARE = 0.25
# A batch in which nothing comes near the share cannot be what tips it.
_WORTH_COUNTING = 0.2


def privacy_incident(attempt: Attempt, delivery: InboundDelivery) -> None:
    """A payer's answer under our number is about somebody else."""
    raise_alert(
        kind="privacy_incident",
        key=f"privacy_incident:{attempt.subject_id}",
        severity=INCIDENT,
        facts={
            **_partner(delivery.partner),
            "payer": attempt.payer.name,
            "file_name": delivery.file_name,
            "delivery": str(delivery.pk),
        },
        subject_id=attempt.id,
    )


def same_number_other_content(interchange: Interchange) -> None:
    raise_alert(
        kind="same_number_other_content",
        key=f"same_number_other_content:{interchange.pk}",
        severity=PROBLEM,
        facts={**_partner(interchange.partner), **_named(interchange)},
        subject_id=interchange.pk,
    )


def number_is_settled(interchange: Interchange) -> None:
    resolve_alert(f"same_number_other_content:{interchange.pk}")


def unreadable_file(delivery: InboundDelivery, codes: Sequence[str]) -> None:
    """A file of which something could not be read, or does not add up."""
    _about_file("unreadable_file", delivery, codes)


def held_file(delivery: InboundDelivery, codes: Sequence[str]) -> None:
    """A damaged file that waits for a person, because its partner's files are to."""
    _about_file("held_file", delivery, codes)


def _about_file(kind: str, delivery: InboundDelivery, codes: Sequence[str]) -> None:
    raise_alert(
        kind=kind,
        key=f"{kind}:{delivery.pk}",
        severity=PROBLEM,
        facts={**_partner(delivery.partner), "file_name": delivery.file_name, "codes": list(codes)},
        subject_id=delivery.pk,
    )


def file_is_settled(delivery: InboundDelivery) -> None:
    for kind in ("unreadable_file", "held_file"):
        resolve_alert(f"{kind}:{delivery.pk}")


def unmatched_answers(partner: TradingPartner, *, now: datetime) -> None:
    """Answers of this partner, today, that belong to no question of ours: one alert a day."""
    day = timezone.localtime(now).date()
    midnight = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    count = Transaction.objects.filter(
        disposition=Transaction.Disposition.UNMATCHED,
        direction=Direction.IN,
        partner=partner,
        closed_at__gte=midnight,
    ).count()
    raise_alert(
        kind="unmatched_answers",
        key=f"unmatched_answers:{partner.pk}:{day}",
        severity=PROBLEM,
        facts={**_partner(partner), "count": count},
        subject_id=partner.pk,
    )


def file_rejected(interchange: Interchange, *, code: str, count: int, disagrees: bool = False) -> None:
    """The partner refused a file of ours, or some of it. `disagrees`: its counts contradict its list."""
    raise_alert(
        kind="file_rejected",
        key=f"file_rejected:{interchange.pk}",
        severity=PROBLEM,
        facts={
            **_partner(interchange.partner),
            **_named(interchange),
            "code": code,
            "count": count,
            "disagrees": disagrees,
        },
        subject_id=interchange.pk,
    )


def held_sending(interchange: Interchange, code: str) -> None:
    """The partner has something else than this file of ours, or does not say in a way that can be
    believed what it has: nothing goes again by itself."""
    raise_alert(
        kind="held_sending",
        key=_held_key(interchange.pk),
        severity=PROBLEM,
        facts={**_partner(interchange.partner), **_named(interchange), "code": code},
        subject_id=interchange.pk,
    )


def sending_is_settled(interchange_id: UUID) -> None:
    resolve_alert(_held_key(interchange_id))


def _held_key(interchange_id: UUID) -> str:
    return f"held_sending:{interchange_id}"


def acknowledgement_overdue(interchange: Interchange) -> None:
    raise_alert(
        kind="acknowledgement_overdue",
        key=_overdue_key(interchange.pk),
        severity=PROBLEM,
        facts={**_partner(interchange.partner), **_named(interchange)},
        subject_id=interchange.pk,
    )


def acknowledgement_came(interchange_id: UUID) -> None:
    resolve_alert(_overdue_key(interchange_id))


def is_told_overdue(interchange_ids: Iterable[UUID]) -> set[UUID]:
    """Those about which an alert was raised, whatever became of it."""
    keys = {_overdue_key(pk): pk for pk in interchange_ids}
    return {keys[key] for key in Alert.objects.filter(key__in=keys).values_list("key", flat=True)}


def _overdue_key(interchange_id: UUID) -> str:
    return f"acknowledgement_overdue:{interchange_id}"


def no_answer(ended: Sequence[Transaction]) -> None:
    """These attempts passed their partner's SLA: one alert a file, or a partner's live questions.

    Each with its partner; what is ended in several batches adds up.
    """
    silent: dict[tuple[TradingPartner, UUID | None], int] = Counter(
        (row.partner, row.interchange_id if row.partner.sends_files else None) for row in ended
    )
    interchanges = Interchange.objects.in_bulk([pk for _, pk in silent if pk])
    for (partner, interchange_id), count in silent.items():
        named = _named(interchanges[interchange_id]) if interchange_id in interchanges else {}
        day = timezone.localdate()
        key = f"no_answer:{interchange_id or f'{partner.pk}:{day}'}"
        before = Alert.objects.filter(key=key).exclude(state=Alert.State.RESOLVED).values_list("facts")
        earlier = sum(int(facts.get("count", 0)) for (facts,) in before)
        raise_alert(
            kind="no_answer",
            key=key,
            severity=PROBLEM,
            facts={**_partner(partner), **named, "count": earlier + count},
            subject_id=interchange_id or partner.pk,
        )


def asked_again(interchange_ids: Iterable[UUID]) -> None:
    """Everything that a file's refusal or silence left open was asked once more."""
    resolve_alert(*[f"{kind}:{pk}" for pk in interchange_ids for kind in ("no_answer", "file_rejected")])


# --- connections ----------------------------------------------------------------------------------


class Way(StrEnum):
    """What a connection is used for: one of them may fail while another works."""

    SENDING = "sending"
    ASKING = "asking"
    FETCHING = "fetching"


# What stays wrong until somebody mends it, by what has to be mended.
_TROUBLES = {
    "tls": "identity",
    "host_key_changed": "identity",
    "login_refused": "access",
    "http_401": "access",
    "http_403": "access",
    "core_unauthorized": "access",
    "token_http_400": "access",
    "token_http_401": "access",
    "token_http_403": "access",
    "address_refused": "address",
    "bad_address": "address",
    "permission_denied": "folder",
    "no_such_file": "folder",
    "disk_full": "folder",
}
_FAMILIES = frozenset({*_TROUBLES.values(), "settings"})
# Every question and file would end so.
REFUSES_OUR_KEY = frozenset(code for code, family in _TROUBLES.items() if family == "access")
# As far as this nothing comes whose settings are not complete.
_WITH_ITS_SETTINGS = frozenset({"not_resolved", "connection_refused", "connect_timeout"})
# One payer behind a connection may be asked in vain while the next one is not: each of its answers
# would end the alert, and each failure raise it anew; a refusal is met anew every quarter of an hour.
_CALM = {Way.ASKING: 2 * TRY_AGAIN}


def connection_said(partner_id: UUID, way: Way, code: str) -> None:
    """What came of using it: `code` is the wire's, empty where it worked.

    What a person must mend raises an alert; what works, or fails of something else that does, ends
    the others of that way. Trouble that passes by itself says nothing.
    """
    family = "settings" if code.startswith("settings:") else _TROUBLES.get(code)
    if code and family is None:
        if code in _WITH_ITS_SETTINGS:
            resolve_alert(_trouble_key(partner_id, way, "settings"), unseen_for=_CALM.get(way))
        return
    others = sorted(_FAMILIES - {family})
    resolve_alert(*[_trouble_key(partner_id, way, each) for each in others], unseen_for=_CALM.get(way))
    if family is None:
        return
    raise_alert(
        kind="connection_trouble",
        key=_trouble_key(partner_id, way, family),
        severity=PROBLEM,
        facts={**_partner(TradingPartner.objects.get(pk=partner_id)), "code": code, "way": way},
        subject_id=partner_id,
    )


def connection_works(partner_id: UUID) -> None:
    """Somebody has tried it out, and every step went well."""
    resolve_alert(*[_trouble_key(partner_id, way, each) for way in Way for each in sorted(_FAMILIES)])


def _trouble_key(partner_id: UUID, way: Way, family: str) -> str:
    return f"connection_trouble:{partner_id}:{way}:{family}"


# --- rejections of one kind ---------------------------------------------------------------------


class Said(NamedTuple):
    """How one attempt was answered: `code` is AAA03 of a refusal, "" for an answer."""

    attempt: Attempt
    code: str


_COUNT = """
    SELECT payer_id, count(*) FILTER (
            WHERE state = 'rejected' AND %(code)s = ANY(string_to_array(error, ' '))), count(*)
    FROM tradingpartners_transaction
    WHERE direction = 'out' AND state IN ('answered', 'rejected') AND payer_id = %(payer)s
        AND (correlation_id = %(correlation)s OR %(correlation)s::uuid IS NULL
            AND sent_at > now() - interval '1 day' AND closed_at > now() - interval '1 hour')
    GROUP BY payer_id
"""


def mass_rejections(said: Sequence[Said], *, now: datetime) -> None:
    """One alert a payer, code and day where a quarter of its answers are the same refusal.

    Of one errand (a sweep), or of the last hour. Counted only when this batch gives cause to.
    """
    by_payer: dict[UUID, list[Said]] = defaultdict(list)
    for each in said:
        by_payer[each.attempt.payer.pk].append(each)
    for answers in by_payer.values():
        codes = Counter(each.code for each in answers if each.code)
        for code, times in codes.items():
            if times >= _WORTH_COUNTING * len(answers):
                errands = Counter(each.attempt.correlation_id for each in answers if each.code == code)
                sweeps = [errand for errand, number in errands.items() if number > 1]
                _tell_of_many(answers[0].attempt.payer, code, sweeps, now)


def _tell_of_many(payer: Payer, code: str, correlations: Iterable[UUID], now: datetime) -> None:
    for correlation_id in [*sorted(correlations), None]:
        count, answered = _rejected_alike(payer, code, correlation_id)
        if count >= MASS_REJECTION_LEAST and count >= MASS_REJECTION_SHARE * answered:
            raise_alert(
                kind="mass_rejection",
                key=f"mass_rejection:{payer.pk}:{code}:{timezone.localtime(now).date()}",
                severity=PROBLEM,
                facts={
                    "payer": payer.name,
                    "code": code,
                    "count": count,
                    "answered": answered,
                    "correlation_id": str(correlation_id) if correlation_id else "",
                },
                subject_id=payer.pk,
            )
            return


def _rejected_alike(payer: Payer, code: str, correlation_id: UUID | None) -> tuple[int, int]:
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, {"code": code, "payer": payer.pk, "correlation": correlation_id})
        row = cursor.fetchone()
    return (row[1], row[2]) if row else (0, 0)


# --- names ----------------------------------------------------------------------------------------


def _partner(partner: TradingPartner) -> dict[str, str]:
    return {"partner": partner.name, "partner_id": str(partner.pk)}


def _named(interchange: Interchange) -> dict[str, object]:
    return {"file_name": interchange.file_name, "control_number": interchange.control_number}
