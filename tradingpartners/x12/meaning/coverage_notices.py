"""What an answer says beside active or inactive, and a person should know before the visit.

Each notice is a code and the segments that say it; words are made elsewhere.
"""

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import NamedTuple

from tradingpartners.x12.meaning.coverage_status import speaks_of_plan
from tradingpartners.x12.meaning.periods import Period, stated_periods, union
from tradingpartners.x12.meaning.referrals import referral_required
from tradingpartners.x12.parties import RelatedEntity
from tradingpartners.x12.ts271.values import Answer, Benefit

_OTHER_PAYER = "R"
_PRIMARY_CARE_PROVIDER = "L"
# NM101 of 2120: a payer by its turn, then payers whose turn is not stated.
_TURNS = {"PRP": 1, "SEP": 2, "TTP": 3}
_PAYERS = (*_TURNS, "PR", "2B", "GP")
_P3 = "P3"
_PREMIUM_PAID_UNTIL = "343"


class NoticeCode(StrEnum):
    """Why an answer wants a second look."""

    # EB01 of what decided.
    PENDING_INVESTIGATION = "pending_investigation"
    PENDING_UPDATE = "pending_update"
    CAPITATED = "capitated"
    OUT_OF_NETWORK_ONLY = "out_of_network_only"
    # EB01 of other EBs for the service type asked about.
    OTHER_PAYER_FIRST = "other_payer_first"
    OTHER_PAYER = "other_payer"
    SERVICE_NOT_COVERED = "service_not_covered"
    SERVICE_NOT_PROCESSED = "service_not_processed"
    CONTACT_ANOTHER = "contact_another"
    RESTRICTED_TO_PROVIDER = "restricted_to_provider"
    SECOND_OPINION_REQUIRED = "second_opinion_required"
    SPEND_DOWN = "spend_down"
    CARD_REPORTED_LOST = "card_reported_lost"
    # EB11 and MSG.
    AUTHORIZATION_REQUIRED = "authorization_required"
    AUTHORIZATION_REQUIRED_OUT_OF_NETWORK = "authorization_required_out_of_network"
    REFERRAL_REQUIRED = "referral_required"
    # The person.
    ANSWERED_AS_SUBSCRIBER = "answered_as_subscriber"
    ANSWERED_AS_DEPENDENT = "answered_as_dependent"
    IDENTIFIERS_CHANGED = "identifiers_changed"
    REJECTED_IN_PART = "rejected_in_part"
    PREMIUM_PAID_UNTIL_EARLIER = "premium_paid_until_earlier"
    # The dates of what decided.
    DATES_UNREADABLE = "dates_unreadable"
    INACTIVE_WITHIN_STATED_PERIOD = "inactive_within_stated_period"


class Notice(NamedTuple):
    """A code and the numbers of the segments that say it; none where the answer as a whole does."""

    code: NoticeCode
    segment_numbers: tuple[int, ...] = ()


class OtherPayer(NamedTuple):
    """EB*R: another payer this person has."""

    # 2120, if the payer named it.
    entity: RelatedEntity | None
    # 1 primary, 2 secondary, 3 tertiary; None where it is not stated.
    turn: int | None
    period: Period
    segment_number: int

    @property
    def name(self) -> str:
        """The payer's; a person may stand there too, who is not named by it."""
        party = self.entity.party if self.entity else None
        return party.last_name if party and party.entity in _PAYERS and not party.first_name else ""

    @property
    def may_be_first(self) -> bool:
        """Only a payer named as second or third certainly is not."""
        return self.turn in (None, 1)


class Surroundings(NamedTuple):
    """The EBs around a decision: of the service type asked about, not over on the days asked about."""

    benefits: tuple[Benefit, ...]
    service_type: str | None
    asked: Period | None


_BY_DECIDING_CODE = {
    "2": NoticeCode.CAPITATED,
    "3": NoticeCode.CAPITATED,
    "4": NoticeCode.CAPITATED,
    "5": NoticeCode.PENDING_INVESTIGATION,
    "7": NoticeCode.PENDING_UPDATE,
    "8": NoticeCode.PENDING_INVESTIGATION,
}
_BY_CODE = {
    "I": NoticeCode.SERVICE_NOT_COVERED,
    "V": NoticeCode.SERVICE_NOT_PROCESSED,
    "U": NoticeCode.CONTACT_ANOTHER,
    "N": NoticeCode.RESTRICTED_TO_PROVIDER,
    "Q": NoticeCode.SECOND_OPINION_REQUIRED,
    "T": NoticeCode.CARD_REPORTED_LOST,
    "Y": NoticeCode.SPEND_DOWN,
}


def surroundings(answer: Answer, service_type: str | None, asked: Period | None) -> Surroundings:
    """What of an answer a decision about these days has to look at."""
    current = [
        benefit
        for benefit in answer.benefits
        if asked is None or not benefit.dates or stated_periods(benefit.dates).overlapping(asked)
    ]
    return Surroundings(tuple(current), service_type, asked)


def deciding_notices(deciding: Iterable[Benefit]) -> list[Notice]:
    """What the EBs that decided say besides."""
    decided = list(deciding)
    notices = _collected([(_BY_DECIDING_CODE.get(b.code), b.segment_number) for b in decided])
    if decided and all(benefit.in_network == "N" for benefit in decided):
        numbers = tuple([benefit.segment_number for benefit in decided])
        notices.append(Notice(NoticeCode.OUT_OF_NETWORK_ONLY, numbers))
    return notices


