#!/bin/sh
# Waits until the deployed app works: /health/ready answers 200, Azure lists all functions of the package, and the timers have run since the
# script started. After a deployment to Flex Consumption, functions may be missing and timers may not run until the triggers are synchronised,
# so the script synchronises them at the start and every minute. After ten minutes it fails and says what is missing.
#
# The workflow runs it after each deployment, with the outputs of main.bicep in the environment. It needs the Azure CLI, curl, jq and unzip.
set -eu

: "${AZURE_RESOURCE_GROUP:?}" "${FUNCTION_APP_NAME:?}" "${FUNCTION_APP_ID:?}" "${FUNCTION_APP_HOST:?}"
: "${FUNCTIONS_PACKAGE:?Set FUNCTIONS_PACKAGE to the package that was deployed}"
attempts=${ATTEMPTS:-60}
pause=${PAUSE_SECONDS:-10}
between_syncs=6

began=$(date -u +%Y-%m-%dT%H:%M:%S)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
unzip -p "$FUNCTIONS_PACKAGE" functions.metadata | jq -r '.[].name' | sort >"$work/expected"
test -s "$work/expected"

# Prints the first problem; nothing if there is none.
wrong() {
  # The app itself issues its keys, so there are none before it runs.
  key=$(az functionapp keys list --resource-group "$AZURE_RESOURCE_GROUP" --name "$FUNCTION_APP_NAME" \
    --query functionKeys.default --output tsv || true)
  if [ -n "$key" ] && [ -n "${GITHUB_ACTIONS:-}" ]; then
    echo "::add-mask::$key" >&2
  fi

  # The app's own host, because the Front Door does not route /health.
  status=$(curl --silent --max-time 20 --output "$work/ready.json" --write-out '%{http_code}' \
    --header "x-functions-key: $key" "https://$FUNCTION_APP_HOST/health/ready" || true)
  if [ "$status" != 200 ]; then
    echo "/health/ready answers $status."
    return
  fi

  az functionapp function list --resource-group "$AZURE_RESOURCE_GROUP" --name "$FUNCTION_APP_NAME" --query '[].name' --output tsv \
    | sed 's:.*/::' | sort >"$work/listed" || true
  missing=$(comm -23 "$work/expected" "$work/listed" | tr '\n' ' ')
  if [ -n "$missing" ]; then
    echo "Azure does not list these functions: $missing"
    return
  fi

  ran=$(jq -r '.timersRanAt // ""' "$work/ready.json" | cut -c 1-19)
  if ! expr "x$ran" '>' "x$began" >/dev/null; then
    echo "The timers have not run since $began."
  fi
}

attempt=1
while [ "$attempt" -le "$attempts" ]; do
  # Otherwise the previous version of the app may answer, with triggers that are not synchronised.
  if [ $(((attempt - 1) % between_syncs)) -eq 0 ]; then
    az rest --method post --url "$FUNCTION_APP_ID/syncfunctiontriggers?api-version=2024-04-01" --output none || true
  fi

  problem=$(wrong)
  if [ -z "$problem" ]; then
    echo "The app is ready, all its functions are listed, and its timers run."
    exit 0
  fi

  echo "Attempt $attempt: $problem"
  attempt=$((attempt + 1))
  sleep "$pause"
done

echo "The app was deployed but does not work: $problem Its log names the cause: an invalid setting, a missing secret, or storage." >&2
cat "$work/ready.json" >&2 || true
exit 1
