#!/bin/sh
# What only the machine's administrator can install: Chromium and a Chinese font for the browser
# tests, Pango for the PDFs. As root on Debian or Ubuntu it is installed, once; elsewhere one line
# says what is missing. Takes the folder for its stamp and log.
set -eu
var=$1
PATH="$PATH:/usr/sbin:/sbin"

missing=""
wants() { # wants PACKAGE COMMAND...: note the package unless the command succeeds
    package=$1
    shift
    "$@" >/dev/null 2>&1 || missing="$missing $package"
}
library() { ldconfig -p | grep -q "$1"; }
look_up_missing() {
    missing=""
    wants chromium sh -c 'command -v chromium || command -v chromium-browser || command -v google-chrome'
    wants fonts-noto-cjk sh -c 'fc-list :lang=zh-cn | grep -q .'
    # Only Linux has ldconfig; elsewhere the PDF code itself says what it lacks.
    if command -v ldconfig >/dev/null; then
        wants libpango-1.0-0 library libpango-1.0
        wants libpangoft2-1.0-0 library libpangoft2-1.0
        wants libharfbuzz-subset0 library libharfbuzz-subset
    fi
}

look_up_missing
[ -n "$missing" ] || exit 0

mkdir -p "$var"
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null && [ ! -e "$var/.apt-tried" ]; then
    echo "Installing$missing ..."
    # shellcheck disable=SC2086  # one word a package
    (
        export DEBIAN_FRONTEND=noninteractive
        apt-get update -qq
        apt-get install -y -qq --no-install-recommends fontconfig $missing
    ) </dev/null >"$var/apt.log" 2>&1 || true
    touch "$var/.apt-tried"
    look_up_missing
    [ -n "$missing" ] || exit 0
fi
echo "Missing:$missing (PDFs need libpango and libharfbuzz, browser tests the rest;" \
    "as root: apt-get install fontconfig$missing)" >&2
