"""A brand on a busy morning, for journeys and pictures."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone

from inbox.models import (
    Attachment,
    Brand,
    ClosingReason,
    ContactNote,
    Conversation,
    ConversationLabel,
    Label,
    MessageVersion,
    Note,
    Team,
)
from tests import builders

LINES = [
    ("Jan de Vries", "jandevries", "Wéér een defecte lift op station Assen, de derde dag op rij. Mijn moeder zit in een rolstoel en komt het perron niet op.", "complaint", "negative", 47, 12418, 12),
    ("Fatima El Amrani", "fatima_ea", "Weer geen zitplaats in de spits naar Zwolle. Ik betaal € 214,50 per maand om te staan.", "complaint", "negative", 41, 320, 0),
    ("Reizigers Noord", "reizigersnoord", "Herkent iemand dit? De schermen in Leeuwarden lopen tien minuten achter op de werkelijkheid.", "complaint", "neutral", 27, 48300, 0),
    ("Marieke Postma", "mariekep", "Mag mijn fiets ook mee in de vervangende bussen tussen Assen en Beilen?", "question", "neutral", 25, 88, 0),
    ("Sanne", "sannetje_050", "Drie kwartier stil bij Beilen en niemand die iets omroept. Fijne dinsdag #noordtreinen", "", "", 22, 210, 4),
    ("Arbeidsongeschiktheidsverzekeringskantoor Hoogeveen", "aov_hoogeveen", "Klopt het dat de meerpersoonsabonnementsvoorwaarden per 1 januari veranderen?", "question", "", 19, 930, 0),
    ("Tom Hiemstra", "tomhiemstra", "Complimenten voor conductrice Ilse in de trein van 7:42. Loodste een hele schoolklas rustig de bus in.", "compliment", "positive", 16, 140, 0),
    ("🚆", "treinfan", "Gewoon op tijd vandaag. Dat mag ook weleens gezegd worden.", "compliment", "positive", 9, 12, 0),
    ("ليلى حداد", "leila", "هل يمكنني استرداد ثمن التذكرة؟", "question", "", 8, 51, 0),
    ("<script>alert(1)</script>", "x\u200b\u200by", "<img src=x onerror=alert(1)> javascript:alert(1) https://example.com/a?b=1.", "", "", 5, 3, 0),
]  # fmt: skip


def busy_morning(**fields: Any) -> dict[str, Any]:
    """A brand with people, channels, labels and some conversations; the first is long and full of things."""
    brand: Brand = builders.brand(name="NoordTreinen", slug="noordtreinen")
    daan = builders.agent(brand, "admin", name="Daan Visser", initials="DV", email="daan@example.com", **fields)
    anna = builders.agent(brand, "agent", name="Anna Kuiper", initials="AK", email="anna@example.com")
    bram = builders.agent(brand, "lead", name="Bram Reitsma", initials="BR", email="bram@example.com")
    team = Team.objects.create(brand=brand, name="Stations")
    x = builders.account(brand, "x", handle="@noordtreinen", name="NoordTreinen")
    facebook = builders.account(brand, "facebook", handle="", name="NoordTreinen")
    labels = [Label.objects.create(brand=brand, name=n) for n in ("lift Assen", "storing", "restitutie", "app")]
    ClosingReason.objects.create(brand=brand, code="no-question", name_nl="Geen vraag gesteld", name_en="No question")
    ClosingReason.objects.create(brand=brand, code="spam", name_nl="Spam", name_en="Spam")
    made = [_conversation(x if n % 3 else facebook, line) for n, line in enumerate(LINES)]
    first = made[0]
    first.thread.text, first.thread.ours = "De lift op station Assen doet het weer. Excuses voor het ongemak.", True
    first.thread.save(update_fields=["text", "ours"])
    _talk(first, bram=bram, anna=anna, daan=daan)
    ConversationLabel.objects.create(conversation=first, label=labels[0], last_message_at=first.last_message_at)
    Conversation.objects.filter(pk=made[1].pk).update(assignee=bram)
    Conversation.objects.filter(pk=made[3].pk).update(visibility="private")
    return {"brand": brand, "daan": daan, "anna": anna, "bram": bram, "team": team, "x": x, "facebook": facebook,
            "labels": labels, "conversations": made}  # fmt: skip


def _conversation(account: Any, line: tuple[Any, ...]) -> Conversation:
    name, handle, text, kind, feeling, minutes, followers, growth = line
    who = builders.identity(
        account, name=name, handle=handle, followers=followers, bio="Forens, fietser.", place="Assen"
    )
    who.contact.name = name
    who.contact.save(update_fields=["name"])
    return builders.conversation(account, text, identity=who, kind=kind, feeling=feeling, reach=followers,
                                 growth=growth, at=timezone.now() - timedelta(minutes=minutes))  # fmt: skip


def _talk(first: Conversation, *, bram: Any, anna: Any, daan: Any) -> None:
    start = first.first_message_at
    opening = first.messages.get()
    MessageVersion.objects.create(message=opening, text="Wéér een defecte lift op Assen. Stelletje prutsers.",
                                  sent_at=start, replaced_at=start + timedelta(minutes=5))  # fmt: skip
    opening.edited_at = start + timedelta(minutes=5)
    opening.save(update_fields=["edited_at"])
    Attachment.objects.create(
        message=opening, kind="photo", url="https://localhost:1/kapot.jpg", alt_text="Liftdeur met een briefje: defect"
    )
    answer = builders.delivery(
        first,
        "Dat is heel vervelend voor jou en je moeder, Jan. De storing is bekend, we zoeken uit hoe lang het nog duurt. ^BR",
        state="sent",
    )
    answer.message.sent_at, answer.message.agent, answer.message.external_id = (
        start + timedelta(minutes=12),
        bram,
        "sent-1",
    )
    answer.message.save(update_fields=["sent_at", "agent", "external_id"])
    note = Note.objects.create(
        conversation=first,
        author=anna,
        text="@Daan Stations zegt: monteur morgen om 8:00, klaar rond 12:00. Tot dan rijdt er een gratis taxi vanaf Beilen.",
    )
    Note.objects.filter(pk=note.pk).update(created_at=start + timedelta(minutes=20))
    builders.message(
        first,
        "En tot die tijd? Mijn moeder moet donderdag om 9:15 in het ziekenhuis zijn. Moeten we dan maar thuisblijven?",
        sent_at=start + timedelta(minutes=21),
    )
    ContactNote.objects.create(contact=first.contact, author=anna, text="Reist vaak samen met zijn moeder (rolstoel).")
    from inbox.operations.assignments import claim

    claim(conversation_id=first.pk, agent=daan)
