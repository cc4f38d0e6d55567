#!/bin/sh
# Makes the database's password on the first start and never changes it again: every deployment
# has its own, and none is written into a file that is shared or committed.
set -eu
umask 077
cd "${1:-/secrets/database}"
if [ ! -s password ]; then
  python -c 'import secrets; print(secrets.token_urlsafe(32))' > password.new
  mv password.new password
fi
# The form in which libpq reads it: host:port:database:user:password.
echo "*:*:*:handful:$(cat password)" > pgpass.new
mv pgpass.new pgpass
