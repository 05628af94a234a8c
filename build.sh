#!/usr/bin/env bash
# Brings what the machine lacks, then hands over to build.cake. ./build.sh help lists the targets.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

help() {
    cat <<'END'
Usage: ./build.sh <target> [options]

  run        build Portico and start it with its demonstration data and a pretended bank; Ctrl-C stops everything.
             Options go to "portico demo".
  test       build, run all tests, and end with "N passed, N failed". One part only: ./build.sh test --filter=Fines
  faults     300 times: kill the host, cut the network, kill PostgreSQL, fill its disk, under a load of paying citizens; then compare our
             books with the bank's. --long: 1,000 times. --kills N, --seed N, --only campaign|disk|events|simulation|bills|hosts|repeats.
  mutants    take one guard of the money out at a time, in a copy, and see the tests turn red. Some only: ./build.sh mutants lock key
  bench      measure Portico against its budgets, beside the same rows written in SQL by hand, and write docs/benchmarks.md: some minutes on
             a quiet machine. --large: also a register of 10,000,000 fines. --only trips,payment,lookup,search,pages,entities,background,host.
  budgets    print what one more service and one more entity cost, beside what they may. Entities only: ./build.sh budgets entities
  release-dump FILE   write a database with generated payments as this release leaves it, for tests/Faults/Releases.
  build      compile everything.
  pack       lay out the packages that services elsewhere are built against in artifacts/packages, and the host in artifacts/portico.
  licences   write docs/dependencies.md anew; fail on a licence nobody has agreed to.
  audit      ask the package source for known vulnerabilities of all that is referenced, and fail where there are any.
  help       show this.

Needs the .NET 10 SDK. On Debian, as root or with sudo, the rest is installed when missing.
END
}

fail() {
    echo "build.sh: $*" >&2
    exit 1
}

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

exists() { compgen -G "$1" >/dev/null; }

# Fills `packages` (Debian's names) and `missing` (words for people). Looks at files only, so that the usual case costs nothing.
look_around() {
    packages=() missing=()
    lacks() { missing+=("$1"); shift; packages+=("$@"); }

    exists /etc/ssl/certs/ca-certificates.crt || exists '/etc/pki/tls/certs/*' || lacks "root certificates" ca-certificates
    exists '/usr/lib/*/libicuuc.so.*' || exists '/usr/lib*/libicuuc.so.*' || lacks "ICU" '^libicu[0-9]+$'
    command -v node >/dev/null && command -v npm >/dev/null || lacks "Node.js with npm" nodejs npm
    case $target in run | test | faults | mutants | bench | budgets | release-dump)
        exists /usr/share/zoneinfo/Europe/Rome || lacks "time zones" tzdata
        exists '/usr/lib/postgresql/*/bin/initdb' || command -v initdb >/dev/null || lacks "PostgreSQL programs" postgresql
    esac
    case $target in faults)
        command -v nginx >/dev/null || lacks "nginx" nginx-light
    esac
    case $target in test)
        command -v chromium >/dev/null || lacks "Chromium" chromium
        exists '/usr/share/fonts/*/*/*.[ot]tf' || lacks "fonts" fonts-liberation
    esac
}

# Debian's package would create and start a cluster of its own; Portico runs its own, private one.
no_main_cluster() {
    local conf=/etc/postgresql-common/createcluster.conf
    case $(dpkg-query -W -f='${Status}' postgresql-common 2>/dev/null || true) in *" installed") return ;; esac
    if ! grep -qsE '^[[:space:]]*create_main_cluster' "$conf"; then
        as_root mkdir -p "${conf%/*}"
        echo 'create_main_cluster = false' | as_root tee -a "$conf" >/dev/null
    fi
}

