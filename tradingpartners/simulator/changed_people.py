"""One person as a payer may have come to know them: another name, another number, a policy of their own."""

from collections.abc import Callable
from dataclasses import replace

from tradingpartners.simulator.dice import dice
from tradingpartners.simulator.identities import LAST
from tradingpartners.simulator.scenarios import Fault
from tradingpartners.simulator.verdicts import Found, Verdict


def change_identifiers(verdict: Verdict, fault: Fault) -> Verdict:
    """The same person, changed in the way the fault names, and marked as changed unless it says not."""
    if not isinstance(verdict, Found):
        return verdict
    change = CHANGES.get(fault.text("change"), new_name_and_id)
    return replace(change(verdict, fault), changed_id=bool(fault.parameters["marked"]))


def married_name(verdict: Found, fault: Fault) -> Found:
    person = verdict.member.person
    names = [name for name in LAST if name != person.last_name]
    return named(verdict, last_name=names[fault.drawn % len(names)])


def hyphen(verdict: Found, fault: Fault) -> Found:
    last = verdict.member.person.last_name
    return named(verdict, last_name=f"{last}-Marlowe")


def suffix(verdict: Found, fault: Fault) -> Found:
    return named(verdict, last_name=f"{verdict.member.person.last_name} Jr")


def new_id(verdict: Found, fault: Fault) -> Found:
    chance = dice("new id", fault.drawn, verdict.member.member_id)
    drawn = "".join(chance.choice("0123456789") if x.isdigit() else x for x in verdict.member.member_id)
    return replace(verdict, member=replace(verdict.member, member_id=drawn))


def new_name_and_id(verdict: Found, fault: Fault) -> Found:
    return new_id(hyphen(verdict, fault), fault)


def as_subscriber(verdict: Found, fault: Fault) -> Found:
    """A dependent who now has a policy, or a number, of their own."""
    if verdict.dependent is None:
        return verdict
    member = replace(verdict.member, person=verdict.dependent.person, dependents=())
    question = replace(verdict.question, dependent=None)
    return replace(verdict, question=question, member=member, dependent=None)


def named(verdict: Found, *, last_name: str) -> Found:
    """The patient, and who they are insured through, under another last name."""
    dependent = verdict.dependent
    if dependent is not None:
        dependent = replace(dependent, person=replace(dependent.person, last_name=last_name))
    person = replace(verdict.member.person, last_name=last_name)
    return replace(verdict, member=replace(verdict.member, person=person), dependent=dependent)


CHANGES: dict[str, Callable[[Found, Fault], Found]] = {
    "name_and_id": new_name_and_id,
    "married_name": married_name,
    "new_id": new_id,
    "hyphen": hyphen,
    "suffix": suffix,
    "dependent_as_subscriber": as_subscriber,
}
