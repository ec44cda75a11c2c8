# Webcare. `make help` says what there is.
.DEFAULT_GOAL := help
.PHONY: help run test setup lock check format messages bench faults screenshots
PY := .venv/bin/python
unexport PYTHONDONTWRITEBYTECODE

help: ## this list
	@echo "make TARGET:"
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  \1|\2/p' Makefile | awk -F'|' '{printf "%-15s%s\n", $$1, $$2}'

run: ## start everything, with demo data, at http://localhost:8000 (PORT=, DATABASE_URL=, REDIS_URL=, RESET=1)
	@bin/setup run && exec $(PY) -m webcare.run

test: ## run every test, in a real browser too; installs what they need
	@bin/setup dev && bin/chromium && exec $(PY) -m pytest

setup: ## only make the virtual environment, with the development tools
	@bin/setup dev

lock: setup ## pin all dependencies of pyproject.toml, with hashes (UPGRADE=name for a newer one)
	$(PY) -m uv pip compile --quiet pyproject.toml --python-version 3.11 --generate-hashes -o requirements/run.txt \
	  $(if $(UPGRADE),--upgrade-package $(UPGRADE))
	$(PY) -m uv pip compile --quiet pyproject.toml --extra dev --python-version 3.11 --generate-hashes \
	  -c requirements/run.txt -o requirements/dev.txt $(if $(UPGRADE),--upgrade-package $(UPGRADE))

check: setup ## format, lint, types, imports, templates, migrations, translations, deployment settings
	@exec $(PY) -m webcare.checking

format: setup ## put the code in its format, and mend what the linter can mend
	$(PY) -m ruff format . && $(PY) -m ruff check --fix .

messages: setup ## collect the texts for the translators, and compile what they made of them
	@exec $(PY) -m webcare.messages

bench: setup ## measure; figures also go to var/bench/NAME.json (ONLY=name for one)
	@exec $(PY) -m tests.benchmarks $(ONLY)

faults: setup ## break things on purpose and count what was lost (SEED=n); figures also go to var/faults/NAME.json
	@$(PY) -m tests.faults --scenario ingest --seed $(or $(SEED),1); a=$$?; \
	  $(PY) -m tests.faults --scenario replies --seed $(or $(SEED),1); b=$$?; exit $$((a || b))

screenshots: setup ## pictures of the screen in both languages, themes and three widths, in var/shots
	@bin/chromium && exec $(PY) -m pytest tests/journeys/pictures.py -q