def benefit_notices(around: Surroundings) -> list[Notice]:
    """What other EBs say of the service type asked about, or of the plan."""
    spoken = [(_BY_CODE.get(b.code), b.segment_number) for b in around.benefits if _is_about(b, around)]
    return [*_collected(spoken), *_authorization_notices(around), *_referral_notices(around)]


def payer_notices(payers: Iterable[OtherPayer]) -> list[Notice]:
    """One notice for those that may be first, one for those that are not."""
    codes = [
        (NoticeCode.OTHER_PAYER_FIRST if p.may_be_first else NoticeCode.OTHER_PAYER, p.segment_number)
        for p in payers
    ]
    return _collected(codes)


def person_notices(answer: Answer, asked: Period | None, about_dependent: bool | None) -> list[Notice]:
    """What is said of the person; `about_dependent`: whether the question was put in a 2000D."""
    notices = []
    if about_dependent is not None and about_dependent != answer.is_dependent:
        code = NoticeCode.ANSWERED_AS_SUBSCRIBER if about_dependent else NoticeCode.ANSWERED_AS_DEPENDENT
        notices.append(Notice(code, (answer.segment_number,)))
    if answer.other_identifiers_changed:
        notices.append(Notice(NoticeCode.IDENTIFIERS_CHANGED, (answer.segment_number,)))
    if answer.rejections and answer.benefits:
        numbers = tuple([rejection.segment_number for rejection in answer.rejections])
        notices.append(Notice(NoticeCode.REJECTED_IN_PART, numbers))
    paid_until = [each.begin for each in answer.dates if each.qualifier == _PREMIUM_PAID_UNTIL]
    if asked and any(Period(None, day).is_before(asked.end) for day in paid_until):
        notices.append(Notice(NoticeCode.PREMIUM_PAID_UNTIL_EARLIER, (answer.segment_number,)))
    return notices


def other_payers(around: Surroundings) -> tuple[OtherPayer, ...]:
    """The EB*R that concern the service type asked about, in the order of the answer."""
    return tuple(
        [
            _other_payer(benefit)
            for benefit in around.benefits
            if benefit.code == _OTHER_PAYER and _is_about(benefit, around)
        ]
    )


def primary_care_provider(benefits: Sequence[Benefit]) -> RelatedEntity | None:
    """Whom EB*L, else any 2120, names as such."""
    stated = [entity for b in benefits if b.code == _PRIMARY_CARE_PROVIDER for entity in b.entities]
    named = [entity for b in benefits for entity in b.entities if entity.party.entity == _P3]
    marked = [entity for entity in stated if entity.party.entity == _P3]
    return next(iter([*marked, *stated, *named]), None)


def authorization_required(around: Surroundings) -> bool | None:
    """EB11 for the service type asked about; None where it is not stated, or U: the payer cannot say."""
    said = {benefit.authorization_required for benefit in _saying_of_authorization(around)}
    return True if "Y" in said else False if "N" in said else None


def _is_about(benefit: Benefit, around: Surroundings) -> bool:
    if around.service_type is None or speaks_of_plan(benefit):
        return True
    return around.service_type in benefit.service_types


def _collected(spoken: Iterable[tuple[NoticeCode | None, int]]) -> list[Notice]:
    """One notice a code, with all its segments, in the order of the first."""
    numbers: dict[NoticeCode, list[int]] = {}
    for code, number in spoken:
        if code is not None:
            numbers.setdefault(code, []).append(number)
    return [Notice(code, tuple(found)) for code, found in numbers.items()]


def _saying_of_authorization(around: Surroundings) -> list[Benefit]:
    """EBs with EB11 that name the type asked about, else those for the plan.

    What is said of a procedure says nothing of other procedures; what holds out of network only
    counts where nothing is said of the rest.
    """
    said = [b for b in around.benefits if b.authorization_required in ("Y", "N") and b.procedure is None]
    named = [b for b in said if around.service_type in b.service_types]
    speaking = named or [b for b in said if around.service_type is None or speaks_of_plan(b)]
    return [b for b in speaking if b.in_network != "N"] or speaking


def _authorization_notices(around: Surroundings) -> list[Notice]:
    needing = [b for b in _saying_of_authorization(around) if b.authorization_required == "Y"]
    if not needing:
        return []
    outside = all(benefit.in_network == "N" for benefit in needing)
    code = NoticeCode.AUTHORIZATION_REQUIRED_OUT_OF_NETWORK if outside else NoticeCode.AUTHORIZATION_REQUIRED
    return [Notice(code, tuple([benefit.segment_number for benefit in needing]))]


def _referral_notices(around: Surroundings) -> list[Notice]:
    numbers = [
        benefit.segment_number
        for benefit in around.benefits
        if _is_about(benefit, around) and benefit.procedure is None and referral_required(benefit.messages)
    ]
    return [Notice(NoticeCode.REFERRAL_REQUIRED, tuple(numbers))] if numbers else []


def _other_payer(benefit: Benefit) -> OtherPayer:
    entity = min(
        (each for each in benefit.entities if each.party.entity in _PAYERS),
        key=lambda each: _PAYERS.index(each.party.entity),
        default=next(iter(benefit.entities), None),
    )
    turn = _TURNS.get(entity.party.entity) if entity else None
    period = union(stated_periods(benefit.dates).periods) if benefit.dates else Period()
    return OtherPayer(entity, turn, period, benefit.segment_number)
