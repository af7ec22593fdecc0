"""Payer directories, for operators: read one, look at what it changes, apply what is chosen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from practice.admin_site import EvidenceAdmin
from practice.tenancy import inside
from tradingpartners import tasks
from tradingpartners.bells import ring
from tradingpartners.messages.directories import DirectoryError, DirectoryFault
from tradingpartners.models import DirectoryImport, Payer, TradingPartner, TransportLog
from tradingpartners.services import directory
from tradingpartners.transports.registry import DIRECTORIES
from tradingpartners.words import explain

MOST_SHOWN = 500
LARGEST_FILE = 20 * 1024 * 1024

CHANGES = {
    "new": "New there",
    "renamed": "Has another name now",
    "support": "Answers otherwise now",
    "back": "Is listed again",
    "gone": "Is no longer listed",
    "details": "Other details",
    "same": "As it was",
}
FAULTS = {
    DirectoryFault.NOT_READABLE: "This file cannot be read in the form you chose.",
    DirectoryFault.EMPTY: "There is no payer in this file.",
    DirectoryFault.TOO_LARGE: "This file holds more payers than any directory does.",
    DirectoryFault.HEADER_MISSING: "A column is missing",
    DirectoryFault.VALUE_MISSING: "A value is missing",
    DirectoryFault.VALUE_UNKNOWN: "A value is not one we know",
    DirectoryFault.TOO_LONG: "A value is too long",
    DirectoryFault.REPEATED: "A payer is listed twice",
    DirectoryFault.UNKNOWN_CHOICE: "This can no longer be chosen; read the directory again",
    DirectoryFault.DROPPED: "This preview was dropped.",
    DirectoryFault.OUTDATED: "A newer directory was applied since: read it again.",
}


MOST_ASKED = 5


def last_asked() -> list[tuple[TransportLog, str]]:
    """Directories this practice's connections asked for, newest first, with what came of it in words."""
    if not inside():
        return []
    logged = (
        TransportLog.objects.filter(event="payers").select_related("partner").defer("partner__credentials")
    )
    return [(each, _came_of(each.error)) for each in logged.order_by("-id")[:MOST_ASKED]]


def _came_of(error: str) -> str:
    if not error:
        return "Read."
    family, _, fault = error.partition(":")
    return FAULTS[DirectoryFault(fault)] if family == "directory" else " ".join(explain(error)).strip()


def in_words(error: DirectoryError) -> str:
    place = ", ".join(
        part
        for part in (f"payer {error.row}" if error.row else "", error.field and f"“{error.field}”")
        if part
    )
    words = FAULTS[error.fault]
    return f"{words.rstrip('.')}: {place}." if place else f"{words.rstrip('.')}."


