from django.urls import path

from practice import alert_api

_ALERT = "alerts/<uuid:alert_id>"

urlpatterns = [
    path("alerts", alert_api.Alerts.as_view(), name="api-alerts"),
    path(_ALERT, alert_api.AlertView.as_view(), name="api-alert"),
    path(f"{_ALERT}/acknowledge", alert_api.AcknowledgeAlert.as_view(), name="api-alert-acknowledge"),
    path(f"{_ALERT}/reopen", alert_api.ReopenAlert.as_view(), name="api-alert-reopen"),
    path(f"{_ALERT}/resolve", alert_api.ResolveAlert.as_view(), name="api-alert-resolve"),
    path(f"{_ALERT}/owner", alert_api.GiveAlert.as_view(), name="api-alert-owner"),
]
