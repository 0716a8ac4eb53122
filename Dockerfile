# The image of web, worker and beat; which one it is, the command says (docker-compose.yml).

FROM node:22-bookworm-slim AS browser
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts

FROM python:3.11-slim-bookworm AS build
RUN python -m venv /venv
ENV PATH=/venv/bin:$PATH
COPY requirements.txt .
RUN pip install --no-cache-dir -r requirements.txt
WORKDIR /app
COPY . .
COPY --from=browser /app/node_modules node_modules
# Static files and translations are made here, once; the values only satisfy the settings.
RUN for po in locale/*/LC_MESSAGES/django.po; do \
        if [ -e "$po" ]; then pybabel compile -i "$po" -o "${po%.po}.mo"; fi; \
    done \
    && PRODUCTION=1 SECRET_KEY=$(python -c 'import secrets; print(secrets.token_hex(32))') \
        SEAL_KEY=$(python -c 'import secrets; print(secrets.token_hex(32))') EMAIL_URL=smtp://none \
        ALLOWED_HOSTS=build DATABASE_URL=postgres://none REDIS_URL=redis://none \
        BASE_URL=https://build \
        python manage.py collectstatic --noinput \
    && rm -rf node_modules

FROM python:3.11-slim-bookworm
# Pango lays out the PDFs; the Noto font serves names whose characters the bundled one lacks.
RUN apt-get update \
    && apt-get install -y --no-install-recommends \
        fontconfig fonts-noto-cjk libharfbuzz-subset0 libpango-1.0-0 libpangoft2-1.0-0 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --create-home subsidies \
    && install -d -o subsidies -g subsidies /data/media /data/anchors
COPY --from=build /venv /venv
COPY --from=build /app /app
COPY --from=build --chown=subsidies /app/var /app/var
WORKDIR /app
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PRODUCTION=1 BIND=0.0.0.0 PORT=8000 \
    MEDIA_ROOT=/data/media GUNICORN_CMD_ARGS="--worker-tmp-dir /dev/shm"
USER subsidies
EXPOSE 8000
# Asked as the proxy asks: production answers plain http with a redirect.
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s CMD ["python", "-m", "config.probe"]
CMD ["gunicorn", "--config", "config/gunicorn.py", "config.wsgi"]
