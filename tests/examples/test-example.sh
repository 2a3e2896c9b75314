#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later

# Runs an example against the sandbox, with STARTTLS and AUTH, and looks at what
# arrived. $1: the sandbox, the rest: the example's command.

set -u
sandbox=$1
shift

dir=$(mktemp -d)
trap 'kill "$pid" 2>/dev/null; wait "$pid" 2>/dev/null; rm -rf "$dir"' EXIT

# A name and a subject beyond ASCII, and octets of every kind.
attachment="$dir/Grüße.bin"
python3 -c 'import sys; sys.stdout.buffer.write(bytes(range(256)) * 500)' >"$attachment"

# Its first line is its URI, written once it listens.
mkfifo "$dir/port"
SMTP_SANDBOX_PASSWORD=open-sesame "$sandbox" --quiet --tls=starttls --user=me \
  --auth=PLAIN,LOGIN,CRAM-MD5,XOAUTH2,OAUTHBEARER \
  --directory="$dir/mail" --certificate-file="$dir/ca.pem" >"$dir/port" &
pid=$!
read -r uri <"$dir/port"

echo 1..6
number=0
for mechanism in plain login cram-md5 xoauth2 oauthbearer automatic; do
  number=$((number + 1))
  option=--auth=$mechanism
  [ $mechanism != automatic ] || option=
  if SMTP_PASSWORD=open-sesame "$@" --user=me $option --ca="$dir/ca.pem" --transcript \
      --from=sender@example.org --to=one@example.net --to=two@example.net \
      --subject='Schöne Grüße' --attach="$attachment" "$uri" >"$dir/output" 2>&1 &&
    ! grep -q open-sesame "$dir/output" &&
    grep -q '^C: STARTTLS' "$dir/output" &&
    grep -q '^C: AUTH' "$dir/output" &&
    python3 - "$dir/mail/$number.eml" "$attachment" <<'EOF'
import email, email.policy, sys
message = email.message_from_binary_file(open(sys.argv[1], 'rb'), policy=email.policy.default)
part, = message.iter_attachments()
assert message['Subject'] == 'Schöne Grüße', message['Subject']
assert part.get_filename() == 'Grüße.bin', part.get_filename()
assert part.get_payload(decode=True) == open(sys.argv[2], 'rb').read()
EOF
  then
    echo "ok $number - $mechanism"
  else
    sed 's/^/# /' "$dir/output"
    echo "not ok $number - $mechanism"
  fi
done
