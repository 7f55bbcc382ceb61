# shellcheck shell=bash
# Functions of ./quickstart and ./run-tests: the Debian packages and the build.  Sourced, from the top folder.

say() { printf '\n== %s\n' "$*"; }

installed() { [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

# The numbers from 19 on of the packages llvm-NUMBER-dev among the names on standard input.
llvm_numbers() { sed -n 's/^llvm-\([0-9]*\)-dev$/\1/p' | awk '$1 >= 19' | sort -n; }

# The LLVM to build with: the newest that is installed; else 19, where apt offers it; else the first after it.
llvm_package() {
  local number
  number=$(dpkg-query -W -f='${db:Status-Status} ${Package}\n' 'llvm-*-dev' 2>/dev/null |
    sed -n 's/^installed //p' | llvm_numbers | tail -n 1)
  [ -n "$number" ] || number=$(apt-cache pkgnames llvm- | llvm_numbers | head -n 1)
  echo "llvm-${number:-19}-dev"
}

as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    echo "As root, run: $*" >&2
    return 1
  fi
}

missing_packages() {
  local package
  for package in gcc libc6-dev make autoconf automake pkg-config libopenblas-dev check libjansson-dev libedit-dev libzip-dev libjs-chart.js \
    librandom123-dev "$(llvm_package)"; do
    installed "$package" || echo "$package"
  done
}

install_packages() {
  if ! command -v apt-get >/dev/null; then
    echo "Not a Debian system: configure will name what is missing."
    return 0
  fi
  [ -n "$(missing_packages)" ] || return 0
  say "Installing Debian packages"
  as_root apt-get update -qq
  local packages
  mapfile -t packages < <(missing_packages)
  echo "apt-get install ${packages[*]}"
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${packages[@]}" </dev/null
}

# build FOLDER [CONFIGURE OPTIONS...]
build() {
  local folder=$1
  shift
  say "Building in ./$folder"
  if [ "${CI:-}" = true ]; then set -- --enable-werror "$@"; fi
  [ -x configure ] || ./autogen.sh >/dev/null
  mkdir -p "$folder"
  [ -f "$folder/Makefile" ] || (cd "$folder" && ../configure -q "$@")
  make -C "$folder" --no-print-directory -j"$(nproc)"
}
