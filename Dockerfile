FROM python:3.13-slim AS build
WORKDIR /app
COPY requirements.txt .
RUN python -m venv --without-pip /venv \
    && pip --python /venv/bin/python install --no-cache-dir --require-hashes -r requirements.txt
COPY . .
# DEBUG only for these commands: the settings need keys without it.
RUN DEBUG=on /venv/bin/python manage.py collectstatic --no-input --verbosity 0 \
    && /venv/bin/python -m whitenoise.compress --quiet static_collected \
    && /venv/bin/python -m compileall -q .

FROM python:3.13-slim
# nginx and pgbouncer are for services of compose.yaml that run from the same image.
# hadolint ignore=DL3008  # Debian's security fixes come by their own version numbers
RUN apt-get update \
    && apt-get install --yes --no-install-recommends nginx-light pgbouncer \
    && rm -rf /var/lib/apt/lists/*
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin cashman \
    && install --directory --owner cashman --group cashman /data
WORKDIR /app
COPY --from=build /venv /venv
COPY --from=build /app /app
# hadolint ignore=DL3064  # the paths of keys, not keys
ENV PATH=/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    DATABASE_URL=sqlite:////data/cashman.sqlite3 \
    SECRET_KEY_FILE=/data/secret_key \
    JWT_SIGNING_KEY_FILE=/data/jwt_signing_key \
    ALLOWED_HOSTS=localhost,127.0.0.1 \
    HOST=0.0.0.0
# A number, because an orchestrator that refuses root can't look up a name.
USER 10001:10001
VOLUME /data
EXPOSE 5000
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --start-interval=1s CMD ["python", "-c", "\
import http.client, os, sys; \
probe = http.client.HTTPConnection('127.0.0.1', int(os.environ.get('PORT') or 5000), timeout=4); \
probe.request('GET', '/readyz'); \
sys.exit(probe.getresponse().status != 200)"]
ENTRYPOINT ["./docker-entrypoint.sh"]
