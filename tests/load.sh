#!/usr/bin/env bash
# Measures FopWatch under load, compared with bare baselines in the same run, and prints the tables of docs/performance.md:
# tests/load.sh [--seconds N] [--warm-up N] [--only NAME] ...
#
# Hosts and load generator are separate processes on this machine. Run nothing else on it: other work distorts the figures, and the ratios
# less so. tests/load.sh --help lists the options. The .NET SDK is required. The cloud host is also measured if there is a Functions host
# (see tests/functions-host.sh), which needs Node.js with npm. Exits with 0 if every row has its figures and nothing failed.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)

export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
export FOPWATCH_FUNCTIONS_HOST=${FOPWATCH_FUNCTIONS_HOST:-$(command -v func || true)}
run() { # project, options ...
  local project=$1
  shift
  dotnet build "$here/$project" --nologo -v quiet -c Release >&2 &&
    dotnet "$here/$project/bin/Release/net10.0/$project.dll" "$@"
}

failed=0
run FopWatch.Load "$@" || failed=$?
if [ $failed -ne 2 ] && [ "$*" != --help ]; then
  if [ -n "$FOPWATCH_FUNCTIONS_HOST" ]; then
    if ! [ -d "$here/node_modules/azurite" ] || ! [ -d "$here/node_modules/rhea" ]; then
      npm ci --prefix "$here" --no-audit --no-fund --loglevel=error >&2
    fi
    run FopWatch.Load.Functions "$@" || failed=$?
  else
    echo "The cloud host is skipped: func is not on the PATH, and FOPWATCH_FUNCTIONS_HOST names no host." >&2
  fi
fi
exit $failed
