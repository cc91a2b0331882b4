#!/bin/sh
# Runs its arguments in a container. Without any, makes missing keys and the tables of an SQLite file, and serves.
# A PostgreSQL database is migrated once, by hand or by compose.yaml, and not by each of the containers that use it.
set -eu
umask 077
[ $# -eq 0 ] || exec "$@"
python manage.py makesecrets
case ${DATABASE_URL:-} in
    sqlite:*) python manage.py migrate --no-input ;;
esac
exec python manage.py serve
