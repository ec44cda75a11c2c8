"""Who and what there is in the demo."""

from __future__ import annotations

from typing import Any

BRANDS: dict[str, dict[str, Any]] = {
    "NoordTreinen": {"slug": "noordtreinen", "language": "nl", "handoff_text": "We sturen je een privébericht."},
    "PostVlot": {
        "slug": "postvlot",
        "language": "nl",
        "handoff_text": "We sturen je een privébericht, tot zo!",
        "approve_trainees": True,
    },
}
BOTH = tuple(BRANDS)
TEAMS = ("Eerste lijn", "Storingen")
PEOPLE: tuple[dict[str, Any], ...] = (
    {"email": "agent@webcare.example", "name": "Anna Visser", "initials": "AV", "language": "nl", "role": "agent",
     "brands": BOTH, "teams": ["Eerste lijn"]},
    {"email": "lead@webcare.example", "name": "Bram de Wit", "initials": "BW", "language": "nl", "role": "lead",
     "brands": BOTH, "teams": ["Eerste lijn", "Storingen"]},
    {"email": "admin@webcare.example", "name": "Chantal Meijer", "initials": "CM", "language": "nl", "role": "admin",
     "brands": BOTH, "teams": []},
    {"email": "daan@webcare.example", "name": "Daan Bakker", "initials": "DB", "language": "nl", "role": "agent",
     "brands": ("NoordTreinen",), "teams": ["Storingen"]},
    {"email": "tess@webcare.example", "name": "Tess Koster", "initials": "TK", "language": "nl", "role": "agent",
     "brands": BOTH, "teams": ["Eerste lijn"]},
    {"email": "mo@webcare.example", "name": "Mo Vermeer", "initials": "MV", "language": "nl", "role": "agent",
     "brands": BOTH, "teams": ["Storingen"]},
    {"email": "sem@webcare.example", "name": "Sem Bos", "initials": "SB", "language": "nl", "role": "agent",
     "brands": BOTH, "teams": ["Eerste lijn"], "on_shift": False},
    {"email": "emily@webcare.example", "name": "Emily Carter", "initials": "EC", "language": "en", "role": "agent",
     "brands": ("PostVlot",), "teams": ["Eerste lijn"], "is_trainee": True},
)  # fmt: skip
LABELS = {
    "bezorging": ("blue", "Een pakket of brief is te laat, zoek of kapot"),
    "vertraging": ("orange", "Een trein rijdt later of niet"),
    "geld terug": ("green", "Vraagt om vergoeding"),
    "personeel": ("purple", "Over een medewerker"),
    "app en site": ("grey", "Iets werkt niet op het scherm"),
    "toegankelijkheid": ("yellow", "Lift, assistentie, rolstoel, kinderwagen"),
    "veiligheid": ("red", "Iemand kan gevaar lopen: meteen doorzetten"),
}
CLOSING_REASONS = {
    "no_answer_needed": ("Geen antwoord nodig", "No answer needed"),
    "answered_elsewhere": ("Elders beantwoord", "Answered elsewhere"),
    "not_about_us": ("Gaat niet over ons", "Not about us"),
    "spam": ("Spam", "Spam"),
    "abuse": ("Schelden of dreigen", "Abuse or threats"),
}
REPLIES = (
    ("dm", "nl", "Naar privé",
     "Hoi {name}, wat vervelend! Stuur je ons een privébericht met je postcode en huisnummer?"),
    ("dm", "en", "Move to private",
     "Hi {name}, sorry about this! Could you send us a direct message with your postcode and house number?"),
    ("vertraging", "nl", "Vertraging",
     "Hoi {name}, vervelend dat je moet wachten. Duurt het langer dan een half uur, dan kun je geld terugvragen."),
    ("vertraging", "en", "Delay",
     "Hi {name}, sorry to keep you waiting. After half an hour you can ask for your money back."),
    ("bedankt", "nl", "Bedankt", "Wat leuk om te horen, {name}! We geven het door aan de collega's."),
    ("bedankt", "en", "Thank you", "How nice to hear, {name}! We will pass it on to our colleagues."),
    ("uitzoeken", "nl", "We zoeken het uit", "Hoi {name}, we zoeken het uit en komen vandaag bij je terug."),
    ("uitzoeken", "en", "Looking into it", "Hi {name}, we are looking into it and will get back to you today."),
    ("geldterug", "nl", "Geld terug bij vertraging",
     "Hoi {name}, geld terug vraag je aan in de app onder Mijn reizen. Lukt het niet? Stuur ons een privébericht, dan helpen wij."),
    ("geldterug", "en", "Refund after a delay",
     "Hi {name}, you can ask for a refund in the app, under My journeys. Stuck? Send us a direct message and we will help."),
    ("pakketnummer", "nl", "Vraag om het pakketnummer", "Hoi {name}, we kijken meteen mee! Stuur je ons je pakketnummer in een privébericht?"),
    ("pakketnummer", "en", "Ask for the parcel number", "Hi {name}, let us have a look! Could you send us the parcel number in a direct message?"),
    ("excuses", "nl", "Excuses", "Hoi {name}, dit had niet mogen gebeuren. Sorry! We geven het door en zorgen dat er iemand naar kijkt."),
    ("excuses", "en", "Apologies", "Hi {name}, this should not have happened. Sorry! We pass it on and make sure somebody looks at it."),
)  # fmt: skip
VIEWS = (  # whose (None: the whole team's), name, list
    (None, "Klachten zonder eigenaar", "unassigned?kind=complaint"),
    (None, "Boze privéberichten", "all?feeling=negative&visibility=private"),
    ("agent", "Mijn complimenten", "mine?kind=compliment"),
)
TOPICS = {  # label -> words that ask for it
    "vertraging": r"trein|vertrag|minuten|stil|delay|train|perron",
    "bezorging": r"pakket|bezorg|parcel|doos|3spvl|buren|delivery",
    "geld terug": r"geld|boete|vergoed|betaal|€|refund|duurder",
    "personeel": r"conduct|machinist|bezorger|medewerker|balie|driver",
    "app en site": r"\bapp\b|site|scherm|qr|404",
    "toegankelijkheid": r"lift|rolstoel|rollator|kinderwagen|assistentie",
}
SEARCHES = {"noordtreinen": "noordtreinen -from:noordtreinen", "postvlot": "postvlot -from:postvlot"}
# What colleagues answer: fits a train as well as a parcel, whatever was asked exactly
ANSWERS = {
    "complaint": {
        "nl": ("Dat is balen, dit had anders gemoeten. Ik zoek uit wat er misging en kom er hier op terug.",
               "Begrijpelijk dat je hier genoeg van hebt. Stuur je ons even een DM? Dan los ik het met je op.",
               "Sorry, zo hoort het niet te gaan. Waar en hoe laat gebeurde dit? Dan kijk ik het na.",
               "Wachten zonder uitleg is het ergste. Ik vraag nu na wat er speelt, je hoort het zo hier.",
               "Vervelend om te lezen. Ik leg het meteen voor en laat je weten wat eruit komt."),
        "en": ("That should not have happened. I'm looking into it and will get back to you here.",
               "Sorry, this is not how it should go. Where and when was this? Then I'll look it up.",
               "I understand you've had enough of this. Could you send us a DM? Then we'll solve it together."),
    },
    "question": {
        "nl": ("Goede vraag! Ik zoek het voor je op en laat het je hier weten.",
               "Ik heb het nagevraagd: dat kan gewoon. Lukt het toch niet, laat het dan even weten.",
               "Dat regel je in de app. Kom je er niet uit? Stuur ons een DM, dan kijk ik mee.",
               "Dat verschilt per dag. Om welke dag gaat het? Dan zoek ik het voor je uit."),
        "en": ("Good question! I'll look it up and let you know here.",
               "You can arrange that in the app. Stuck? Send us a DM and I'll have a look with you.",
               "That differs from day to day. Which day is it about? Then I'll find out."),
    },
    "compliment": {
        "nl": ("Wat leuk om te lezen! Ik geef het door, daar wordt iemand heel blij van.",
               "Dankjewel, dat maakt onze dag goed 🙂",
               "Wat fijn dat je dit laat weten! Die gaat op het prikbord.",
               "Super om te horen. Dank je wel, namens het hele team!"),
        "en": ("Thank you, I'll pass it on. You made somebody's day.", "So nice to hear! This one goes on the notice board."),
    },
    "other": {
        "nl": ("Die houden we erin 😄", "Dank voor de tip, we kijken ernaar.", "Haha, goed gezien! Fijne dag nog.",
               "Dank je, we geven het door."),
        "en": ("Thanks for letting us know!", "Well spotted! Have a nice day."),
    },
}  # fmt: skip
