"""What goes in and out of the endpoints of connections. Secrets go in and never come out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from rest_framework import serializers

from practice.api_inputs import Shape
from practice.api_pages import PageQuery
from tradingpartners.models import TradingPartner, TransportKind
from tradingpartners.setup.rules import PARTNER_RANGES
from tradingpartners.words import explain, step_words
from tradingpartners.x12 import ID_QUALIFIERS

_QUALIFIER = f"^({'|'.join(sorted(ID_QUALIFIERS))})$"
# What is a length of time in its row is whole seconds here.
SPANS = ("response_sla", "taken_timeout", "poll_interval", "acknowledgement_due")


def _number(name: str, **more: Any) -> serializers.IntegerField:
    allowed = PARTNER_RANGES[name]
    return serializers.IntegerField(
        min_value=allowed.least, max_value=allowed.most, **{"required": False, **more}
    )


def _seconds(name: str, **more: Any) -> serializers.IntegerField:
    least, most = (int(each.total_seconds()) for each in PARTNER_RANGES[name])
    return serializers.IntegerField(min_value=least, max_value=most, **{"required": False, **more})


def columns_of(asked: Mapping[str, Any]) -> dict[str, Any]:
    """What was given, as the row has it."""
    columns = dict(asked)
    for name in SPANS:
        if f"{name}_seconds" in columns:
            seconds = columns.pop(f"{name}_seconds")
            columns[name] = None if seconds is None else timedelta(seconds=seconds)
    return columns


class PartnerQuery(PageQuery, Shape):
    code = serializers.CharField(max_length=50, required=False, help_text="The clearinghouse.")


class PartnerChange(Shape):
    """What may be set of a connection; what is not named stays as it is."""

    name = serializers.CharField(max_length=100, required=False)
    code = serializers.CharField(max_length=50, required=False, help_text="Clearinghouse, e.g. Stedi.")
    is_active = serializers.BooleanField(
        required=False, help_text="In use. It must be complete: settings and credentials."
    )
    is_test = serializers.BooleanField(required=False, help_text="ISA15 T instead of P.")
    sender_qualifier = serializers.RegexField(_QUALIFIER, required=False, help_text="ISA05")
    sender_id = serializers.CharField(max_length=15, required=False, help_text="ISA06")
    receiver_qualifier = serializers.RegexField(_QUALIFIER, required=False, help_text="ISA07")
    receiver_id = serializers.CharField(max_length=15, required=False, help_text="ISA08")
    application_sender_id = serializers.CharField(
        max_length=15, required=False, allow_blank=True, help_text="GS02; empty: as ISA06."
    )
    application_receiver_id = serializers.CharField(
        max_length=15, required=False, allow_blank=True, help_text="GS03; empty: as ISA08."
    )
    trace_originator = serializers.RegexField(r"^[0-9A-Z]{10}$", required=False, help_text="TRN03")
    max_st_per_interchange = _number("max_st_per_interchange")
    max_interchanges_per_minute = _number(
        "max_interchanges_per_minute", allow_null=True, help_text="null: no limit."
    )
    max_concurrent_files = _number("max_concurrent_files")
    response_sla_seconds = _seconds("response_sla", help_text="Answers are due within.")
    taken_sign = serializers.ChoiceField(
        choices=TradingPartner.TakenSign.values, required=False, help_text="When a file counts as taken."
    )
    taken_timeout_seconds = _seconds("taken_timeout", help_text="A file counts as not taken after.")
    poll_interval_seconds = _seconds("poll_interval", help_text="Answers are looked for every.")
    acknowledgement_due_seconds = _seconds(
        "acknowledgement_due",
        allow_null=True,
        help_text="An alert when no TA1 or 999 came by then; null: none is awaited.",
    )
    send_ta1 = serializers.ChoiceField(choices=TradingPartner.Acknowledge.choices, required=False)
    send_999 = serializers.ChoiceField(choices=TradingPartner.Acknowledge.choices, required=False)
    is_strict = serializers.BooleanField(
        required=False, help_text="The 999 refuses a transaction over any error."
    )
    damaged_files = serializers.ChoiceField(
        choices=TradingPartner.DamagedFiles.values,
        required=False,
        help_text="sets: what came whole is used; hold: a person decides.",
    )
    owner = serializers.UUIDField(
        required=False, allow_null=True, help_text="Who is told of problems: somebody who works here."
    )
    settings = serializers.DictField(required=False, help_text="Addresses and folders; no secrets.")
    credentials = serializers.DictField(
        child=serializers.CharField(max_length=40_000, trim_whitespace=False, allow_null=True),
        required=False,
        write_only=True,
        help_text="Written, never read. What is not named is kept; what is null is removed.",
    )


class NewPartner(PartnerChange):
    """A connection that is not in use may still be incomplete."""

    name = serializers.CharField(max_length=100)
    code = serializers.CharField(max_length=50, help_text="Clearinghouse, e.g. Stedi.")
    transport = serializers.ChoiceField(choices=TransportKind.values)
    sender_id = serializers.CharField(max_length=15, help_text="ISA06")
    receiver_id = serializers.CharField(max_length=15, help_text="ISA08")
    trace_originator = serializers.RegexField(r"^[0-9A-Z]{10}$", help_text="TRN03")


class TestStep(serializers.Serializer[Any]):
    """One thing that trying a connection out found."""

    name = serializers.CharField()
    code = serializers.CharField(help_text="Empty: it went well.")
    words = serializers.SerializerMethodField()
    todo = serializers.SerializerMethodField()

    def get_words(self, step: Mapping[str, Any]) -> str:
        return explain(step["code"]).what if step["code"] else step_words(step["name"])

    def get_todo(self, step: Mapping[str, Any]) -> str:
        return explain(step["code"]).todo if step["code"] else ""


class Partner(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    code = serializers.CharField()
    transport = serializers.ChoiceField(choices=TransportKind.values)
    is_active = serializers.BooleanField()
    is_test = serializers.BooleanField()
    sender_qualifier = serializers.CharField()
    sender_id = serializers.CharField()
    receiver_qualifier = serializers.CharField()
    receiver_id = serializers.CharField()
    application_sender_id = serializers.CharField()
    application_receiver_id = serializers.CharField()
    credentials_changed_at = serializers.DateTimeField(allow_null=True)
    trace_originator = serializers.CharField()
    sending_paused = serializers.BooleanField()
    paused_reason = serializers.CharField()
    poller_paused = serializers.BooleanField()
    polled_at = serializers.DateTimeField(allow_null=True)
    poll_error = serializers.CharField(help_text="The code of what the last look for answers failed with.")
    poll_error_words = serializers.SerializerMethodField()
    refusal = serializers.CharField(
        help_text="The code of the wire it refuses our key with: nothing is sent until that is mended."
    )
    refusal_words = serializers.SerializerMethodField()
    tested_at = serializers.DateTimeField(
        allow_null=True, help_text="When it was tried out with what is set now; null: not yet."
    )
    test_result = TestStep(many=True)
    settings = serializers.DictField()
    max_st_per_interchange = serializers.IntegerField()
    max_interchanges_per_minute = serializers.IntegerField(allow_null=True)
    max_concurrent_files = serializers.IntegerField()
    response_sla_seconds = serializers.SerializerMethodField()
    taken_sign = serializers.ChoiceField(choices=TradingPartner.TakenSign.values)
    taken_timeout_seconds = serializers.SerializerMethodField()
    poll_interval_seconds = serializers.SerializerMethodField()
    acknowledgement_due_seconds = serializers.SerializerMethodField()
    send_ta1 = serializers.ChoiceField(choices=TradingPartner.Acknowledge.choices)
    send_999 = serializers.ChoiceField(choices=TradingPartner.Acknowledge.choices)
    is_strict = serializers.BooleanField()
    damaged_files = serializers.ChoiceField(choices=TradingPartner.DamagedFiles.values)
    owner = serializers.UUIDField(source="owner_id", allow_null=True)

    def get_poll_error_words(self, row: TradingPartner) -> str:
        return explain(row.poll_error).what if row.poll_error else ""

    def get_refusal_words(self, row: TradingPartner) -> str:
        return explain(row.refusal).what if row.refusal else ""

    def get_response_sla_seconds(self, row: TradingPartner) -> int:
        return int(row.response_sla.total_seconds())

    def get_taken_timeout_seconds(self, row: TradingPartner) -> int:
        return int(row.taken_timeout.total_seconds())

    def get_poll_interval_seconds(self, row: TradingPartner) -> int:
        return int(row.poll_interval.total_seconds())

    def get_acknowledgement_due_seconds(self, row: TradingPartner) -> int | None:
        due = row.acknowledgement_due
        return None if due is None else int(due.total_seconds())


class PartnerPage(serializers.Serializer[Any]):
    results = Partner(many=True)
    next = serializers.URLField(allow_null=True)
