#!/usr/bin/env bash
# Builds everything and runs every test. Arguments go to each test program: tests/run.sh -class '*PollPlan*'
#
# What cannot be had on a machine is left out and named at the end, with the reason. Needed are the .NET SDK and a NuGet
# source; the Azure part also needs Node.js with npm, for Azurite and the Service Bus peer that it is tested against. FOPWATCH_BUILT is
# where to write a filter of the solution with what was built, for whoever goes on with it.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1

export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1

# The in-process host of Durable Task logs every call otherwise.
export Logging__LogLevel__Default=Warning
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
left_out=()

# What a project needs beyond the portable part: the packages whose absence is a reason to leave it out.
azure_packages='Azure\.Data\.Tables|Azure\.Messaging\.ServiceBus|Azure\.Core\.Amqp|Microsoft\.Azure\.Amqp'
functions_packages='Microsoft\.Azure\.Functions\.Worker[A-Za-z.]*|Microsoft(\.Azure)?\.DurableTask[A-Za-z.]*|Azure\.Monitor\.OpenTelemetry\.Exporter'

# Restores a project. 0: done. 1: packages are missing, and only ones of the given names. 2: anything else, which is a failure.
restore() { # project, names of packages
  local log="$work/restore.log" missing
  dotnet restore "$1" --nologo -v quiet >"$log" 2>&1 && return 0
  missing=$(grep -oE 'error NU110[123]: .*' "$log" | grep -oE "(package '?|Unable to find package )[A-Za-z0-9_.-]+" | grep -oE '[A-Za-z0-9_.-]+$' | sed 's/\.$//' | sort -u)
  if [ -n "$missing" ] && ! grep 'error' "$log" | grep -qvE 'NU110[123]' && ! grep -qvE "^($2)$" <<<"$missing"; then
    missing_packages=$(tr '\n' ' ' <<<"$missing")
    return 1
  fi
  cat "$log"
  return 2
}

echo "== Restore"
azure=true
missing_packages=
restore tests/FopWatch.Azure.Tests/FopWatch.Azure.Tests.csproj "$azure_packages"
case $? in
  1)
    echo "The NuGet sources here lack: $missing_packages"
    echo "Taking the same assemblies from the npm package @azure/mcp-linux-x64 instead."
    if feed=$(tests/azure-feed.sh); then
      # MSBuild reads properties from the environment.
      export RestoreAdditionalProjectSources="$feed"
      restore tests/FopWatch.Azure.Tests/FopWatch.Azure.Tests.csproj "$azure_packages" || azure=false
    else
      azure=false
    fi
    $azure || left_out+=("FopWatch.Azure.Tests, FopWatch.Subscriber: these packages are not to be had: $missing_packages")
    ;;
  2)
    echo "The restore failed."
    exit 1
    ;;
esac

if $azure; then
  echo "== npm ci"
  if ! command -v npm >/dev/null; then
    azure=false
    left_out+=("FopWatch.Azure.Tests: needs Node.js and npm, for Azurite and the Service Bus peer")
  elif ! npm ci --prefix tests --no-audit --no-fund --loglevel=error; then
    echo "npm ci failed."
    exit 1
  fi
fi

functions=$azure
if $azure; then
  restore tests/FopWatch.Functions.Tests/FopWatch.Functions.Tests.csproj "$functions_packages"
  case $? in
    1)
      functions=false
      left_out+=("FopWatch.Functions and its tests: the NuGet sources here lack: $missing_packages")
      ;;
    2)
      echo "The restore failed."
      exit 1
      ;;
  esac
else
  left_out+=("FopWatch.Functions and its tests: they build on the Azure part")
fi

echo "== Build"
# The solution without what is left out, as a filter of it.
solution=$(pwd)/FopWatch.slnx
leave_out='^$'
$functions || leave_out='Functions'
$azure || leave_out='Azure|Functions|Subscriber'
projects=$(grep -oE 'Path="[^"]+"' FopWatch.slnx | cut -d '"' -f 2 | grep -vE "$leave_out" | sed 's/.*/"&"/' | paste -sd ,)
built=${FOPWATCH_BUILT:-$work/built.slnf}
echo "{ \"solution\": { \"path\": \"$solution\", \"projects\": [$projects] } }" >"$built"
if ! dotnet build "$built" --nologo -v quiet -c Release; then
  echo "The build failed."
  exit 1
fi

passed=0 failed=0 skipped=0 broken=() ran=()
for project in tests/*/*.csproj; do
  name=$(basename "$project" .csproj)
  [[ $name == *Azure* ]] && ! $azure && continue
  [[ $name == *Functions* ]] && ! $functions && continue
  program=tests/$name/bin/Release/net10.0/$name.dll
  [ -f "${program%.dll}.runtimeconfig.json" ] || continue

  echo "== $name"
  dotnet "$program" -noColor -noLogo -xml "$work/$name.xml" "$@"
  code=$?
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
echo "== What ran"
printf '%s\n' "${ran[@]}"
if [ ${#left_out[@]} -gt 0 ]; then
  echo "== What was left out"
  printf '%s\n' "${left_out[@]}"
fi
if [ ${#broken[@]} -gt 0 ]; then
  echo "Failed: ${broken[*]}"
  # A test program that dies fails no test, and is a failure all the same.
  [ $failed -gt 0 ] || failed=1
fi
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ] && [ $passed -gt 0 ]
