from django.apps import AppConfig


class PracticeConfig(AppConfig):
    name = "practice"
    # A token opens an organization before one is known; names let an operator choose one.
    dispatcher_reads = {
        "Organization": ["id", "name", "time_zone", "is_demo"],
        "ApiToken": [
            "id",
            "organization_id",
            "user_id",
            "secret_sha256",
            "expires_at",
            "revoked_at",
            "is_deleted",
        ],
        "Outbox": ["id", "organization_id", "kind", "due_at", "sent_at", "given_up_at", "is_deleted"],
        "Alert": ["id", "organization_id", "state", "is_deleted"],
    }
