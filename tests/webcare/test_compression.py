"""Pages are compressed for whoever takes it, and their length tells nothing."""

from __future__ import annotations

import gzip

import pytest

from tests import builders

pytestmark = pytest.mark.django_db


@pytest.fixture
def page(client):
    brand = builders.brand()
    client.force_login(builders.agent(brand))
    return lambda **headers: client.get(f"/inbox/{brand.slug}/all/", headers=headers)


def test_a_page_is_compressed_and_the_same(page):
    plain, packed = page(), page(**{"Accept-Encoding": "br, gzip"})
    assert "Content-Encoding" not in plain.headers
    assert "Accept-Encoding" in plain.headers["Vary"]
    assert packed.headers["Content-Encoding"] == "gzip"
    assert int(packed.headers["Content-Length"]) == len(packed.content) < len(plain.content) / 3
    assert gzip.decompress(packed.content).decode().count("<li") == plain.content.decode().count("<li")


def test_the_length_of_a_page_differs_every_time(page):
    assert len({len(page(**{"Accept-Encoding": "gzip"}).content) for _ in range(20)}) > 3


def test_what_is_short_stays_as_it_is(client):
    assert "Content-Encoding" not in client.get("/healthz", headers={"Accept-Encoding": "gzip"}).headers
