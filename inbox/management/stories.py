"""What people said to the demo's brands this morning, turn by turn, and what the colleagues thought of it.

A turn is (minutes ago, who speaks, words); "us" is the brand. The first turn of a comment is the post it stands under.
"""

from __future__ import annotations

from typing import Any

STORIES: tuple[dict[str, Any], ...] = (
    {
        "brand": "noordtreinen", "way": "mention", "owner": "agent", "kind": "complaint", "feeling": "negative",
        "labels": ["toegankelijkheid"],
        "person": {"username": "jandevries", "name": "Jan de Vries", "followers": 12_418, "location": "Meerhuizen",
                   "bio": "Vader, fietser, forens. Mantelzorger en dat is geen hobby."},
        "turns": (
            (126, "them", "@noordtreinen wéér een defecte lift op station Meerhuizen, de derde dag op rij. Mijn moeder zit in een rolstoel en komt het perron niet op. Wanneer is dit nou eens klaar?"),
            (109, "us", "@jandevries Dat is heel vervelend voor jou en je moeder, Jan. De storing is bekend, we zoeken uit hoe lang het nog duurt. ^TK"),
            (41, "them", "@noordtreinen en tot die tijd? Mijn moeder moet donderdag om 9:15 in het ziekenhuis zijn. Moeten we dan maar thuisblijven?"),
        ),
        "notes": (("tess", "@anna Stations zegt: monteur morgen om 8:00, klaar rond 12:00. Tot dan rijdt er een gratis taxi vanaf Meerhuizen, te boeken via ons."),),
        "about": ("bram", "Reist elke donderdag met zijn moeder (rolstoel). Belt liever niet, kan altijd een DM krijgen."),
        "draft": "Nee, niet thuisblijven! Tot de lift het doet rijdt er een gratis taxi vanaf Meerhuizen, ook donderdag. Stuur ons een DM met je reistijd, dan regelen wij hem.",
        "shared": 12,
    },
    {
        "brand": "noordtreinen", "way": "direct", "owner": "agent", "kind": "question", "feeling": "neutral",
        "labels": ["geld terug"],
        "person": {"username": "fatima_ea", "name": "Fatima El Amrani", "followers": 320, "location": "Oudezijl", "bio": "Docent, lezer, altijd te vroeg."},
        "turns": (
            (74, "them", "Hoi! Mijn geld terug voor de vertraging van 3 november is nog niet gestort, en het formulier zegt alleen 'in behandeling'. De bijlage zat er toch bij?"),
            (61, "us", "Hoi Fatima, dat zoek ik voor je uit. Wat is het nummer van je aanvraag? ^BW"),
            (22, "them", "NT-90417. Het gaat om € 21,40, niet de wereld, maar dit is de derde keer dat ik het vraag."),
        ),
        "notes": (("bram", "@anna haar bijlage stond bij de verkeerde aanvraag. Ik heb hem gekoppeld, betaling gaat vanavond mee."),),
    },
    {
        "brand": "noordtreinen", "way": "mention", "owner": None, "kind": "complaint", "feeling": "neutral", "labels": ["app en site"],
        "person": {"username": "reizigersnoord", "name": "Reizigers Noord", "followers": 48_300, "location": "Waterdam", "bio": "Vereniging van treinreizigers in het noorden. Sinds 1987."},
        "turns": ((24, "them", "Herkent iemand dit? De schermen in Waterdam lopen tien minuten achter op de werkelijkheid, ook vandaag weer. @noordtreinen is dit bekend bij jullie?"),),
        "shared": 31,
    },
    {
        "brand": "noordtreinen", "way": "messenger", "owner": "agent", "kind": "question", "feeling": "", "labels": ["toegankelijkheid"],
        "person": {"name": "Joost van der Meulen-Hoekstra"},
        "turns": (
            (52, "them", "Goedemorgen, kan ik zaterdag assistentie krijgen op Waterdam? Mijn vrouw loopt met een rollator."),
            (47, "us", "Goedemorgen Joost, dat kan! Met welke trein kom je aan, en waar gaan jullie heen? ^AV"),
            (16, "them", "Die van 10:12, we gaan door naar Oudezijl. Kunnen we daar ook iemand treffen?"),
        ),
    },
    {
        "brand": "noordtreinen", "way": "mention", "owner": "daan", "team": "Storingen", "kind": "complaint", "feeling": "negative", "labels": ["vertraging"],
        "person": {"username": "sannetje_050", "name": "Sanne", "followers": 210, "location": "Meerhuizen", "bio": "Leest op het perron."},
        "turns": ((19, "them", "Drie kwartier stil bij de brug en niemand die iets omroept @noordtreinen. Buiten is het mooi, dat wel."),),
        "notes": (("daan", "Brug ging niet dicht, monteur is er. @mo verwacht weer treinen om half tien."),),
        "shared": 4,
    },
    {
        "brand": "noordtreinen", "way": "mention", "owner": "agent", "kind": "compliment", "feeling": "positive", "labels": ["personeel"],
        "person": {"username": "tomhiemstra", "name": "Tom Hiemstra", "followers": 140, "location": "Waterdam", "bio": "Meester van groep 7."},
        "turns": ((13, "them", "Complimenten voor conductrice Ilse in de trein van 7:42 @noordtreinen. Loodste een hele schoolklas rustig de bus in 👏"),),
    },
    {
        "brand": "noordtreinen", "way": "mention", "owner": None, "kind": "question", "feeling": "", "labels": [],
        "person": {"username": "hannah_on_rails", "name": "Hannah Whitfield", "followers": 2_260, "location": "Leeds", "bio": "Slow travel, fast coffee."},
        "turns": ((9, "them", "@noordtreinen hello! I'm visiting Waterdam this weekend with two bikes and a toddler. Do we need a ticket for the bikes (or for the toddler)?"),),
    },
    {
        "brand": "noordtreinen", "way": "mention", "owner": "agent", "kind": "question", "feeling": "", "labels": ["geld terug"],
        "person": {"username": "wilma_k", "name": "Wilhelmina Kloosterman", "followers": 64, "location": "Meerhuizen", "bio": "Oma van zes."},
        "turns": ((87, "them", "@noordtreinen ik heb per ongeluk een dagkaart voor gisteren gekocht, kan ik die nog ruilen?"),),
        "answer": "Hoi Wilhelmina, dat kan binnen 48 uur bij de servicebalie, of in de app onder Mijn reizen.",
        "regretted": True,
    },
    {
        "brand": "postvlot", "way": "messenger", "owner": "agent", "kind": "complaint", "feeling": "negative", "labels": ["bezorging"],
        "person": {"name": "Lotte Brandsma"},
        "turns": (
            (68, "them", "Mijn trouwjurk zou gisteren komen. De bruiloft is zaterdag. Kunnen jullie kijken waar hij is? 3SPVL9914402"),
            (58, "us", "Hoi Lotte, dat is spannend! Ik bel nu met het depot, je hoort vandaag van ons. ^AV"),
            (21, "them", "Is er al nieuws? Ik zit hier op hete kolen..."),
        ),
        "notes": (("emily", "@anna het depot in Meerhuizen heeft hem gevonden, gaat vanmiddag mee met de extra rit. Bezorgt tussen 15 en 17 uur."),),
        "about": ("tess", "Trouwt zaterdag. Feliciteren mag!"),
    },
    {
        "brand": "postvlot", "way": "mention", "owner": None, "kind": "complaint", "feeling": "negative", "labels": ["bezorging"],
        "person": {"username": "kees_vanderwal", "name": "Kees van der Wal", "followers": 77, "location": "Oudezijl", "bio": ""},
        "turns": ((27, "them", "@postvlot mijn pakket is volgens de app 'bezorgd bij de buren'. Ik woon vrijstaand. De dichtstbijzijnde buren zijn koeien."),),
        "shared": 18,
    },
    {
        "brand": "postvlot", "way": "direct", "owner": "emily", "kind": "question", "feeling": "neutral", "labels": [],
        "person": {"username": "carla_moves", "name": "Carla Mendes", "followers": 150, "location": "Waterdam", "bio": "New here. Learning Dutch, ate all the stroopwafels."},
        "turns": (
            (33, "them", "Hi! I moved last week. Can you send parcel 3SPVL6610981 to my new address, or do I have to pick it up?"),
            (29, "us", "Hi Carla, we can! Please send us your new postcode and house number here, in private. ^EC"),
            (11, "them", "Great: 2405 KL, number 18. Will it still come today?"),
        ),
    },
)  # fmt: skip
