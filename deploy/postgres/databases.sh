#!/bin/sh
# The databases and who owns them. PostgreSQL's image runs this once, when its volume is empty.
# Temporal and Gatehouse share the server and nothing else: neither role reaches the other's data.
set -eu

for name in TEMPORAL_DB_PASSWORD GATEHOUSE_DB_PASSWORD; do
    eval "value=\${$name:-}"
    if [ -z "$value" ]; then
        echo "$name is empty; set it in deploy/.env, and begin anew with: docker compose down --volumes" >&2
        exit 1
    fi
done

psql --set=ON_ERROR_STOP=1 --username="$POSTGRES_USER" --dbname=postgres \
    --set=temporal_password="$TEMPORAL_DB_PASSWORD" --set=gatehouse_password="$GATEHOUSE_DB_PASSWORD" <<'SQL'
create role temporal login password :'temporal_password';
create role gatehouse login password :'gatehouse_password';

create database temporal owner temporal;
create database temporal_visibility owner temporal;
create database gatehouse owner gatehouse;

revoke connect on database temporal, temporal_visibility, gatehouse, postgres from public;
SQL
