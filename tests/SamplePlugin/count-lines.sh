#!/bin/sh
# How long the service is: its C#, Razor and SQL without blank lines and comments, tests and texts left out.
cd "$(dirname "$0")" || exit 1
find Suolo -name obj -prune -o -name bin -prune -o -type f \( -name '*.cs' -o -name '*.razor' -o -name '*.sql' \) -print | sort |
    xargs cat | grep -cvE '^[[:space:]]*(//.*|--.*|@\*.*\*@)?$'
