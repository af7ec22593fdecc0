from django.apps import AppConfig


class TradingPartnersConfig(AppConfig):
    name = "tradingpartners"
    _lease = ["state", "due_at", "rung_at", "lease_token", "lease_until", "rescue_count"]
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
        ],
        "Interchange": [
            "id",
            "organization_id",
            "partner_id",
            "direction",
            "state",
            "started_at",
            "dispatch_id",
        ],
        "Transaction": ["id", "organization_id", "partner_id", "direction", "state", "sent_at"],
        "InboundDelivery": [
            "id",
            "organization_id",
            "payload_id",
            "read_at",
            "reader_until",
            "created_at",
            "rescue_count",
        ],
        "Payer": ["id", "batch_connections", "live_connections", "is_active"],
    }
    dispatcher_writes = {"Dispatch": _lease}
