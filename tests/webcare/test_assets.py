"""Scripts go by names that change with their content, also where one imports another; pages name them all at once."""

from __future__ import annotations

import re

import pytest
from django.core.management import call_command
from django.test import override_settings

from tests import builders
from webcare.assets import Storage
from webcare.settings import BASE_DIR

IMPORTED = re.compile(r"""^import[^"']*["']\./([^"']+)["'];""", re.MULTILINE)


@pytest.fixture(scope="module")
def collected(tmp_path_factory):
    folder = tmp_path_factory.mktemp("static")
    storages = {"staticfiles": {"BACKEND": f"{Storage.__module__}.{Storage.__qualname__}"},
                "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"}}  # fmt: skip
    with override_settings(STATIC_ROOT=folder, STORAGES=storages):
        call_command("collectstatic", interactive=False, verbosity=0)
    return folder / "js"


def test_what_a_script_imports_changes_its_name_with_its_content(collected):
    sources = {path.name: IMPORTED.findall(path.read_text()) for path in (BASE_DIR / "static/js").glob("*.js")}
    assert len([name for names in sources.values() for name in names]) > 8
    for source, imported in sources.items():
        (made,) = collected.glob(f"{source.removesuffix('.js')}.{'?' * 12}.js")
        named = IMPORTED.findall(made.read_text())
        assert [re.sub(r"\.\w{12}\.js$", ".js", name) for name in named] == imported
        assert all((collected / name).is_file() for name in named), named


def reached(name):
    found = set(IMPORTED.findall((BASE_DIR / "static/js" / name).read_text()))
    return found.union(*(reached(one) for one in found))


@pytest.mark.django_db
def test_a_page_names_all_scripts_at_once(client):
    brand = builders.brand()
    client.force_login(builders.agent(brand))
    page = client.get(f"/inbox/{brand.slug}/all/").content.decode()
    started = re.findall(r'<script src="/static/js/(\w+\.js)" type="module"', page)
    preloaded = re.findall(r'<link rel="modulepreload" href="/static/js/(\w+\.js)">', page)
    assert set(started) == {"main.js", "composer.js"}
    assert sorted(preloaded) == sorted(set().union(*map(reached, started)) - set(started))
