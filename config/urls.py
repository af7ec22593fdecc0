from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from config.api import Description, nothing_here
from tradingpartners.as2 import take

trading_partners = RedirectView.as_view(pattern_name="admin:tradingpartners_tradingpartner_changelist")

urlpatterns = [
    path("admin/trading-partners", trading_partners),
    path("admin/trading-partners/", trading_partners),
    path("admin/", admin.site.urls),
    path("as2/<uuid:partner_id>/", take, name="as2"),
    path("", include("practice.urls")),
    path("", include("tradingpartners.urls")),
    path("", include("eligibility.urls")),
    path("eligibility/sweeps/", include("sweeps.urls")),
    path("api/v1/openapi.json", Description.as_view(), name="api-description"),
    path("api/v1/", include("practice.api_urls")),
    path("api/v1/", include("tradingpartners.api_urls")),
    path("api/v1/", include("sweeps.api_urls")),
    path("api/<path:rest>", nothing_here),  # stays behind all that begin with api/
]
