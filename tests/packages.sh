# SPDX-License-Identifier: LGPL-2.1-or-later

# Sourced by ./quickstart and ./check: sees to it that what they need is there.

# What other distributions call it.
other_distributions() {
  cat <<'EOF'
This is no Debian. What is needed, under the names of

  Fedora      gcc meson ninja-build glib2-devel gnutls-devel json-glib-devel glib-networking
              gobject-introspection-devel vala gjs python3-gobject gi-docgen
              gmime30-devel postfix cyrus-sasl-plain cyrus-sasl-md5 dovecot libgsasl-devel
              krb5-devel krb5-server krb5-workstation valgrind clang compiler-rt
  Arch        gcc meson ninja glib2-devel gnutls json-glib glib-networking
              gobject-introspection vala gjs python-gobject gi-docgen gmime3 postfix cyrus-sasl
              dovecot gsasl valgrind clang compiler-rt
  openSUSE    gcc meson ninja glib2-devel libgnutls-devel json-glib-devel glib-networking
              gobject-introspection-devel vala gjs python3-gobject gi-docgen
              gmime-devel postfix cyrus-sasl-plain cyrus-sasl-crammd5 dovecot23
              libgsasl-devel krb5-devel krb5-server krb5-client valgrind clang

Going on with what is installed.
EOF
}

missing_packages() {
  for package in "$@"; do
    dpkg-query -W -f='${Status}\n' "$package" 2>/dev/null | grep -q '^install ok installed$' ||
      printf '%s ' "$package"
  done
}

# Keeps what is installed from starting services, unless the machine has a
# policy of its own.
install_packages() {
  policy=/usr/sbin/policy-rc.d
  own_policy=
  if [ ! -e "$policy" ]; then
    own_policy=yes
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
  fi
  status=0
  {
    apt-get update -q &&
      DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@"
  } || status=$?
  [ -z "$own_policy" ] || rm -f "$policy"
  return $status
}

need_packages() {
  if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
    other_distributions
    return 0
  fi

  missing=$(missing_packages "$@")
  [ -n "$missing" ] || return 0

  if [ "$(id -u)" != 0 ]; then
    echo "These packages are missing: $missing"
    echo "Install them with:  sudo apt-get install --no-install-recommends $missing"
    return 1
  fi

  echo "Installing: $missing"
  log=$(mktemp)
  # Unquoted: a list of words.
  if ! install_packages $missing >"$log" 2>&1; then
    cat "$log"
    rm -f "$log"
    echo "The packages could not be installed."
    return 1
  fi
  rm -f "$log"
}