class ReadForm(forms.Form):
    """A file a clearinghouse gave out, or its interface asked with a connection's credentials."""

    clearinghouse = forms.CharField(max_length=50, help_text="As connections call it, e.g. Stedi.")
    form = forms.ChoiceField(
        label="The file is",
        choices=[
            ("csv", "CSV (identifier, name, eligibility, aliases)"),
            ("stedi", "Stedi's JSON"),
            ("availity", "Availity's JSON"),
        ],
    )
    file = forms.FileField(required=False, max_length=200)
    partner = forms.ModelChoiceField(
        queryset=TradingPartner.objects.none(),
        required=False,
        label="Or ask through",
        help_text="A connection of the chosen practice whose clearinghouse has a directory.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        mine = TradingPartner.objects.filter(transport__in=DIRECTORIES).defer("credentials").order_by("name")
        self.fields["partner"].queryset = mine  # type: ignore[attr-defined]
        self.fields["partner"].label_from_instance = lambda each: each.name  # type: ignore[attr-defined]
        self.fields["clearinghouse"].required = False

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        file = given.get("file")
        if bool(file) == bool(given.get("partner")):
            raise forms.ValidationError("Choose a file, or a connection to ask through.")
        if file and file.size > LARGEST_FILE:
            self.add_error("file", "No directory is that large.")
        if file and not given.get("clearinghouse"):
            self.add_error("clearinghouse", "Say whose directory this is.")
        return given


def _rows_of(found: DirectoryImport, change: str) -> tuple[list[dict[str, Any]], int]:
    """The rows a person may look at, those with a payer here first, and how many there are of the kind.

    Of what is as it was only those without a payer are shown: one may still be made of them.
    """
    rows = [each for each in found.entries if each["change"] == change]
    shown = [each for each in rows if not each["payer"]] if change in {"same", "details"} else rows
    shown.sort(key=lambda each: not (each["payer"] or each["suggested"]))
    return shown[:MOST_SHOWN], len(rows)


def _name_suggested(groups: Iterable[tuple[str, str, list[dict[str, Any]], int]]) -> None:
    """Say which payers are meant by the rows that only suggest one."""
    unsure = [each for _, _, rows, _ in groups for each in rows if each["suggested"] and not each["payer"]]
    payers = Payer.objects.filter(pk__in={each["suggested"] for each in unsure})
    names = {str(pk): name for pk, name in payers.values_list("pk", "name")} if unsure else {}
    for each in unsure:
        each["suggested_name"] = names.get(each["suggested"], "")


@admin.register(DirectoryImport)
class DirectoryImportAdmin(EvidenceAdmin):
    list_display = ("clearinghouse", "read_at", "read_by", "state", "applied_at")
    list_select_related = ("read_by",)
    change_list_template = "admin/directory_list.html"
    exclude = ("entries",)

    def get_urls(self) -> list[URLPattern]:
        site = self.admin_site.admin_view
        own = [
            path("read/", site(self.read), name="read-directory"),
            path("<uuid:import_id>/preview/", site(self.preview), name="preview-directory"),
            path("<uuid:import_id>/apply/", site(self.apply), name="apply-directory"),
            path("<uuid:import_id>/drop/", site(self.drop), name="drop-directory"),
        ]
        return [*own, *super().get_urls()]

    def _is_operator(self, request: HttpRequest) -> bool:
        return bool(getattr(request.user, "is_superuser", False))

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        asked = last_asked() if self._is_operator(request) else []
        return super().changelist_view(request, {**(extra_context or {}), "asked": asked})

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:preview-directory", args=[object_id]))

    def read(self, request: HttpRequest) -> HttpResponse:
        """Read a directory into a preview."""
        if not self._is_operator(request):
            return HttpResponse(status=403)
        form = ReadForm(request.POST or None, request.FILES or None)
        if request.method == "POST" and form.is_valid():
            return self._read(request, form.cleaned_data, form)
        return self._form(request, form)

    def _form(self, request: HttpRequest, form: ReadForm) -> HttpResponse:
        context = {**self.admin_site.each_context(request), "form": form, "title": "Read a payer directory"}
        status = 422 if form.errors else 200
        return TemplateResponse(request, "admin/directory_read.html", context, status=status)

    def _read(self, request: HttpRequest, given: Mapping[str, Any], form: ReadForm) -> HttpResponse:
        partner = given["partner"]
        if partner is not None:
            ring(tasks.fetch_directory_task, partner.organization_id, partner.pk, request.user.pk)
            messages.success(
                request, "We are asking for the directory: reload in a moment, what came is told here."
            )
            return HttpResponseRedirect(reverse("admin:tradingpartners_directoryimport_changelist"))
        try:
            found = directory.read_directory(
                given["clearinghouse"],
                given["file"].read(),
                form=given["form"],
                read_by=request.user,  # type: ignore[arg-type]  # an operator is signed in
            )
        except DirectoryError as error:
            form.add_error("file", in_words(error))
            return self._form(request, form)
        return HttpResponseRedirect(reverse("admin:preview-directory", args=[found.pk]))

    def preview(self, request: HttpRequest, import_id: UUID) -> HttpResponse:
        """What it changes, and what an operator may choose of it."""
        if not self._is_operator(request):
            return HttpResponse(status=403)
        found = get_object_or_404(DirectoryImport, pk=import_id)
        groups = [(change, words, *_rows_of(found, change)) for change, words in CHANGES.items()]
        _name_suggested(groups)
        context = {
            **self.admin_site.each_context(request),
            "title": f"{found.clearinghouse}: payer directory",
            "found": found,
            "most": MOST_SHOWN,
            "groups": [group for group in groups if group[-1]],
        }
        return TemplateResponse(request, "admin/directory_preview.html", context)

    def apply(self, request: HttpRequest, import_id: UUID) -> HttpResponse:
        if not self._is_operator(request) or request.method != "POST":
            return HttpResponse(status=403)
        found = get_object_or_404(DirectoryImport, pk=import_id)
        create = request.POST.getlist("create")
        if "create_all" in request.POST:
            create = [
                each["identifier"]
                for each in found.entries
                if each["change"] != "gone" and not each["payer"] and not each["suggested"]
            ]
        links = {
            each["identifier"]: UUID(each["suggested"])
            for each in found.entries
            if each["identifier"] in set(request.POST.getlist("link")) and each.get("suggested")
        }
        try:
            directory.apply_import(
                found.pk,
                create=[each for each in create if each not in links],
                rename=request.POST.getlist("rename"),
                link=links,
            )
        except DirectoryError as error:
            messages.error(request, in_words(error))
        else:
            messages.success(request, "Applied: the listings are as the directory has them.")
        return HttpResponseRedirect(reverse("admin:preview-directory", args=[found.pk]))

    def drop(self, request: HttpRequest, import_id: UUID) -> HttpResponse:
        if not self._is_operator(request) or request.method != "POST":
            return HttpResponse(status=403)
        directory.drop_import(get_object_or_404(DirectoryImport, pk=import_id).pk)
        messages.success(request, "Dropped: nothing was changed.")
        return HttpResponseRedirect(reverse("admin:tradingpartners_directoryimport_changelist"))
