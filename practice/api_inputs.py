"""Inputs of endpoints, bodies and filters alike."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError

# A name that could be one of ours is repeated to whoever sent it; anything else may be somebody's data.
_NAME = re.compile("[a-z_]{1,40}")


class Shape(serializers.Serializer[Any]):
    """An input that refuses what it does not know: a misspelt filter must not mean "all"."""

    def to_internal_value(self, data: Any) -> Any:
        names = sorted(set(data) - set(self.fields)) if isinstance(data, Mapping) else []
        wrong = [ErrorDetail("There is no such field.", "unknown_field")]
        unknown = {name if _NAME.fullmatch(name) else "": wrong for name in names}
        try:
            values = super().to_internal_value(data)
        except ValidationError as error:
            assert isinstance(error.detail, dict)  # noqa: S101  for the reader of types
            raise ValidationError({**error.detail, **unknown}) from error
        if unknown:
            raise ValidationError(unknown)
        return values


def checked(shape: type[serializers.Serializer[Any]], data: Any) -> Any:
    """The values of an input, or a refusal that names the fields."""
    asked = shape(data=data)
    asked.is_valid(raise_exception=True)
    return asked.validated_data
