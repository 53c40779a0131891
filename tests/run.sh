#!/usr/bin/env bash
# Builds everything and runs every test. Arguments go to each test program: tests/run.sh -class '*PollPlan*'
#
# Projects that this machine cannot build or run are skipped, and listed at the end with the reason. The .NET SDK and a NuGet
# source are required; the Azure tests also need Node.js with npm, for Azurite and the Service Bus peer.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1

export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1

# Otherwise the in-process host of Durable Task logs every call.
export Logging__LogLevel__Default=Warning
work=$(mktemp -d)
arguments=("$@")
npm=
lanes=()
trap 'for lane in "${lanes[@]}"; do kill -- "-$lane" 2>/dev/null; done; rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
left_out=()

# Skips the matching projects, with the reason.
leave_out='^$'
leave() { # pattern of projects, what, why
  leave_out="$leave_out|$1"
  left_out+=("$2: $3")
}

# Runs a command that restores packages. Returns 0 on success, and 1 if the NuGet sources lack packages and all of these are
# optional. Every other error fails the whole run.
get() { # pattern of the optional packages, command ...
  local packages=$1 log="$work/get.log" lacking
  shift
  "$@" --nologo -v quiet >"$log" 2>&1 && return 0
  lacking=$(grep -oE 'error NU110[123]: .*' "$log" | grep -oE "Unable to find package [A-Za-z0-9_.-]+" | grep -oE '[A-Za-z0-9_.-]+$' | sed 's/\.$//' | sort -u)
  if [ -n "$lacking" ] && ! grep 'error' "$log" | grep -qvE 'NU110[123]' && ! grep -qvE "^($packages)$" <<<"$lacking"; then
    missing="the NuGet sources here lack $(paste -sd ' ' <<<"$lacking")"
    return 1
  fi
  cat "$log"
  echo "This command failed: $*"
  exit 1
}

azure_packages='Azure\.Data\.Tables|Azure\.Messaging\.ServiceBus|Azure\.Core\.Amqp|Microsoft\.Azure\.Amqp'
functions_packages='Microsoft\.Azure\.(Functions|WebJobs)[A-Za-z.]*|Microsoft(\.Azure)?\.DurableTask[A-Za-z.]*|Azure\.Monitor\.OpenTelemetry\.Exporter'

echo "== Restore"
what="FopWatch.Azure.Tests, FopWatch.Subscriber, FopWatch.Functions and its tests"
if ! get "$azure_packages" dotnet restore tests/FopWatch.Azure.Tests; then
  leave 'Azure|Functions|Subscriber' "$what" "$missing"
elif ! command -v npm >/dev/null; then
  leave 'Azure|Functions|Subscriber' "$what" "Azurite and the Service Bus peer need Node.js with npm"
else
  # The build also restores what the Functions host loads, in a project that the SDK generates.
  { get "$functions_packages" dotnet restore tests/FopWatch.Functions.Tests && get "$functions_packages" dotnet build src/FopWatch.Functions -c Release; } ||
    leave 'Functions' "FopWatch.Functions and its tests" "$missing"

  # Beside the build, because it waits for the network.
  set -m
  npm ci --prefix tests --no-audit --no-fund --loglevel=error >"$work/npm.log" 2>&1 </dev/null &
  npm=$!
  set +m
  lanes+=("$npm")
fi
get 'BenchmarkDotNet[A-Za-z.]*' dotnet restore tests/FopWatch.Load.Tests || leave 'Benchmarks|Load\.Tests' "FopWatch.Benchmarks, FopWatch.Load.Tests" "$missing"
get 'Microsoft\.Playwright' dotnet restore tests/FopWatch.Dashboard.Tests || leave 'Dashboard' "FopWatch.Dashboard.Tests" "$missing"
[ -x /usr/bin/chromium ] || [ -x /usr/bin/chromium-browser ] || [ -x /usr/bin/google-chrome ] ||
  left_out+=("FopWatch.Dashboard.Tests in a browser: Chromium is not installed")
get 'Azure\.Bicep\.CommandLine\.[a-z0-9-]+' dotnet restore tests/FopWatch.Infra.Tests || leave 'Infra' "FopWatch.Infra.Tests" "$missing"

echo "== Build"
# A filter of the solution without the skipped projects.
projects=$(grep -oE 'Path="[^"]+"' FopWatch.slnx | cut -d '"' -f 2 | grep -vE "$leave_out" | sed 's/.*/"&"/' | paste -sd ,)
built=$work/built.slnf
echo "{ \"solution\": { \"path\": \"$PWD/FopWatch.slnx\", \"projects\": [$projects] } }" >"$built"
if ! dotnet build "$built" --nologo -v quiet -c Release; then
  echo "The build failed."
  exit 1
