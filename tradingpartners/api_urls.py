from django.urls import path

from tradingpartners import api_asking, api_partners, api_payers, api_wire

_PARTNER = "trading-partners/<uuid:partner_id>"
_PAYER = "payers/<uuid:payer_id>"

urlpatterns = [
    path("trading-partners", api_partners.Partners.as_view(), name="api-partners"),
    path(_PARTNER, api_partners.Partner.as_view(), name="api-partner"),
    path(f"{_PARTNER}/pause", api_partners.PausePartner.as_view(), name="api-partner-pause"),
    path(f"{_PARTNER}/resume", api_partners.ResumePartner.as_view(), name="api-partner-resume"),
    path(f"{_PARTNER}/poller/pause", api_partners.PausePoller.as_view(), name="api-poller-pause"),
    path(f"{_PARTNER}/poller/resume", api_partners.ResumePoller.as_view(), name="api-poller-resume"),
    path(f"{_PARTNER}/test", api_partners.TryPartner.as_view(), name="api-partner-test"),
    path("payers", api_payers.Payers.as_view(), name="api-payers"),
    path(f"{_PAYER}/why", api_payers.PayerFindings.as_view(), name="api-payer-why"),
    path(f"{_PAYER}/pause", api_payers.PausePayer.as_view(), name="api-payer-pause"),
    path(f"{_PAYER}/resume", api_payers.ResumePayer.as_view(), name="api-payer-resume"),
    path("routes", api_payers.Routes.as_view(), name="api-routes"),
    path("routes/<uuid:route_id>", api_payers.RouteView.as_view(), name="api-route"),
    path("enrolments", api_asking.Enrolments.as_view(), name="api-enrolments"),
    path("enrolments/<uuid:enrolment_id>", api_asking.EnrolmentView.as_view(), name="api-enrolment"),
    path("provider-identities", api_asking.Identities.as_view(), name="api-identities"),
    path("provider-identities/<uuid:identity_id>", api_asking.IdentityView.as_view(), name="api-identity"),
    path("interchanges", api_wire.Interchanges.as_view(), name="api-interchanges"),
    path("interchanges/<uuid:interchange_id>", api_wire.InterchangeView.as_view(), name="api-interchange"),
    path("transactions", api_wire.Transactions.as_view(), name="api-transactions"),
    path("transactions/replay", api_wire.ReplayAll.as_view(), name="api-replay"),
    path("transactions/<uuid:transaction_id>", api_wire.TransactionView.as_view(), name="api-transaction"),
    path("transactions/<uuid:transaction_id>/replay", api_wire.ReplayOne.as_view(), name="api-replay-one"),
]
