from django.urls import path

from eligibility import views

urlpatterns = [
    path("", views.exceptions, name="desk"),
    path("eligibility/", views.eligibility_home, name="eligibility"),
    path("eligibility/exceptions/", views.exceptions, name="exceptions"),
    path("eligibility/exceptions/new/", views.new_exceptions, name="new-exceptions"),
    path("eligibility/exceptions/export/", views.export_exceptions, name="export-exceptions"),
    path("eligibility/exceptions/<uuid:case_id>/", views.exception, name="exception"),
    path("eligibility/exceptions/<uuid:case_id>/row/", views.exception_row, name="exception-row"),
    path("eligibility/exceptions/<uuid:case_id>/clear/", views.clear_exception, name="clear-exception"),
    path("eligibility/exceptions/<uuid:case_id>/reopen/", views.reopen_exception, name="reopen-exception"),
    path("eligibility/exceptions/<uuid:case_id>/check/", views.check_exception, name="check-exception"),
    path("patients/", views.patient_search, name="patient-search"),
    path("patients/<uuid:patient_id>/", views.patient, name="patient"),
    path(
        "patients/<uuid:patient_id>/coverages/<uuid:coverage_id>/member-id/",
        views.show_member_id,
        name="show-member-id",
    ),
    path(
        "patients/<uuid:patient_id>/coverages/<uuid:coverage_id>/check/",
        views.check_coverage,
        name="check-coverage",
    ),
]
