from django.urls import path

from tradingpartners import views
from tradingpartners.setup import partner_views, payer_views, route_views

_PARTNER = "trading-partners/<uuid:partner_id>/"

urlpatterns = [
    path("events/", views.event_stream, name="events"),
    path("trading-partners/", partner_views.partners, name="partners"),
    path("trading-partners/new/", partner_views.new_partner, name="new-partner"),
    path(_PARTNER, partner_views.partner, name="partner"),
    path(f"{_PARTNER}connection/", partner_views.save_connection, name="save-connection"),
    path(f"{_PARTNER}limits/", partner_views.save_limits, name="save-limits"),
    path(f"{_PARTNER}files/", partner_views.save_files, name="save-files"),
    path(f"{_PARTNER}identity/", partner_views.save_identity, name="save-identity"),
    path(f"{_PARTNER}try/", partner_views.try_partner, name="try-partner"),
    path(f"{_PARTNER}try/result/", partner_views.test_result, name="test-result"),
    path(f"{_PARTNER}pause/", partner_views.pause_partner, name="pause-partner"),
    path(f"{_PARTNER}resume/", partner_views.resume_partner, name="resume-partner"),
    path(f"{_PARTNER}poller/", partner_views.switch_poller, name="switch-poller"),
    path(f"{_PARTNER}routes/", route_views.add_route, name="add-route"),
    path(f"{_PARTNER}routes/listed/", route_views.add_listed_routes, name="add-listed-routes"),
    path(f"{_PARTNER}routes/<uuid:route_id>/remove/", route_views.remove_route, name="remove-route"),
    path(f"{_PARTNER}routes/<uuid:route_id>/", route_views.change_route, name="change-route"),
    path(
        f"{_PARTNER}enrolments/<uuid:enrolment_id>/remove/",
        route_views.remove_enrolment,
        name="remove-enrolment",
    ),
    path(f"{_PARTNER}enrolments/", route_views.add_enrolment, name="add-enrolment"),
    path("payers/", payer_views.payers, name="payers"),
    path("payers/identities/", payer_views.identities, name="identities"),
    path("payers/identities/add/", payer_views.add_identity, name="add-identity"),
    path("payers/identities/<uuid:identity_id>/remove/", payer_views.remove_identity, name="remove-identity"),
    path("payers/<uuid:payer_id>/", payer_views.payer, name="payer"),
    path("payers/<uuid:payer_id>/pause/", payer_views.pause_payer, name="pause-payer"),
    path("payers/<uuid:payer_id>/resume/", payer_views.resume_payer, name="resume-payer"),
]
