from django.urls import path

from tradingpartners import views
from tradingpartners.setup import views as setup

_PARTNER = "trading-partners/<uuid:partner_id>/"

urlpatterns = [
    path("events/", views.event_stream, name="events"),
    path("trading-partners/", setup.partners, name="partners"),
    path("trading-partners/new/", setup.new_partner, name="new-partner"),
    path(_PARTNER, setup.partner, name="partner"),
    path(f"{_PARTNER}connection/", setup.save_connection, name="save-connection"),
    path(f"{_PARTNER}limits/", setup.save_limits, name="save-limits"),
    path(f"{_PARTNER}files/", setup.save_files, name="save-files"),
    path(f"{_PARTNER}identity/", setup.save_identity, name="save-identity"),
    path(f"{_PARTNER}try/", setup.try_partner, name="try-partner"),
    path(f"{_PARTNER}try/result/", setup.test_result, name="test-result"),
    path(f"{_PARTNER}pause/", setup.pause_partner, name="pause-partner"),
    path(f"{_PARTNER}resume/", setup.resume_partner, name="resume-partner"),
    path(f"{_PARTNER}poller/", setup.switch_poller, name="switch-poller"),
    path(f"{_PARTNER}routes/", setup.add_route, name="add-route"),
    path(f"{_PARTNER}routes/listed/", setup.add_listed_routes, name="add-listed-routes"),
    path(f"{_PARTNER}routes/<uuid:route_id>/remove/", setup.remove_route, name="remove-route"),
    path(f"{_PARTNER}enrolments/", setup.add_enrolment, name="add-enrolment"),
    path("payers/", setup.payers, name="payers"),
    path("payers/identities/", setup.identities, name="identities"),
    path("payers/identities/add/", setup.add_identity, name="add-identity"),
    path("payers/identities/<uuid:identity_id>/remove/", setup.remove_identity, name="remove-identity"),
    path("payers/<uuid:payer_id>/", setup.payer, name="payer"),
    path("payers/<uuid:payer_id>/pause/", setup.pause_payer, name="pause-payer"),
    path("payers/<uuid:payer_id>/resume/", setup.resume_payer, name="resume-payer"),
]
