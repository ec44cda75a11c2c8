"""The people of the sandbox: names, places, habits; some are on both platforms."""

from __future__ import annotations

import random
import re
import unicodedata
from typing import NamedTuple

from connectors.sandbox import publish
from connectors.sandbox.entities import FbActor, XUser
from connectors.sandbox.world import World

FIRST = [
    "Marieke",
    "Jan",
    "Fatima",
    "Sem",
    "Priya",
    "Joost",
    "Noor",
    "Daan",
    "Aylin",
    "Wout",
    "Lotte",
    "Youssef",
    "Femke",
    "Bram",
    "Sanne",
    "Kees",
    "Anouk",
    "Thijs",
    "Meryem",
    "Ruben",
    "Ilse",
    "Sjoerd",
    "Naomi",
    "Piet",
    "Chantal",
    "Mohamed",
    "Geertje",
    "Dirk",
    "Esra",
    "Koen",
    "Willemijn",
    "Abdel",
    "Tess",
    "Hein",
    "Jasmijn",
    "Rik",
    "Amber",
    "Olaf",
    "Zeynep",
    "Gijs",
    "Hanna",
    "Tom",
    "Emma",
    "Liam",
    "Sophie",
    "Jelle",
    "Ömer",
    "Renée",
    "Siôn",
    "Zoë",
]
LAST = [
    "Postma",
    "de Vries",
    "Bakker",
    "el Idrissi",
    "Jansen",
    "Okafor",
    "van den Berg",
    "Yılmaz",
    "Hoekstra",
    "Smit",
    "Dijkstra",
    "Visser",
    "Mulder",
    "Ali",
    "de Boer",
    "Meijer",
    "Peters",
    "Kaya",
    "Bos",
    "van Dijk",
    "Veenstra",
    "Chen",
    "Willems",
    "Kuipers",
    "Brouwer",
    "Sharma",
    "Wiersma",
    "Haan",
    "Schouten",
    "Çelik",
]
PLACES = (
    "Waterdam",
    "Oudezijl",
    "Meerhuizen",
    "Vlietkade",
    "Noorderhaven",
    "Assen",
    "",
    "",
    "NL",
    "tussen twee stations",
)
BIOS = ("Forens. Koffie. Mening.", "Moeder van drie, lerares, treinreiziger.", "Hier voor het nieuws.", "", "",
        "Opa, fietser, klaagt met liefde.", "Tweets in NL/EN. Views my own.", "Student in Waterdam", "journalist bij de krant")  # fmt: skip
PAGES = {"noordtreinen": "104612845290117", "postvlot": "104933178820442"}


class Person(NamedTuple):
    """Somebody with an account on each platform; the names match for some."""

    x_id: str
    fb_id: str


class Cast:
    """Who appears. Most come back; some are new."""

    def __init__(self, world: World, dice: random.Random) -> None:
        self.world, self.random = world, dice
        self.people: list[Person] = []

    def page(self, brand: str) -> str:
        """The id of a brand's Facebook Page."""
        return PAGES["postvlot" if brand.lower().startswith("postvlot") else "noordtreinen"]

    def somebody(self, *, new: bool = False) -> Person:
        """A person who was here before, or a new one."""
        if self.people and not new and self.random.random() < 0.45:
            return self.random.choice(self.people)
        person = self._make()
        self.people.append(person)
        return person

    def _make(self) -> Person:
        dice, name = self.random, self._name()
        same = dice.random() < 0.35  # the same person on both platforms, under the same name
        user, known = self._x_user(name), name if same else self._name()
        number = str(dice.randrange(4_000_000_000_000_000, 9_999_999_999_999_999))
        actor = self.world.add("actors", FbActor(number, known, anonymous=dice.random() < 0.15))
        return Person(user.id, actor.id)

    def _name(self) -> str:
        return f"{self.random.choice(FIRST)} {self.random.choice(LAST)}"

    def _x_user(self, name: str) -> XUser:
        dice = self.random
        plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
        handle = re.sub(r"\W", "", plain)[:11] + str(dice.randrange(10, 9999))
        while self.world.user_by_handle(handle):
            handle = handle[:11] + str(dice.randrange(1000, 9999))
        famous = dice.random() < 0.04
        details = {
            "username": handle, "name": name if dice.random() < 0.8 else name.partition(" ")[0] + dice.choice((" 🚆", "", " ☕")),
            "description": dice.choice(BIOS), "location": dice.choice(PLACES),
            "followers": dice.randrange(8_000, 240_000) if famous else int(dice.paretovariate(0.9) * 30) % 9000,
            "following": dice.randrange(20, 900), "posts": dice.randrange(3, 20_000), "dms_open": dice.random() < 0.7,
        }  # fmt: skip
        if famous:
            details.update(verified=True, verified_type="blue")
        return publish.x_user(self.world, details)
