"""Who waits for an answer: a person, or the night."""

from django.db import models


class Lane(models.TextChoices):
    LIVE = "live"
    BATCH = "batch"
