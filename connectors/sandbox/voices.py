"""Words for the stories: what the brands post and answer, and how people say one thing in many ways."""

from __future__ import annotations

import random

# Of data/messages.jsonl, those that a traveller or somebody waiting for a parcel could say
FITTING = frozenset(
    """m001 m003 m005 m006 m009 m010 m013 m020 m023 m028 m030 m031 m033 m038 m043 m047 m051 m053 m055 m058 m059 m062 m065
    m071 m073 m081 m087 m093 m098 m099 m103 m104 m111 m113 m117 m118 m119 m120 m122 m124 m126 m133 m134 m137 m140 m142 m150
    m158 m165 m166 m177 m178 m184 m188 m199 m201 m205 m208 m212 m216 m218 m219 m225 m226 m228 m229 m232 m233 m236
    m240""".split()  # noqa: SIM905 - ids read as a text
)
PAGE_POSTS = (
    (
        "NoordTreinen",
        "Goedemorgen! Vandaag rijden we volgens plan, op één traject na: tussen Meerhuizen en Oudezijl zetten we bussen in.",
    ),
    ("PostVlot", "Drukke dagen voor de deur. Onze bezorgers rijden deze week ook 's avonds tot 22.00 uur."),
    (
        "NoordTreinen",
        "Nieuw: vanaf december rijdt de eerste trein naar Waterdam een half uur eerder. Wie zien we op het perron?",
    ),
    ("NoordTreinen", "Werkzaamheden in het weekend: plan je reis opnieuw, ook als je hem uit je hoofd kent."),
    ("PostVlot", "Niet thuis? Kies in de app zelf een buur, een afhaalpunt of een andere dag."),
    ("NoordTreinen", "Gevonden: 1 linkerschoen, 3 paraplu's en een cello. Van wie is de cello?"),
    ("PostVlot", "Elektrisch bezorgen in Waterdam: sinds vandaag rijdt de hele binnenstad op stroom."),
)
OUR_REPLIES = {
    "complaint": {
        "nl": ("Dat is balen, dit had anders gemoeten. Ik zoek uit wat er misging en kom er hier op terug. ^SB",
               "Vervelend, zo kom je niet waar je wezen moet. In welke trein zat je? Dan kijk ik het na. ^TK",
               "Begrijpelijk dat je hier genoeg van hebt. Stuur je ons even een DM? Dan los ik het met je op. ^MV"),
        "en": ("That should not have happened. I'm looking into it and will get back to you here. ^SB",),
    },
    "question": {
        "nl": ("Goede vraag! Ja, dat kan, tot een uur voor vertrek. ^TK", "Ik heb het even nagevraagd: morgen rijden we weer gewoon. ^MV",
               "Dat regel je in de app onder 'Mijn reizen'. Lukt het niet, laat het weten. ^SB"),
        "en": ("Yes, that works until one hour before departure. ^TK",),
    },
    "compliment": {
        "nl": ("Wat leuk om te lezen! Ik geef het door, daar wordt iemand heel blij van. ^SB", "Dankjewel, dat maakt onze dag goed 🚆 ^TK"),
        "en": ("Thank you, I'll pass it on. You made somebody's day. ^MV",),
    },
    "other": {
        "nl": ("Die houden we erin 😄 ^TK", "Dank voor de tip, we kijken ernaar. ^SB"),
        "en": ("Thanks for letting us know! ^SB",),
    },
}  # fmt: skip
THANKS = ("Top, dank je wel!", "Dankjewel voor het snelle antwoord 👍", "Oké, thanks", "Super, opgelost!", "Fijn, bedankt.",
          "Thanks, that helps!", "Kijk, daar heb ik wat aan. Dank!")  # fmt: skip
FOLLOW_UPS = ("En hoe lang gaat dat duren dan?", "Ja maar dat had ik al geprobeerd...", "Krijg ik dan ook mijn geld terug?",
              "Dat zeiden jullie vorige week ook.", "Waar vind ik dat precies?", "And what about the refund?", "Oké, en morgenochtend?")  # fmt: skip
COMPLAINT = (
    "@noordtreinen mijn moeder (82, rollator) is vanavond op perron 3 in Waterdam achtergelaten terwijl de assistentie geboekt was. "
    "Twee uur in de kou. Hoe kan dit??"
)
OPENERS = ("@noordtreinen", "@noordtreinen alweer?!", "Hé @noordtreinen,", "@noordtreinen serieus", "Beste @noordtreinen,",
           "@noordtreinen help", "Lekker dan @noordtreinen", "Zucht @noordtreinen")  # fmt: skip
FACTS = ("geen treinen tussen Waterdam en Oudezijl", "alles staat stil bij Waterdam", "mijn trein naar Oudezijl rijdt niet",
         "al {m} minuten stil in het weiland voor Oudezijl", "het bord op Waterdam staat vol rode kruizen", "bovenleiding kapot bij Waterdam?",
         "de 17:{m} naar Oudezijl is gewoon verdwenen", "niemand hier op perron {p} weet iets", "geen enkele trein richting Oudezijl")  # fmt: skip
ASKS = ("wanneer rijdt er weer iets?", "komen er bussen?", "hoe kom ik thuis?", "kan iemand iets omroepen?", "hoe lang nog?",
        "Mijn dochter zit alleen op het station.", "Ik mis mijn examen.", "Krijg ik dit vergoed?", "Lekker, met dit weer.", "")  # fmt: skip
ENGLISH = ("@noordtreinen no trains at all from Waterdam to Oudezijl, any idea when it will be fixed?",
           "@noordtreinen stuck for {m} minutes just outside Waterdam. No announcements. What is going on?",
           "@noordtreinen are there replacement buses to Oudezijl? Platform {p} is packed.")  # fmt: skip


def disruption_text(dice: random.Random, index: int) -> tuple[str, str]:
    """The same news in somebody's own words, and its language."""
    numbers = {"m": dice.randrange(12, 59), "p": dice.randrange(1, 9)}
    if dice.random() < 0.12:
        return dice.choice(ENGLISH).format(**numbers), "en"
    words = f"{dice.choice(OPENERS)} {dice.choice(FACTS)} {dice.choice(ASKS)}".format(**numbers).strip()
    return (words if index % 5 else words.upper().replace("@NOORDTREINEN", "@noordtreinen")), "nl"
