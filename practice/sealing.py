"""Fields that are encrypted at rest, and keyed indexes to find them again.

AES-256-GCM under the package's own field classes; only its cipher (AES-128) and its silences are
replaced: an empty string stays a value, a wrong key is an error. Stored form
`g1.<key id>.<base64(nonce 12 | ciphertext | tag 16)>`. The additional data binds a value to its
column's label and to the organization, not to its row: a swap of two rows of one column inside
one organization is not detected.
"""

import hashlib
import hmac
import json
import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.db import models
from django.db.models.functions import Cast, Left
from django.db.models.lookups import Exact
from encrypted_fields.fields import EncryptedFieldMixin

from practice.tenancy import current_organization_id

if TYPE_CHECKING:  # Django's fields take no type arguments at run time
    Field = models.Field[Any, Any]
    BinaryField = models.BinaryField[Any, Any]
else:
    from django.db.models import BinaryField, Field

VERSION = b"g1"


class SealError(Exception):
    """A sealed value cannot be opened: wrong key, wrong organization or column, or tampered."""


@lru_cache(maxsize=1)
def _keyring() -> tuple[str, dict[str, AESGCM]]:
    return settings.FIELD_KEYS[0][0], {name: AESGCM(key) for name, key in settings.FIELD_KEYS}


def _binding(header: bytes, label: str) -> bytes:
    return header + label.encode() + b"|" + current_organization_id().bytes


def seal(data: bytes, label: str) -> bytes:
    """Encrypt for the organization in context; the result is a token without padding marks."""
    key_id, ring = _keyring()
    nonce = os.urandom(12)
    header = VERSION + b"." + key_id.encode() + b"."
    return header + urlsafe_b64encode(nonce + ring[key_id].encrypt(nonce, data, _binding(header, label)))


def unseal(token: bytes, label: str) -> bytes:
    """The bytes that were sealed; `SealError` (naming the label only) if they cannot be had."""
    try:
        version, key_id, body = token.split(b".", 2)
        if version != VERSION:
            raise ValueError("version")
        raw = urlsafe_b64decode(body)
        header = version + b"." + key_id + b"."
        return _keyring()[1][key_id.decode()].decrypt(raw[:12], raw[12:], _binding(header, label))
    except (ValueError, KeyError, InvalidTag) as error:
        raise SealError(label) from error


class _SealedField(EncryptedFieldMixin, Field):  # type: ignore[misc]  # the mixin carries no types
    """The package's mixin with its defects closed; subclasses say how a value becomes text."""

    def __init__(self, *args: Any, label: str = "", **kwargs: Any) -> None:
        self.label = label
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        return name, path, args, {**kwargs, "label": self.label}

    def to_text(self, value: Any) -> str:
        return str(value)

    def from_text(self, text: str) -> Any:
        return text

    def get_prep_value(self, value: Any) -> str | None:
        if value is None:
            return None
        return seal(self.to_text(value).encode(), self.label).decode()

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> Any:
        return None if value is None else self.from_text(unseal(value.encode(), self.label).decode())

    def to_python(self, value: Any) -> Any:
        return value

    def clean(self, value: Any, model_instance: models.Model | None) -> Any:
        return models.Field.clean(self, value, model_instance)


class SealedTextField(_SealedField):
    """Text, sealed."""

    def formfield(self, **kwargs: Any) -> Any:
        from django import forms

        return super().formfield(**{"form_class": forms.CharField, **kwargs})


class SealedDateField(_SealedField):
    """A calendar date, sealed."""

    def to_text(self, value: date) -> str:
        return value.isoformat()

    def from_text(self, text: str) -> date:
        return date.fromisoformat(text)

    def formfield(self, **kwargs: Any) -> Any:
        from django import forms

        return super().formfield(**{"form_class": forms.DateField, **kwargs})


class SealedJSONField(_SealedField):
    """A whole document in one token: keys and structure hidden, types kept."""

    def to_text(self, value: Any) -> str:
        return json.dumps(value, separators=(",", ":"))

    def from_text(self, text: str) -> Any:
        return json.loads(text)


class SealedBinaryField(BinaryField):
    """Bytes, sealed; for contents of files, in chunks."""

    def __init__(self, *args: Any, label: str = "", **kwargs: Any) -> None:
        self.label = label
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        return name, path, args, {**kwargs, "label": self.label}

    def get_prep_value(self, value: bytes | None) -> bytes | None:
        return None if value is None else seal(value, self.label)

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> bytes | None:
        return None if value is None else unseal(bytes(value), self.label)


def is_sealed(*columns: str) -> list[models.CheckConstraint]:
    """One CHECK a sealed column: a value that went round the field is refused by the database."""
    return [
        models.CheckConstraint(
            condition=models.Q(**{f"{column}__isnull": True}) | SealedPrefix(column),
            name=f"%(class)s_{column}_sealed",
        )
        for column in columns
    ]


def SealedPrefix(column: str) -> Any:  # noqa: N802  reads as an expression
    """The stored form of a column begins with the version of the seal."""
    stored = Left(Cast(models.F(column), models.TextField()), len(VERSION) + 1)
    return Exact(stored, models.Value(VERSION.decode() + "."))


# --- keyed indexes ------------------------------------------------------------------------------


def plain(text: str) -> str:
    """Identifiers compare without case, blanks and hyphens."""
    return "".join(ch for ch in text.upper() if ch.isalnum())


def first_three(text: str) -> str:
    return plain(text)[:3]


def keyed_digest(label: str, text: str) -> bytes:
    """HMAC-SHA256 under a key of the organization in context: equal values of two organizations
    do not look alike."""
    key = hmac.digest(settings.INDEX_KEY, current_organization_id().bytes, hashlib.sha256)
    return hmac.digest(key, f"{label}|{text}".encode(), hashlib.sha256)


class KeyedIndexField(BinaryField):
    """The keyed digest of another field's value, kept up by save and bulk_create.

    Look it up with the plain value: `filter(mrn_index="A-100")`.
    """

    def __init__(
        self,
        *args: Any,
        source: str = "",
        normalize: Callable[[str], str] = plain,
        **kwargs: Any,
    ) -> None:
        self.source, self.normalize = source, normalize
        super().__init__(*args, **{"null": True, "editable": False, **kwargs})

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        return name, path, args, {**kwargs, "source": self.source, "normalize": self.normalize}

    def digest(self, value: Any) -> bytes | None:
        text = self.normalize(value.isoformat() if isinstance(value, date) else str(value))
        return keyed_digest(f"{self.source}.{self.normalize.__name__}", text) if text else None

    def pre_save(self, model_instance: models.Model, add: bool) -> bytes | None:
        value = getattr(model_instance, self.source)
        digest = None if value is None else self.digest(value)
        setattr(model_instance, self.attname, digest)
        return digest

    def get_prep_value(self, value: Any) -> Any:
        return self.digest(value) if isinstance(value, str | date) else value
