"""Lists in pages that stay put: a page goes on after a row, not after a number of rows.

So rows added or gone while somebody reads shift nothing: no row comes twice, none is left out.
"""

from __future__ import annotations

import json
from typing import Any, Generic, NamedTuple, TypeVar, cast

from django.db import models
from django.db.models import F, Q
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.request import Request
from rest_framework.utils.urls import replace_query_param

from practice.sealing import SealError, seal, unseal

Row = TypeVar("Row", bound=models.Model)

DEFAULT_LIMIT, MOST = 100, 500


class Page(NamedTuple, Generic[Row]):
    rows: list[Row]
    cursor: str | None

    def answer(self, request: Request, results: Any) -> dict[str, Any]:
        """The rows as shown, and the address of the page after them."""
        here = request.build_absolute_uri()
        return {
            "results": results,
            "next": replace_query_param(here, "cursor", self.cursor) if self.cursor else None,
        }


class CursorPages:
    """Pages in the order of the named columns; the last one is unique.

    Ascending, nulls last, or descending with a minus. A cursor is the last row's place, sealed for
    the organization in context: a visit's time does not stand in addresses, and nobody makes one up.
    """

    def __init__(self, *order: str) -> None:
        self.order = order

    def page(self, rows: models.QuerySet[Row], *, cursor: str = "", limit: int = DEFAULT_LIMIT) -> Page[Row]:
        if cursor:
            rows = rows.filter(self._after(rows.model, self._open(rows.model, cursor)))
        found = list(rows.order_by(*map(_direction, self.order))[: limit + 1])
        shown = found[:limit]
        return Page(shown, self._seal(shown[-1]) if len(found) > limit else None)

    def _after(self, model: type[models.Model], place: list[Any]) -> Q:
        """Rows behind a place: equal in the first columns, beyond it in the next one."""
        after, equal = Q(pk__in=[]), Q()
        for column, value in zip(self.order, place, strict=True):
            field = _field(model, column)
            after |= equal & _beyond(column, value, nulls=field.null)
            equal &= Q(**{field.name: value})
        return after

    def _label(self, model: type[models.Model]) -> str:
        return f"cursor.{model._meta.label_lower}.{','.join(self.order)}"

    def _seal(self, row: models.Model) -> str:
        fields = [_field(type(row), column) for column in self.order]
        place = [field.value_to_string(row) if field.value_from_object(row) else None for field in fields]
        return seal(json.dumps(place).encode(), self._label(type(row))).decode()

    def _open(self, model: type[models.Model], cursor: str) -> list[Any]:
        try:
            place = json.loads(unseal(cursor.encode(), self._label(model)))
        except SealError as error:
            wrong = ErrorDetail("Take it unchanged from the page before.", code="invalid_cursor")
            raise ValidationError({"cursor": [wrong]}) from error
        return [_field(model, column).to_python(text) for column, text in zip(self.order, place, strict=True)]


def _field(model: type[models.Model], column: str) -> models.Field[Any, Any]:
    return cast("models.Field[Any, Any]", model._meta.get_field(column.lstrip("-")))


def _direction(column: str) -> Any:
    return F(column[1:]).desc() if column.startswith("-") else F(column).asc(nulls_last=True)


def _beyond(column: str, value: Any, *, nulls: bool) -> Q:
    if column.startswith("-"):
        return Q(**{f"{column[1:]}__lt": value})
    if value is None:  # nulls come last: nothing is beyond them
        return Q(pk__in=[])
    beyond = Q(**{f"{column}__gt": value})
    return beyond | Q(**{f"{column}__isnull": True}) if nulls else beyond


class PageQuery(serializers.Serializer[Any]):
    """What every list takes besides its own filters."""

    cursor = serializers.CharField(
        required=False, default="", max_length=500, help_text="From `next` of the page before."
    )
    limit = serializers.IntegerField(
        required=False, default=DEFAULT_LIMIT, min_value=1, max_value=MOST, help_text="Rows a page."
    )
