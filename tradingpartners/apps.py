from django.apps import AppConfig


class TradingPartnersConfig(AppConfig):
    name = "tradingpartners"
    _lease = ["state", "due_at", "rung_at", "waits_for", "lease_token", "lease_until", "rescue_count"]
    dispatcher_reads = {
        "Dispatch": ["id", "organization_id", "partner_id", "payer_id", "queue", "lane", *_lease],
        "TradingPartner": [
            "id",
            "organization_id",
            "transport",
            "is_active",
            "lease",
            "poller_paused",
            "poll_due_at",
            "poll_interval",
            "response_sla",
            "is_deleted",
            "taken_timeout",
            "max_interchanges_per_minute",
            "max_concurrent_files",
            "sending_paused",
            "acknowledgement_due",
        ],
        "Interchange": [
            "id",
            "organization_id",
            "partner_id",
            "direction",
            "state",
            "started_at",
            "dispatch_id",
            "acknowledgement",
            "transaction_set",
        ],
        "TransportLog": ["id", "organization_id", "partner_id", "event", "interchange_id", "created_at"],
        "Transaction": [
            "id",
            "organization_id",
            "partner_id",
            "payer_id",
            "dispatch_id",
            "direction",
            "lane",
            "state",
            "sent_at",
        ],
        "InboundDelivery": [
            "id",
            "organization_id",
            "payload_id",
            "read_at",
            "reader_until",
            "created_at",
            "rescue_count",
            "held_at",
            "settled_at",
        ],
        "Payer": [
            "id",
            "batch_connections",
            "live_connections",
            "is_active",
            "daily_cap",
            "quiet_from",
            "quiet_until",
            "quiet_zone",
        ],
        "PayerPause": ["id", "organization_id", "payer_id", "resumes_at", "ended_at", "is_deleted"],
    }
    dispatcher_writes = {"Dispatch": _lease}
