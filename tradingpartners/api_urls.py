from django.urls import path

from tradingpartners import api

_PARTNER = "trading-partners/<uuid:partner_id>"
_PAYER = "payers/<uuid:payer_id>"

urlpatterns = [
    path("trading-partners", api.Partners.as_view(), name="api-partners"),
    path(_PARTNER, api.Partner.as_view(), name="api-partner"),
    path(f"{_PARTNER}/pause", api.PausePartner.as_view(), name="api-partner-pause"),
    path(f"{_PARTNER}/resume", api.ResumePartner.as_view(), name="api-partner-resume"),
    path(f"{_PARTNER}/test", api.TryPartner.as_view(), name="api-partner-test"),
    path("payers", api.Payers.as_view(), name="api-payers"),
    path(f"{_PAYER}/why", api.PayerFindings.as_view(), name="api-payer-why"),
    path(f"{_PAYER}/pause", api.PausePayer.as_view(), name="api-payer-pause"),
    path(f"{_PAYER}/resume", api.ResumePayer.as_view(), name="api-payer-resume"),
    path("routes", api.Routes.as_view(), name="api-routes"),
    path("routes/<uuid:route_id>", api.RouteView.as_view(), name="api-route"),
    path("interchanges", api.Interchanges.as_view(), name="api-interchanges"),
    path("interchanges/<uuid:interchange_id>", api.InterchangeView.as_view(), name="api-interchange"),
    path("transactions", api.Transactions.as_view(), name="api-transactions"),
    path("transactions/replay", api.ReplayAll.as_view(), name="api-replay"),
    path("transactions/<uuid:transaction_id>", api.TransactionView.as_view(), name="api-transaction"),
    path("transactions/<uuid:transaction_id>/replay", api.ReplayOne.as_view(), name="api-replay-one"),
]
