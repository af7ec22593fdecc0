"""Bearer tokens of an Availity-shaped clearinghouse: client credentials, a short life, no refresh.

A token carries its scope and its end under a seal, so it outlives a restart of the simulator.
"""

import hmac
import json
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from tradingpartners.simulator.http_wire import JSON, Reply

SCOPE = "healthcare-hipaa-transactions"
DEMO, STANDARD = "demo", "standard"


class Tokens:
    def __init__(self, *, client_id: str, client_secret: str, seconds: float) -> None:
        self.client_id = client_id
        self.client_secret = client_secret
        self.seconds = seconds

    def reply(self, form: Mapping[str, Sequence[str]], content_type: str) -> Reply:
        """The answer of the token endpoint."""
        if content_type != "application/x-www-form-urlencoded":
            return refuse(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "invalid_request")
        given = {name: values[0] for name, values in form.items()}
        if given.get("grant_type") != "client_credentials":
            return refuse(HTTPStatus.BAD_REQUEST, "unsupported_grant_type")
        known = f"{self.client_id}:{self.client_secret}"
        if not hmac.compare_digest(
            f"{given.get('client_id')}:{given.get('client_secret')}".encode(), known.encode()
        ):
            return refuse(HTTPStatus.UNAUTHORIZED, "invalid_client")
        scopes = given.get("scope", "").split()
        mode = DEMO if f"{SCOPE}-{DEMO}" in scopes else STANDARD
        if SCOPE not in scopes and f"{SCOPE}-{STANDARD}" not in scopes and mode != DEMO:
            return refuse(HTTPStatus.BAD_REQUEST, "invalid_scope")
        body = {
            "access_token": self.write(mode),
            "token_type": "Bearer",
            "expires_in": int(self.seconds),
            "scope": " ".join(scopes),
        }
        return Reply(json.dumps(body).encode(), JSON, headers={"Cache-Control": "no-store"})

    def write(self, mode: str) -> str:
        contents = json.dumps({"mode": mode, "until": time.time() + self.seconds}).encode()
        return f"{urlsafe_b64encode(contents).decode().rstrip('=')}.{self.seal(contents)}"

    def read(self, authorization: str) -> str | None:
        """The mode of a bearer token that is ours and not over."""
        kind, _, token = authorization.partition(" ")
        text, _, seal = token.partition(".")
        try:
            contents = urlsafe_b64decode(text + "=" * (-len(text) % 4))
        except ValueError:
            return None
        if kind != "Bearer" or not hmac.compare_digest(seal.encode(), self.seal(contents).encode()):
            return None
        given: dict[str, Any] = json.loads(contents)
        return str(given["mode"]) if given["until"] > time.time() else None

    def seal(self, contents: bytes) -> str:
        return hmac.new(self.client_secret.encode(), contents, "sha256").hexdigest()


def refuse(status: HTTPStatus, error: str) -> Reply:
    return Reply(json.dumps({"error": error}).encode(), JSON, status)
