from django.contrib.auth.views import LogoutView
from django.urls import path

from practice import alert_views, views

urlpatterns = [
    path("sign-in/", views.SignIn.as_view(), name="sign-in"),
    path("sign-out/", LogoutView.as_view(), name="sign-out"),
    path("organization/", views.choose_organization, name="organization"),
    path("alerts/", alert_views.alert_list, name="alerts"),
    path("alerts/count/", alert_views.alert_count, name="alert-count"),
    path("alerts/channels/", alert_views.channels, name="alert-channels"),
    path("alerts/channels/add/", alert_views.add_channel, name="add-alert-channel"),
    path(
        "alerts/channels/<uuid:channel_id>/remove/", alert_views.remove_channel, name="remove-alert-channel"
    ),
    path("alerts/<uuid:alert_id>/", alert_views.alert, name="alert"),
    path("alerts/<uuid:alert_id>/acknowledge/", alert_views.acknowledge, name="acknowledge-alert"),
    path("alerts/<uuid:alert_id>/reopen/", alert_views.reopen, name="reopen-alert"),
    path("alerts/<uuid:alert_id>/resolve/", alert_views.resolve, name="resolve-alert"),
    path("alerts/<uuid:alert_id>/owner/", alert_views.give, name="give-alert"),
]
