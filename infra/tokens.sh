#!/bin/sh
# Creates missing notify tokens and API keys in a Key Vault, and names missing provider keys. It never changes an existing secret.
#
# azd runs it after provisioning, with the outputs of main.bicep in the environment. By hand:
#   AZURE_SUBSCRIPTION_ID=… KEY_VAULT_NAME=kv-… TOKEN_SECRETS='media-token-1' KEY_SECRETS='media-access-key-1 media-secret-key-1' \
#     infra/tokens.sh
set -eu

: "${KEY_VAULT_NAME:?Set KEY_VAULT_NAME, or run azd provision}"
attempts=${ATTEMPTS:-12}
pause=${PAUSE_SECONDS:-10}

# The Azure CLI's default subscription may differ from azd's.
azure() {
  if [ -n "${AZURE_SUBSCRIPTION_ID:-}" ]; then
    az "$@" --subscription "$AZURE_SUBSCRIPTION_ID"
  else
    az "$@"
  fi
}

# The names of all secrets of the vault, one per line. A new role assignment takes some minutes to apply.
names() {
  attempt=1
  until azure keyvault secret list --vault-name "$KEY_VAULT_NAME" --query '[].name' --output tsv; do
    if [ "$attempt" -ge "$attempts" ]; then
      echo "Cannot read the secrets of $KEY_VAULT_NAME. This needs the role Key Vault Secrets Officer and, with private" >&2
      echo "networking, an address of operatorIpRanges or of the virtual network." >&2
      return 1
    fi
    attempt=$((attempt + 1))
    sleep "$pause"
  done
}

has() { # names, name
  printf '%s\n' "$1" | grep -qxF -- "$2"
}

present=$(names)

# Secrets are passed in a file that only this user can read, because all users can see the command line of a process.
umask 077
file=$(mktemp)
trap 'rm -f "$file"' EXIT

made=0
for name in ${TOKEN_SECRETS:-}; do
  if has "$present" "$name"; then
    continue
  fi
  # 32 of 0-9a-f: 128 bits.
  od -An -N16 -tx1 /dev/urandom | tr -d ' \n' >"$file"
  azure keyvault secret set --vault-name "$KEY_VAULT_NAME" --name "$name" --file "$file" --encoding utf-8 --output none
  echo "Created the secret $name."
  made=$((made + 1))
done

# A running app has already failed to read them. Without a refresh it reads them again within a day.
if [ "$made" -gt 0 ] && [ -n "${FUNCTION_APP_ID:-}" ]; then
  # The URL contains the subscription. On Windows, Git's shell would convert it to a file path.
  MSYS_NO_PATHCONV=1 az rest --method post --url "$FUNCTION_APP_ID/config/configreferences/appsettings/refresh?api-version=2025-03-01" --output none
fi

missing=0
for name in ${KEY_SECRETS:-}; do
  if ! has "$present" "$name"; then
    missing=$((missing + 1))
    echo "The secret $name is missing. Write the key into a file without a line end, and run"
    echo "  az keyvault secret set --vault-name $KEY_VAULT_NAME --name $name --file FILE --encoding utf-8 \\"
    echo "    --subscription ${AZURE_SUBSCRIPTION_ID:-<subscription>}"
  fi
done

if [ "$missing" -gt 0 ]; then
  echo "The app starts once these $missing secret(s) exist and it has been refreshed:"
  echo "  az rest --method post --url '${FUNCTION_APP_ID:-<id of the function app>}/config/configreferences/appsettings/refresh?api-version=2025-03-01'"
fi
