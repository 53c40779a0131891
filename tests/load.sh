#!/usr/bin/env bash
# Measures FopWatch under load, beside bare baselines in the same run, and prints the tables of docs/performance.md:
# tests/load.sh [--seconds N] [--warm-up N] [--only NAME] ...
#
# The embedded host and the load generator are processes of their own on this machine. Let nothing else run on it: the ratios bear other work
# better than the figures, but not well. tests/load.sh --help lists the options. Needed is the .NET SDK. Exits with 0 if every row has its figures and nothing failed.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)

export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
dotnet build "$here/FopWatch.Load" --nologo -v quiet -c Release >&2
dotnet "$here/FopWatch.Load/bin/Release/net10.0/FopWatch.Load.dll" "$@"
