from django.urls import path

from sweeps import api

urlpatterns = [
    path("eligibility/exceptions", api.Cases.as_view(), name="api-exceptions"),
    path("eligibility/sweeps", api.Sweeps.as_view(), name="api-sweeps"),
    path("eligibility/sweeps/<uuid:run_id>", api.Sweep.as_view(), name="api-sweep"),
    path("eligibility/sweeps/<uuid:run_id>/cancel", api.CancelSweep.as_view(), name="api-sweep-cancel"),
    path("eligibility/sweeps/<uuid:run_id>/members", api.Members.as_view(), name="api-sweep-members"),
    path(
        "eligibility/sweeps/<uuid:run_id>/exceptions", api.Exceptions.as_view(), name="api-sweep-exceptions"
    ),
]
