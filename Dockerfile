# One image, every program: `docker compose` says which. Packages are checked against their hashes; no secret is in it.
FROM debian:bookworm-slim AS build
RUN apt-get update && apt-get install -y --no-install-recommends python3 python3-venv && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY bin bin
COPY requirements requirements
RUN bin/setup run

FROM debian:bookworm-slim
RUN apt-get update && apt-get install -y --no-install-recommends python3 ca-certificates \
 && rm -rf /var/lib/apt/lists/* && useradd --uid 10001 --create-home webcare \
 && mkdir -p /data/files /data/static && chown -R webcare:webcare /data
WORKDIR /app
COPY --from=build /app/.venv .venv
COPY manage.py babel.cfg ./
COPY connectors connectors
COPY inbox inbox
COPY locale locale
COPY static static
COPY templates templates
COPY webcare webcare
RUN .venv/bin/python -m webcare.messages --compile \
 && .venv/bin/python -m compileall -q connectors inbox webcare
USER webcare
ENV HOST=0.0.0.0 PORT=8000 VAR_DIR=/data PYTHONUNBUFFERED=1
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s CMD [".venv/bin/python", "-c", \
  "import urllib.request as u; u.urlopen(u.Request('http://127.0.0.1:8000/healthz', headers={'Host': 'localhost'}), timeout=4)"]
ENTRYPOINT [".venv/bin/python", "-m", "webcare"]
CMD ["web"]
