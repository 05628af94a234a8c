#!/bin/sh
# How long the gateway is: its C# without blank lines and comments.
cd "$(dirname "$0")" || exit 1
find . -name obj -prune -o -name bin -prune -o -type f -name '*.cs' -print | xargs cat | grep -cvE '^[[:space:]]*(//.*)?$'
