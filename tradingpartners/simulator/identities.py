"""Invented people, numbers and places; telephone numbers are the ones kept for fiction."""

from datetime import date, timedelta
from random import Random

from tradingpartners.simulator.members import Address, Benefits, Person, PrimaryCare

FEMALE = (
    "Abigail", "Amara", "Beatriz", "Carmen", "Chloe", "Delia", "Edith", "Elena", "Farah", "Grace",
    "Hana", "Imani", "Ingrid", "Joan", "Keiko", "Leila", "Lucia", "Maeve", "Nadia", "Olive",
    "Priya", "Renata", "Rosa", "Sofia", "Tamara", "Uma", "Vera", "Willa", "Yara", "Zoe",
)  # fmt: skip
MALE = (
    "Aaron", "Anton", "Bashir", "Caleb", "Diego", "Elias", "Emil", "Felix", "Gareth", "Hugo",
    "Ian", "Jamal", "Jonas", "Kofi", "Leon", "Luis", "Marek", "Mateo", "Nikhil", "Omar", "Oscar",
    "Pavel", "Quinn", "Rafael", "Samir", "Theo", "Tomas", "Victor", "Wesley", "Yusuf",
)  # fmt: skip
LAST = (
    "Abbott", "Aldana", "Amador", "Ashby", "Barlow", "Becker", "Bianchi", "Boateng", "Bright",
    "Calloway", "Castellan", "Chaudhry", "Corbin", "Dalton", "Delacroix", "Dvorak", "Eastman",
    "Ekwueme", "Escobedo", "Fairbanks", "Farouk", "Fontaine", "Gallagher", "Greenfield",
    "Gutierrez", "Haddad", "Halloran", "Hashimoto", "Hollis", "Ibarra", "Ivanova", "Jankowski",
    "Jessup", "Kaplan", "Keating", "Kowalczyk", "Lachance", "Lindqvist", "Lombardi", "Mahoney",
    "Marchetti", "McAllister", "Mbeki", "Navarro", "Nakamura", "Norwood", "O'Brien", "O'Malley",
    "Okafor", "Ortega-Ruiz", "Pacheco", "Pendleton", "Petrov", "Quintero", "Raghavan", "Redmond",
    "Rosenthal", "Salazar", "Sandoval", "Schuster", "Smith-Jones", "Sorensen", "Tanaka",
    "Thornton", "Ulrich", "Valdez", "Vanterpool", "Wexford", "Whitaker", "Yamamoto", "Yilmaz",
    "Zamora", "Zielinski",
)  # fmt: skip
STREETS = (
    "Alder", "Birch", "Canal", "Depot", "Elm", "Foundry", "Garden", "Harbor", "Juniper", "Mill",
    "Orchard", "Quarry",
)  # fmt: skip
PLACES = (
    ("Fairhaven", "NY", "12540"),
    ("Millbrook", "NY", "12545"),
    ("Northgate", "NY", "12601"),
    ("Stony Ford", "NJ", "07460"),
    ("Cedar Falls", "IL", "60450"),
    ("West Landing", "IL", "60455"),
)


class Identities:
    """Draws what must not come twice: people, member ids, provider numbers."""

    def __init__(self, dice: Random, *, today: date) -> None:
        self.dice = dice
        self.today = today
        self.people: set[tuple[str, date]] = set()
        self.numbers: set[str] = set()

    def person(self, youngest: int, oldest: int, *, last_name: str = "", gender: str = "") -> Person:
        """Last name and birth date together stay unique: payers search by them."""
        gender = gender or self.dice.choice("FM")
        while True:
            last = last_name or self.dice.choice(LAST)
            born = self.today - timedelta(days=self.dice.randint(youngest * 366, oldest * 365 + oldest // 4))
            if (last, born) not in self.people:
                break
        self.people.add((last, born))
        first = self.dice.choice(FEMALE if gender == "F" else MALE)
        return Person(first_name=first, last_name=last, birth_date=born, gender=gender)

    def other_birth_date(self, person: Person) -> date:
        """A slip of the pen: another day or year that nobody of that name was born on."""
        while True:
            slip = self.dice.choice((1, 2, 3, 9, 10, 27, 365, 3652))
            born = person.birth_date - timedelta(days=slip)
            if (person.last_name, born) not in self.people:
                return born

    def number(self, pattern: str) -> str:
        """`pattern` with each # made a digit, unlike any number drawn before."""
        while True:
            drawn = "".join(self.dice.choice("0123456789") if x == "#" else x for x in pattern)
            if drawn not in self.numbers:
                self.numbers.add(drawn)
                return drawn

    def mistyped(self, number: str) -> str:
        """`number` with one digit wrong."""
        places = [at for at, mark in enumerate(number) if mark.isdigit()]
        while True:
            at = self.dice.choice(places)
            wrong = number[:at] + self.dice.choice("0123456789") + number[at + 1 :]
            if wrong not in self.numbers:
                self.numbers.add(wrong)
                return wrong

    def npi(self) -> str:
        """Ten digits, the last Luhn's check over 80840 and the rest; nobody's starts with 2 yet."""
        nine = self.number("2########")
        total = 0
        for place, mark in enumerate(reversed("80840" + nine)):
            doubled = int(mark) * (2 if place % 2 == 0 else 1)
            total += doubled // 10 + doubled % 10
        return nine + str(-total % 10)

    def phone(self) -> str:
        area = self.dice.choice(("212", "312", "518", "845"))
        return f"{area}55501{self.dice.randint(0, 99):02d}"

    def address(self) -> Address:
        city, state, postal_code = self.dice.choice(PLACES)
        street = f"{self.dice.randint(2, 980)} {self.dice.choice(STREETS)} St"
        return Address(street=street, city=city, state=state, postal_code=postal_code)

    def primary_care(self) -> PrimaryCare:
        first, last = self.dice.choice(FEMALE + MALE), self.dice.choice(LAST)
        return PrimaryCare(first_name=first, last_name=last, npi=self.npi(), phone=self.phone())

    def benefits(self, plan_type: str) -> Benefits:
        """Medicaid costs its members next to nothing; the others differ by chance."""
        public = plan_type == "Medicaid"
        pick = self.dice.choice
        deductible = 0 if public else pick((500, 1000, 1500, 2500, 6000))
        out_of_pocket = 0 if public else pick((3000, 4500, 6500, 8700))
        visits = pick((20, 30, 60))
        return Benefits(
            deductible=deductible,
            deductible_remaining=self.dice.randint(0, deductible),
            family_deductible=deductible * 2,
            family_deductible_remaining=self.dice.randint(deductible, deductible * 2),
            out_of_pocket=out_of_pocket,
            out_of_pocket_remaining=self.dice.randint(out_of_pocket // 2, out_of_pocket),
            copay_primary=0 if public else pick((15, 20, 25, 40)),
            copay_specialist=3 if public else pick((40, 50, 75)),
            copay_urgent=3 if public else pick((50, 60, 75)),
            copay_emergency=8 if public else pick((150, 250, 400)),
            coinsurance_in=0 if public else pick((10, 20, 30)),
            coinsurance_out=0 if public else pick((40, 50)),
            therapy_visits=visits,
            therapy_visits_remaining=self.dice.randint(0, visits),
        )
