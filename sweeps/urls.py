from django.urls import path

from sweeps import views

urlpatterns = [
    path("", views.sweeps, name="sweeps"),
    path("new/", views.new_sweep, name="new-sweep"),
    path("schedules/new/", views.new_schedule, name="new-schedule"),
    path("schedules/preview/", views.preview_schedule, name="preview-schedule"),
    path("schedules/<uuid:schedule_id>/", views.edit_schedule, name="edit-schedule"),
    path("schedules/<uuid:schedule_id>/pause/", views.pause, name="pause-schedule"),
    path("schedules/<uuid:schedule_id>/resume/", views.resume, name="resume-schedule"),
    path("<uuid:run_id>/", views.sweep, name="sweep"),
    path("<uuid:run_id>/cancel/", views.cancel_sweep, name="cancel-sweep"),
    path("<uuid:run_id>/export/", views.export_members, name="export-members"),
]
