#!/bin/sh
# Starts PgBouncer in a container. It reads the database's password from a file of its own format, and can't pass on the
# time limits that Cashman sets without it. So these are set for the user.
set -eu
umask 077
PGPASSWORD=$(cat "$DATABASE_PASSWORD_FILE")
export PGPASSWORD
printf '"cashman" "%s"\n' "$(printf %s "$PGPASSWORD" | sed 's/"/""/g')" > /tmp/users.txt
python - <<'CODE'
import psycopg2

with psycopg2.connect("host=db user=cashman dbname=cashman") as connection, connection.cursor() as cursor:
    cursor.execute("ALTER ROLE cashman IN DATABASE cashman SET statement_timeout = '30s'")
    cursor.execute("ALTER ROLE cashman IN DATABASE cashman SET lock_timeout = '5s'")
CODE
unset PGPASSWORD
exec pgbouncer --quiet pgbouncer/pgbouncer.ini