install_missing() {
    look_around
    [ ${#missing[@]} -gt 0 ] || return 0

    local words log
    words=$(printf ', %s' "${missing[@]}") && words=${words:2}
    command -v apt-get >/dev/null ||
        fail "missing: $words. This machine has no apt-get: install them with its own package manager, then try again."
    [ "$(id -u)" = 0 ] || command -v sudo >/dev/null ||
        fail "missing: $words, and neither root nor sudo here to install it. As root: apt-get install$(printf ' %q' "${packages[@]}")"

    echo "Installing ${packages[*]} ..."
    log=$(mktemp)
    case " ${packages[*]} " in *" postgresql "*) no_main_cluster ;; esac
    if ! {
        as_root apt-get -qq update &&
            as_root env DEBIAN_FRONTEND=noninteractive UCF_FORCE_CONFFOLD=1 \
                apt-get -qq -y -o DPkg::Lock::Timeout=120 install --no-install-recommends "${packages[@]}"
    } >"$log" 2>&1 </dev/null; then
        tail -n 20 "$log" >&2
        fail "could not install: $words. The words of apt-get are above, all of them in $log"
    fi
    rm -f "$log"
    echo "Installed: $words."
}

prepare() {
    local how="How to install it: https://learn.microsoft.com/dotnet/core/install/linux"
    command -v dotnet >/dev/null || fail "missing: the .NET 10 SDK. $how"
    install_missing
    # The SDK's own words about a version that global.json refuses fill a page.
    dotnet --version >/dev/null 2>&1 || fail "the .NET SDK here does not start or is not version 10, which global.json asks for. $how"
    # The built program looks for the runtime beside the SDK, wherever that was put.
    export DOTNET_ROOT="${DOTNET_ROOT:-$(dirname "$(readlink -f "$(command -v dotnet)")")}"
}

cake() {
    export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 CAKE_SETTINGS_ENABLESCRIPTCACHE=true
    # No compiler or build server stays behind when this script has ended.
    export MSBUILDDISABLENODEREUSE=1 UseSharedCompilation=false DOTNET_CLI_USE_MSBUILD_SERVER=0

    [ -t 1 ] || export NO_COLOR=1

    rm -f artifacts/errors.log artifacts/test-results/summary.txt
    local words
    words=$(dotnet tool restore 2>&1) || fail "dotnet tool restore failed: $words"
    dotnet cake --target="$@" && return
    if [ -s artifacts/errors.log ]; then
        fail "$(head -n 1 artifacts/errors.log | sed -E "s/^ *[0-9]+> *//; s|$PWD/||g")"
    fi
    return 1
}

target=${1:-help}
[ $# = 0 ] || shift
case $target in
    run)
        prepare
        cake Stage
        exec artifacts/portico/portico demo "$@"
        ;;
    test)
        prepare
        code=0
        cake Test "$@" || code=$?
        # A plain reader, and every CI, finds the outcome on the last line.
        if [ -f artifacts/test-results/summary.txt ]; then cat artifacts/test-results/summary.txt; fi
        exit $code
        ;;
    faults)
        prepare
        cake Build
        exec artifacts/bin/Faults/release/portico-faults "$@"
        ;;
    release-dump)
        prepare
        cake Build
        exec artifacts/bin/Faults/release/portico-faults dump "$@"
        ;;
    mutants)
        prepare
        cake Build
        exec artifacts/bin/Faults/release/portico-faults mutants "$@"
        ;;
    bench)
        prepare
        cake Stage
        exec artifacts/bin/Benchmarks/release/portico-bench --host artifacts/portico/portico --write docs/benchmarks.md "$@"
        ;;
    budgets)
        prepare
        cake Build
        exec artifacts/bin/Budgets/release/portico-budgets "$@"
        ;;
    audit)
        prepare
        dotnet restore Portico.slnx -v q
        found=$(dotnet list Portico.slnx package --vulnerable --include-transitive)
        # In these words whatever the machine's language: the environment asks for English.
        grep -A2 "following sources were used" <<<"$found" | sort -u
        if grep "has the following vulnerable packages" -A20 <<<"$found"; then fail "there are packages with known vulnerabilities."; fi
        echo "No known vulnerability in what this source knows of."
        ;;
    build | pack | licences)
        prepare
        cake "${target^}" "$@"
        ;;
    help | -h | --help)
        help
        ;;
    *)
        help >&2
        fail "there is no target '$target'."
        ;;
esac
