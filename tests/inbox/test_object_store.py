"""Pictures on an S3-compatible store, as the settings arrange it: kept there, served by us only, sent from there."""

from __future__ import annotations

from io import BytesIO

import pytest
import requests
from django.urls import reverse
from PIL import Image

from connectors.sandbox.process import SandboxProcess
from inbox.models import Attachment, Delivery, Thread
from tests import builders
from tests.browser import Program, free_port, session_of
from tests.connectors.sandbox_sdks import x_pictures
from tests.faults.replies_stage import until
from tests.inbox.object_store import BUCKET, KEY, SECRET, ObjectStore

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def store():
    with ObjectStore() as running:
        yield running


@pytest.fixture
def programs(store, tmp_path):
    """Our own programs with nothing but the settings of the store."""
    where = {"STORAGE_BUCKET": BUCKET, "STORAGE_ENDPOINT": store.url, "STORAGE_KEY": KEY, "STORAGE_SECRET": SECRET,
             "UNDO_SECONDS": "0", "WORKER_QUEUES": "replies"}  # fmt: skip
    running = []

    def start(name, **more):
        program = Program(name, tmp_path / f"{name}.log", **where, **more)
        running.append(program)
        return program

    yield start
    for program in running:
        program.stop()


@pytest.fixture
def web(programs):
    port = str(free_port())
    url = f"http://localhost:{port}"
    programs("web", PORT=port, PUBLIC_URL=url).wait_for(f"{url}/account/login/", seconds=90)
    return url


def browser_of(agent, url):
    session = requests.Session()
    session.cookies.set("sessionid", session_of(agent))
    session.get(f"{url}/preferences/")  # for the form's token
    session.headers["X-CSRFToken"] = session.cookies.get("csrftoken", "")
    return session


def picture():
    out = BytesIO()
    Image.new("RGB", (40, 30), "red").save(out, "PNG")
    return out.getvalue()


def test_a_picture_is_kept_there_shown_to_colleagues_only_sent_from_there_and_removed(store, programs, web):
    with SandboxProcess() as sandbox:
        told = sandbox.client.account("noordtreinen")
        account = builders.account(kind="x", external_id=told["external_id"], handle="noordtreinen",
                                   base_url=sandbox.url, credentials=told["credentials"])  # fmt: skip
        post = sandbox.client.x_post({"handle": "jan", "name": "Jan"}, "@noordtreinen kapot?")
        talk = builders.conversation(account, thread=Thread.objects.create(
            account=account, external_id=post["id"], visibility="public"))  # fmt: skip
        talk.messages.update(external_id=post["id"])
        agent = builders.agent(account.brand)
        anna = browser_of(agent, web)
        form = {"mode": "public", "text": "Zo ziet het eruit"}
        for name in ("a.png", "b.png"):
            answer = anna.post(
                f"{web}{reverse('upload', args=[talk.pk])}", data=form, files={"file": (name, picture())}
            )
            assert answer.ok
        first, second = Attachment.objects.order_by("pk")
        assert set(store.objects) == {first.file.name, second.file.name}
        assert {headers["x-amz-acl"] for headers in store.headers} == {"private"}

        away = {**form, "conversation": talk.pk, "take_away": "1"}
        anna.post(f"{web}{reverse('attachment_change', args=[second.pk])}", data=away)
        assert set(store.objects) == {first.file.name}

        shown = f"{web}{reverse('attachment', args=[first.pk])}"
        assert anna.get(shown, allow_redirects=False).content == store.objects[first.file.name][0]
        assert browser_of(builders.agent(builders.brand()), web).get(shown).status_code == 404
        assert requests.get(shown, allow_redirects=False, timeout=10).status_code == 302  # to the login
        assert requests.get(f"{store.url}/{BUCKET}/{first.file.name}", timeout=10).status_code == 403

        anna.post(f"{web}{reverse('reply', args=[talk.pk])}", data={**form, f"alt_{first.pk}": "Kapot"})
        store.down = True
        programs("worker")
        assert until(
            lambda: Delivery.objects.get().attempts > 0 and Delivery.objects.get().state == "pending", seconds=60
        )
        assert not sandbox.client.ledger("sent")  # it waits for its picture: nothing leaves without it
        store.down = False
        Delivery.objects.update(due_at=Delivery.objects.get().created_at)
        assert until(lambda: Delivery.objects.get().state == "sent", seconds=60)
        assert len(sandbox.client.ledger("sent")) == 1
        assert x_pictures(sandbox.url, told["credentials"], sandbox.client.ledger("sent")[0]["id"]) == ["Kapot"]
