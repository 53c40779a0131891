#!/usr/bin/env bash
# Runs the suites that attack the promise, and prints a Markdown table of what was tried, lost, wrong, repeated and refused:
# tests/figures.sh [quick|full]
#
# quick (the default): 1,000 histories of the simulation, 50,000 fuzzed inputs, loads beside each other for moments, no Functions host. Takes minutes.
# full: 10,000 histories, a million fuzzed inputs, every load beside every other for three seconds, and three runs under a Functions host that is
# killed, if there is one: func on the PATH, or the one in FOPWATCH_FUNCTIONS_HOST (see tests/functions-host.sh). Takes an hour.
#
# Suites that this machine cannot run are listed below the table. Exits with 0 only if every suite that ran passed. tests/README.md explains the rows.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1

form=${1:-quick}
case $form in
  quick) histories=1000 fuzz=50000 ;;
  full) histories=10000 fuzz=1000000 ;;
  *) sed -n '2,9s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac

export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 Logging__LogLevel__Default=Warning
export FOPWATCH_SIM_HISTORIES=$histories FOPWATCH_FUZZ_EXECUTIONS=$fuzz
if [ "$form" = full ]; then
  export FOPWATCH_INTERFERENCE_SECONDS=3
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export FOPWATCH_SUMMARY=$work/summary
touch "$FOPWATCH_SUMMARY"
left_out=() failed=()

# Builds a test project and runs some of its classes. Progress goes to standard error, so that the table can be redirected.
suite() { # project, classes ...
  local name=$1 classes=()
  shift
  if [ ! -d "tests/$name" ]; then
    return
  fi
  for class in "$@"; do classes+=(-class "$class"); done
  echo "== $name $*" >&2
  if ! dotnet build "tests/$name" --nologo -v quiet -c Release >"$work/build.log" 2>&1; then
    left_out+=("$name: does not build on this machine: $(grep -m 1 -oE 'error .*' "$work/build.log" | sed "s|$PWD/||g; s/ \[.*//" | cut -c 1-200)")
    return
  fi
  dotnet "tests/$name/bin/Release/net10.0/$name.dll" -noLogo -noColor "${classes[@]}" >"$work/run.log" 2>&1 || failed+=("$name")
  cat "$work/run.log" >&2
  # A skipped test prints its reason.
  while IFS= read -r skipped; do left_out+=("$name: $skipped"); done < <(grep -A 1 '\[SKIP\]' "$work/run.log" | grep -vE '\[SKIP\]|^--' | sed 's/^ *//' | sort -u)
}

suite FopWatch.Simulation.Tests '*.SimulationTests'
suite FopWatch.Local.Tests '*.FullDiskTests' '*.LockedAndCutTests' '*.KillTests' '*.WebhookKillTests'
if ! command -v npm >/dev/null; then
  left_out+=("FopWatch.Azure.Tests: needs Node.js and npm, for Azurite and the Service Bus peer")
elif [ ! -d tests/node_modules/azurite ] && ! npm ci --prefix tests --no-audit --no-fund --loglevel=error >&2; then
  left_out+=("FopWatch.Azure.Tests: npm ci failed")
else
  suite FopWatch.Azure.Tests '*.WholeFlowTests'
fi
suite FopWatch.Hostile.Tests '*'

if [ "$form" = quick ]; then
  left_out+=("The cloud host under a real Functions host: only with tests/figures.sh full")
elif [ -z "${FOPWATCH_FUNCTIONS_HOST:-$(command -v func || true)}" ]; then
  left_out+=("The cloud host under a real Functions host: func is not on the PATH, and FOPWATCH_FUNCTIONS_HOST names no host")
else
  for seed in 11 12 13; do
    tests/functions-host.sh 500 "$seed" >&2 || failed+=("FopWatch.Functions.Tests, seed $seed")
  done
fi

memory=$(awk '/MemTotal/ { printf ", %.0f GB of memory", $2 / 1e6 }' /proc/meminfo 2>/dev/null)
echo "\`tests/figures.sh $form\` on $(date -u +%Y-%m-%d), $(uname -sm), $(getconf _NPROCESSORS_ONLN) processors$memory:"
echo
echo "| what was tried | jobs | faults | lost | wrong | repeated | refused |"
echo "|---|---:|---|---:|---:|---|---|"
sed -n 's/^figures: \(.*\)/| \1 |/p' "$FOPWATCH_SUMMARY"
if grep -q '^interference: ' "$FOPWATCH_SUMMARY"; then
  echo
  sed -n 's/^interference: \(.*\)/| \1 |/p' "$FOPWATCH_SUMMARY" | awk 'NR == 1 { print; gsub(/[^|]+/, "---:"); } { print }'
fi
if grep -qvE '^(figures|interference): ' "$FOPWATCH_SUMMARY"; then
  echo
  echo "| attack | result |"
  echo "|---|---|"
  grep -vE '^(figures|interference): ' "$FOPWATCH_SUMMARY" | sed 's/|/\\|/g; s/^\([^:]*\): \(.*\)/| \1 | \2 |/'
fi
if [ ${#left_out[@]} -gt 0 ]; then
  echo
  echo "Skipped:"
  echo
  printf -- '- %s\n' "${left_out[@]}"
fi
if [ ${#failed[@]} -gt 0 ]; then
  echo
  echo "**Failed:** ${failed[*]}"
  exit 1
fi
