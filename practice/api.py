"""What every endpoint does before and after its own three steps.

The right is asked for, the organization's context opened, the answer rendered inside it (sealed
fields open nowhere else), and whose data was shown is logged.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, cast
from uuid import UUID

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from rest_framework.exceptions import MethodNotAllowed, ParseError
from rest_framework.parsers import JSONParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from practice.access import NotAllowed, require
from practice.api_limits import RequestRate
from practice.models import Organization, ReadLog, User
from practice.tenancy import tenant


class Json(JSONParser):
    def parse(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().parse(*args, **kwargs)
        except RecursionError as error:
            raise ParseError("The document is nested too deeply.") from error


class OrganizationView(APIView):
    """An endpoint over one organization's rows.

    The organization is the token's own, or the session's. `rights` says what each method needs; a
    method without one is not allowed. A handler says whose data it shows with `shows(patient_ids)`.
    """

    rights: ClassVar[Mapping[str, str]] = {}
    http_method_names = ["get", "head", "post"]
    parser_classes = [Json]
    throttle_classes = [RequestRate]

    user: User
    organization: Organization

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        self.args, self.kwargs = args, kwargs
        self.patient_ids: dict[UUID, None] = {}
        self.rates: list[BaseThrottle] = []
        asked = self.request = self.initialize_request(request, *args, **kwargs)
        try:
            self.headers = self.default_response_headers
            self.initial(asked, *args, **kwargs)
            return self.work(asked, *args, **kwargs)
        except Exception as error:  # the one place where errors become answers
            self.headers = self.default_response_headers
            return self.finalize_response(asked, self.handle_exception(error), *args, **kwargs)

    def work(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """The handler and its rendering, in one transaction of the organization."""
        method = "GET" if request.method == "HEAD" else str(request.method)
        handler = getattr(self, method.lower(), None)
        if handler is None or method not in self.rights:
            raise MethodNotAllowed(method)
        right, organization_id = self.rights[method], getattr(request, "organization_id", None)
        self.user = cast(User, request.user)
        require(self.user, right, organization_id)
        assert organization_id is not None  # noqa: S101  nobody holds a right nowhere
        _ = request._request.body  # before a transaction is open, and within Django's limit of size
        with tenant(organization_id, actor=self.user.pk):
            self.organization = self._organization(organization_id, right)
            response = self.finalize_response(request, handler(request, *args, **kwargs), *args, **kwargs)
            response.render()
            self._log_reads()
        return response

    def _organization(self, organization_id: UUID, right: str) -> Organization:
        """A token outlives its owner's membership; the membership decides."""
        found = Organization.objects.filter(
            pk=organization_id, memberships__user=self.user, memberships__is_deleted=False
        ).first()
        if found is None:
            raise NotAllowed(right)
        return found

    def shows(self, patient_ids: Iterable[UUID]) -> None:
        self.patient_ids.update(dict.fromkeys(patient_ids))

    def _log_reads(self) -> None:
        if self.patient_ids:
            what = f"api.{type(self).__module__.split('.')[0]}.{type(self).__name__}"
            ReadLog.objects.create(what=what[:60], patient_ids=[str(each) for each in self.patient_ids])

    def get_throttles(self) -> list[BaseThrottle]:
        self.rates = super().get_throttles()
        return self.rates

    def finalize_response(self, request: Request, response: Response, *args: Any, **kwargs: Any) -> Response:
        for rate in self.rates:
            if isinstance(rate, RequestRate):
                self.headers.update(rate.headers())
        return super().finalize_response(request, response, *args, **kwargs)