fi
if [ -n "$npm" ]; then
  echo "== npm ci"
  wait "$npm"
  code=$?
  cat "$work/npm.log"
  [ $code -eq 0 ] || exit 1
fi

names=()
for project in tests/*.Tests/*.csproj; do
  name=$(basename "$project" .csproj)
  [[ $name =~ $leave_out ]] && continue
  [ -f "tests/$name/bin/Release/net10.0/$name.runtimeconfig.json" ] && names+=("$name")
done

# Tests that measure a rate or a time have this trait, and run at the end, one after another. All others run in parallel: most of them wait for timers,
# other processes or a browser.
idle="needs=an idle machine"

# A Functions host needs the machine to itself. One more program than processors runs otherwise, because most wait.
width=$(($(nproc 2>/dev/null || echo 1) + 1))
[ -z "${FOPWATCH_FUNCTIONS_HOST:-}" ] || width=1

# The longest are started first, so that all lanes end at about the same time.
queue=()
for name in FopWatch.{Local,Functions,Azure,Docs,Hostile,Simulation,Infra,Dashboard,Core,Client,Packages}.Tests "${names[@]}"; do
  [[ " ${names[*]} " == *" $name "* && " ${queue[*]} " != *" $name "* ]] && queue+=("$name")
done

# Runs some tests of a program. When they have ended, there is a file with the exit code and the seconds.
run() { # part, name, arguments of the program ...
  local part=$1 name=$2 began=$SECONDS priority=0
  shift 2

  # These only compute. Those that wait come first, so that their time limits hold.
  [[ $name =~ Simulation|Core ]] && priority=5
  nice -n "$priority" dotnet "tests/$name/bin/Release/net10.0/$name.dll" -noColor -noLogo -xml "$work/$name.$part.xml" "$@" "${arguments[@]}"
  echo "$? $((SECONDS - began))" >"$work/$name.$part"
  mv "$work/$name.$part" "$work/$name.$part.ended"
}

# Takes programs from the queue until it is empty.
lane() {
  local name
  for name in "${queue[@]}"; do
    mkdir "$work/$name.taken" 2>/dev/null && run beside "$name" -trait- "$idle" >"$work/$name.log" 2>&1 </dev/null
  done
}

echo "== In parallel, $width at a time: ${queue[*]}"

# Each lane has its own process group, so that all of it can be ended.
set -m
for ((number = 0; number < width; number++)); do
  lane &
  lanes+=($!)
done
set +m

# Shows what a program printed when it has ended.
running=("${queue[@]}")
while [ ${#running[@]} -gt 0 ]; do
  alive=$(jobs -rp)
  left=()
  for name in "${running[@]}"; do
    if [ -f "$work/$name.beside.ended" ]; then
      echo "== $name"
      cat "$work/$name.log"
    else
      left+=("$name")
    fi
  done
  running=("${left[@]}")
  [ -n "$alive" ] || break
  [ ${#running[@]} -eq 0 ] || sleep 1
done
for name in "${running[@]}"; do
  echo "== $name did not end"
  cat "$work/$name.log" 2>/dev/null
done

for name in "${names[@]}"; do
  if grep -rqE "Trait\(.*\"${idle#*=}\"\)" "tests/$name" --include="*.cs"; then
    echo "== $name, what needs an idle machine"
    run alone "$name" -trait "$idle"
  else
    echo "0 0" >"$work/$name.alone.ended"
  fi
done

passed=0 failed=0 skipped=0 broken=() ran=()
for name in "${names[@]}"; do
  counts=$(cat "$work/$name".*.xml 2>/dev/null | grep -o '<assembly [^>]*>')
  count() { sed -n "s/.* $1=\"\([0-9]*\)\".*/\1/p" <<<"$counts" | awk '{ sum += $1 } END { print sum + 0 }'; }
  seconds=0
  for part in beside alone; do
    read -r code took < <(cat "$work/$name.$part.ended" 2>/dev/null || echo 1 0)
    seconds=$((seconds + took))
    [ "$code" -eq 0 ] || [ "${broken[*]: -1}" = "$name" ] || broken+=("$name")
  done
  passed=$((passed + $(count passed)))
  failed=$((failed + $(count failed)))
  skipped=$((skipped + $(count skipped)))
  ran+=("$name: $(count passed) passed, $(count failed) failed, $(count skipped) skipped, $seconds s")
done

echo
echo "== Results"
printf '%s\n' "${ran[@]}"
if [ ${#left_out[@]} -gt 0 ]; then
  echo "== Skipped"
  printf '%s\n' "${left_out[@]}"
fi
if [ ${#broken[@]} -gt 0 ]; then
  echo "Failed: ${broken[*]}"
  # A test program that crashes fails no test, but is still a failure.
  [ $failed -gt 0 ] || failed=1
fi
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ] && [ $passed -gt 0 ]
