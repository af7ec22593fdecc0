"""The payer directory of a Stedi-shaped clearinghouse: list, search, one payer, and CSV."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from tradingpartners.simulator.payers import Payer

TRANSACTIONS = (
    "eligibilityCheck", "claimStatus", "claimSubmission", "professionalClaimSubmission",
    "institutionalClaimSubmission", "claimPayment", "dentalClaimSubmission", "coordinationOfBenefits",
    "unsolicitedClaimAttachment",
)  # fmt: skip
SUPPORTED, NOT_SUPPORTED = "SUPPORTED", "NOT_SUPPORTED"
ENROLMENT_REQUIRED, EITHER = "ENROLLMENT_REQUIRED", "EITHER"
CLOSE_ENOUGH = 0.45


@dataclass(frozen=True)
class Listed:
    """A payer under the ids a client may name it by."""

    payer: Payer
    stedi_id: str
    aliases: tuple[str, ...]

    @property
    def ids(self) -> set[str]:
        return {self.payer.payer_id, self.stedi_id, *self.aliases}

    @property
    def support(self) -> dict[str, str]:
        yes = {"eligibilityCheck", "claimStatus", "professionalClaimSubmission", "claimSubmission"}
        support = {name: SUPPORTED if name in yes else NOT_SUPPORTED for name in TRANSACTIONS}
        return {**support, "claimPayment": ENROLMENT_REQUIRED}

    def to_json(self) -> dict[str, Any]:
        return {
            "stediId": self.stedi_id,
            "displayName": self.payer.name,
            "conciseName": self.payer.name.split()[0],
            "primaryPayerId": self.payer.payer_id,
            "aliases": list(self.aliases),
            "names": [],
            "coverageTypes": ["medical"],
            "operatingStates": ["IL", "NJ", "NY"],
            "transactionSupport": self.support,
        }


class Directory:
    def __init__(self, payers: Iterable[Payer]) -> None:
        self.listed = [Listed(payer, stedi_id(payer.key), (payer.key,)) for payer in payers]
        self.by_id = {each_id: each for each in self.listed for each_id in each.ids}

    @property
    def filters(self) -> Sequence[str]:
        """The names a search may be narrowed by."""
        return TRANSACTIONS

    def find(self, payer_id: str) -> Listed | None:
        """By primary id, Stedi id or alias."""
        return self.by_id.get(payer_id)

    def by_stedi_id(self, wanted: str) -> Listed | None:
        return next((each for each in self.listed if each.stedi_id == wanted), None)

    def search(self, query: str, filters: Mapping[str, str]) -> list[dict[str, Any]]:
        """Best first. Without a query every payer the filters let through."""
        hits = [
            (likeness(query, each), each)
            for each in self.listed
            if all(supports(each.support[name], wanted) for name, wanted in filters.items())
        ]
        kept = [hit for hit in hits if not query or hit[0] >= CLOSE_ENOUGH]
        kept.sort(key=lambda hit: (-hit[0], hit[1].payer.name))
        return [
            {"payer": each.to_json(), "score": round(score * 10, 2), "matches": marked(query, each)}
            for score, each in kept
        ]

    def csv(self) -> str:
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\r\n")
        writer.writerow(["StediId", "DisplayName", "PrimaryPayerId", "Aliases", "EligibilityInquiry"])
        for each in self.listed:
            row = [each.stedi_id, each.payer.name, each.payer.payer_id, "|".join(each.aliases)]
            writer.writerow([*row, each.support["eligibilityCheck"]])
        return out.getvalue()


def stedi_id(key: str) -> str:
    """Five capital letters."""
    letters = "".join(mark for mark in key.upper() if mark.isalpha())
    return f"{letters}XXXXX"[:5]


def supports(support: str, wanted: str) -> bool:
    return support == wanted or (wanted == EITHER and support != NOT_SUPPORTED)


def likeness(query: str, each: Listed) -> float:
    """1 is the same; a name that contains the query is near."""
    asked = query.casefold().strip()
    names = [each.payer.name, *each.ids]
    if not asked or asked in {name.casefold() for name in names}:
        return 1.0
    if any(asked in name.casefold() for name in names):
        return 0.9
    words = [word for name in names for word in name.split()] + names
    return max(SequenceMatcher(None, asked, word.casefold()).ratio() for word in words)


def marked(query: str, each: Listed) -> dict[str, Any]:
    """Where the query stands in the name, between bold marks."""
    name, asked = each.payer.name, query.casefold().strip()
    at = name.casefold().find(asked)
    if not asked or at < 0:
        return {}
    end = at + len(asked)
    return {"displayName": f"{name[:at]}<b>{name[at:end]}</b>{name[end:]}"}
