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
  echo "== npm ci"
  npm ci --prefix tests --no-audit --no-fund --loglevel=error || exit 1
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

# Runs a test program, and writes its exit code to a file.
run() { # name, arguments of the program ...
  local name=$1
  shift
  dotnet "tests/$name/bin/Release/net10.0/$name.dll" -noColor -noLogo -xml "$work/$name.xml" "$@"
  echo $? >"$work/$name.ended"
  mv "$work/$name.ended" "$work/$name.code"
}

names=()
for project in tests/*.Tests/*.csproj; do
  name=$(basename "$project" .csproj)
  [[ $name =~ $leave_out ]] && continue
  [ -f "tests/$name/bin/Release/net10.0/$name.runtimeconfig.json" ] && names+=("$name")
done

# Projects that mostly wait, or do one thing after another, run in parallel, in two lanes; none of them measures a time. The others run
# alone. A Functions host needs the machine to itself.
beside=()
lane() { # the names of projects ...
  local name own=()
  for name in "$@"; do
    [[ " ${names[*]} " == *" $name "* ]] && own+=("$name")
  done
  [ ${#own[@]} -gt 0 ] || return 0
  beside+=("${own[@]}")

  # In its own process group, so that all of it can be ended.
  set -m
  (for name in "${own[@]}"; do run "$name" "${arguments[@]}" >"$work/$name.log" 2>&1 </dev/null; done) &
  lanes+=($!)
  set +m
}
arguments=("$@")
if [ "$(nproc 2>/dev/null || echo 1)" -ge 2 ] && [ -z "${FOPWATCH_FUNCTIONS_HOST:-}" ]; then
  lane FopWatch.Functions.Tests FopWatch.Azure.Tests FopWatch.Client.Tests FopWatch.Infra.Tests
  lane FopWatch.Docs.Tests FopWatch.Dashboard.Tests FopWatch.Packages.Tests
  echo "== In parallel: ${beside[*]}"
fi

passed=0 failed=0 skipped=0 broken=() ran=()
for name in "${beside[@]}" "${names[@]}"; do
  if [[ " ${beside[*]} " != *" $name "* ]]; then
    wait "${lanes[@]}"
    lanes=()
    echo "== $name"
    run "$name" "$@" 2>&1 | tee "$work/$name.log"
  elif [ -f "$work/$name.log.shown" ]; then
    continue
  else
    while [ ! -f "$work/$name.code" ] && [ -n "$(jobs -rp)" ]; do sleep 1; done
    echo "== $name"
    cat "$work/$name.log"
    touch "$work/$name.log.shown"
  fi

  code=$(cat "$work/$name.code" 2>/dev/null || echo 1)
  counts=$(grep -o '<assembly [^>]*>' "$work/$name.xml" 2>/dev/null | head -n 1)
  count() { sed -n "s/.* $1=\"\([0-9]*\)\".*/\1/p" <<<"$counts"; }
  passed=$((passed + $(count passed) + 0))
  failed=$((failed + $(count failed) + 0))
  skipped=$((skipped + $(count skipped) + 0))
  ran+=("$name: $(count passed) passed, $(count failed) failed, $(count skipped) skipped")
  if [ $code -ne 0 ]; then
    broken+=("$name")
  fi
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
  # Each failed test with its first lines once more, because its own output is far above.
  for name in "${broken[@]}"; do
    [ -f "$work/$name.log" ] && grep -F -A 5 ' [FAIL]' "$work/$name.log"
  done
  # A test program that crashes fails no test, but is still a failure.
  [ $failed -gt 0 ] || failed=1
fi
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ] && [ $passed -gt 0 ]
