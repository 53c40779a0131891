#!/usr/bin/env bash
# Builds everything and runs every test. Arguments go to each test program: tests/run.sh -class '*PollPlan*'
set -uo pipefail
cd "$(dirname "$0")/.."

export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT

echo "== Build"
if ! dotnet build FopWatch.slnx --nologo -v quiet -c Release; then
  echo "The build failed."
  exit 1
fi

passed=0 failed=0 skipped=0 broken=()
for project in tests/*/*.csproj; do
  name=$(basename "$project" .csproj)
  program=tests/$name/bin/Release/net10.0/$name.dll
  [ -f "${program%.dll}.runtimeconfig.json" ] || continue

  echo "== $name"
  dotnet "$program" -noColor -noLogo -xml "$results/$name.xml" "$@"
  code=$?
  # A program that died, or that could not run a test, has no count to show for it.
  counts=$(grep -o '<assembly [^>]*>' "$results/$name.xml" 2>/dev/null | head -n 1)
  count() { sed -n "s/.* $1=\"\([0-9]*\)\".*/\1/p" <<<"$counts"; }
  passed=$((passed + $(count passed || echo 0) + 0))
  failed=$((failed + $(count failed || echo 0) + 0))
  skipped=$((skipped + $(count skipped || echo 0) + 0))
  if [ $code -ne 0 ]; then
    broken+=("$name")
  fi
done

echo
if [ ${#broken[@]} -gt 0 ]; then
  echo "Failed: ${broken[*]}"
  # A crash fails no test, and is a failure all the same.
  [ $failed -gt 0 ] || failed=1
fi
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ] && [ $passed -gt 0 ]
