#!/bin/sh
# Makes ./configure in a clone.
set -e
cd "$(dirname "$0")"
missing=
command -v autoreconf >/dev/null 2>&1 || missing="$missing autoconf"
command -v automake >/dev/null 2>&1 || missing="$missing automake"
command -v pkg-config >/dev/null 2>&1 || missing="$missing pkg-config"
if [ -n "$missing" ]; then
  echo "autogen.sh: not found:$missing; on Debian: apt-get install$missing" >&2
  exit 1
fi
exec autoreconf --install "$@"
