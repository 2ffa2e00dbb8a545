#!/bin/sh
# Two databases, each with a user of its own who can't open the other. The image of PostgreSQL runs
# this once, on an empty volume. Passwords are read from the environment: they stand in no argument,
# and no statement that holds one is logged.
set -eu
: "${PREFECT_DB_PASSWORD:?the password of the user prefect}"
: "${EMERITUS_DB_PASSWORD:?the password of the user emeritus}"
psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --username "${POSTGRES_USER:-postgres}" --dbname postgres <<'SQL'
\getenv prefect_password PREFECT_DB_PASSWORD
\getenv emeritus_password EMERITUS_DB_PASSWORD
SET log_statement = 'none';
SET log_min_error_statement = 'panic';
SET password_encryption = 'scram-sha-256';
CREATE ROLE prefect LOGIN PASSWORD :'prefect_password';
CREATE ROLE emeritus LOGIN PASSWORD :'emeritus_password';
CREATE DATABASE prefect OWNER prefect ENCODING 'UTF8' TEMPLATE template0;
CREATE DATABASE emeritus OWNER emeritus ENCODING 'UTF8' TEMPLATE template0;
REVOKE ALL ON DATABASE prefect, emeritus, postgres FROM PUBLIC;
SQL
