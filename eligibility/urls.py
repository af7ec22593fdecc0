from django.urls import path

from eligibility import views
from eligibility.transactions import deed_views as deed
from eligibility.transactions import views as wire

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
    path("transactions/", wire.transactions, name="transactions"),
    path("transactions/export/", wire.export, name="export-transactions"),
    path("transactions/find/", wire.find_number, name="find-transaction"),
    path("transactions/replay/", deed.replay_many, name="replay-transactions"),
    path("transactions/unanswered/", wire.orphans, name="orphans"),
    path("transactions/decisions/", wire.for_people, name="transactions-for-people"),
    path("transactions/files/<uuid:interchange_id>/", wire.interchange, name="interchange"),
    path("transactions/deliveries/<uuid:delivery_id>/", wire.delivery, name="delivery"),
    path("transactions/deliveries/<uuid:delivery_id>/raw/", wire.download_delivery, name="download-delivery"),
    path("transactions/deliveries/<uuid:delivery_id>/reread/", deed.reread, name="reread-delivery"),
    path("transactions/deliveries/<uuid:delivery_id>/release/", deed.release, name="release-delivery"),
    path("transactions/deliveries/<uuid:delivery_id>/settle/", deed.settle, name="settle-delivery"),
    path("transactions/deliveries/<uuid:delivery_id>/drop/", deed.drop, name="drop-delivery"),
    path("transactions/files/<uuid:interchange_id>/accept/", deed.accept_file, name="accept-file"),
    path("transactions/files/<uuid:interchange_id>/drop/", deed.drop_file, name="drop-file"),
    path("transactions/files/<uuid:interchange_id>/release/", deed.release_file, name="release-file"),
    path("transactions/<uuid:transaction_id>/", wire.transaction, name="transaction"),
    path("transactions/<uuid:transaction_id>/raw/", wire.show_raw, name="raw-transaction"),
    path("transactions/<uuid:transaction_id>/redacted/", wire.copy_redacted, name="copy-redacted"),
    path("transactions/<uuid:transaction_id>/reading/", wire.read_today, name="read-today"),
    path("transactions/<uuid:transaction_id>/download/", wire.download_raw, name="download-transaction"),
    path("transactions/<uuid:transaction_id>/replay/", deed.replay_one, name="replay-transaction"),
    path("transactions/<uuid:transaction_id>/dismiss/", deed.dismiss, name="dismiss-transaction"),
    path("transactions/<uuid:transaction_id>/match/<uuid:attempt_id>/", deed.match, name="match-transaction"),
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
