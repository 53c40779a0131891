#!/usr/bin/env bash
# Runs the Functions app under a real Functions host, on Azurite, with a misbehaving provider and a Service Bus peer, while host and worker
# are killed repeatedly: tests/functions-host.sh [jobs] [seed]
#
# The host is func from the PATH, or the one in FOPWATCH_FUNCTIONS_HOST: a path to func, or to the
# Microsoft.Azure.WebJobs.Script.WebHost.dll of a Functions host that was built from source. The .NET SDK, Node.js with npm,
# and ps are required. Exits with 0 only if every job ended right and every settled event was received.
set -euo pipefail
cd "$(dirname "$0")/.."

export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 FUNCTIONS_CORE_TOOLS_TELEMETRY_OPTOUT=1
export FOPWATCH_FUNCTIONS_HOST=${FOPWATCH_FUNCTIONS_HOST:-$(command -v func || true)}
if [ -z "$FOPWATCH_FUNCTIONS_HOST" ]; then
  echo "func is not on the PATH, and FOPWATCH_FUNCTIONS_HOST names no host. Install Azure Functions Core Tools: https://learn.microsoft.com/azure/azure-functions/functions-run-local" >&2
  exit 2
fi

export FOPWATCH_RUN_JOBS=${1:-500} FOPWATCH_RUN_SEED=${2:-$RANDOM}
if ! [ -d tests/node_modules/azurite ] || ! [ -d tests/node_modules/rhea ]; then
  npm ci --prefix tests --no-audit --no-fund --loglevel=error
fi
dotnet build tests/FopWatch.Functions.Tests --nologo -v quiet -c Release
dotnet tests/FopWatch.Functions.Tests/bin/Release/net10.0/FopWatch.Functions.Tests.dll \
  -noLogo -noColor -showLiveOutput -class FopWatch.Functions.Tests.Running.KilledHostTests | sed -u 's/^ *FopWatch[^ ]* \[OUTPUT\] //'
