#!/bin/sh
# Makes the notify tokens and API keys that a Key Vault lacks, and names the provider keys that it lacks. Changes no secret that is there.
#
# azd runs it after it has provisioned, with the outputs of main.bicep in the environment. By hand:
#   AZURE_SUBSCRIPTION_ID=… KEY_VAULT_NAME=kv-… TOKEN_SECRETS='media-token-1' KEY_SECRETS='media-access-key-1 media-secret-key-1' \
#     infra/tokens.sh
set -eu

: "${KEY_VAULT_NAME:?Set KEY_VAULT_NAME, or run azd provision}"
attempts=${ATTEMPTS:-12}
pause=${PAUSE_SECONDS:-10}

# The Azure CLI's own subscription need not be azd's.
azure() {
  if [ -n "${AZURE_SUBSCRIPTION_ID:-}" ]; then
    az "$@" --subscription "$AZURE_SUBSCRIPTION_ID"
  else
    az "$@"
  fi
}

# The names of all secrets of the vault, one a line. A role that was just assigned takes some minutes to count.
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

# Secrets go by a file that nobody else can read: the command line of a process is for everyone to see.
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
  echo "Made the secret $name."
  made=$((made + 1))
done

# An app that is there already looked for them in vain. On its own it looks again within a day.
if [ "$made" -gt 0 ] && [ -n "${FUNCTION_APP_ID:-}" ]; then
  # The URL holds the subscription. On Windows, Git's shell would take it for a path of a file.
  MSYS_NO_PATHCONV=1 az rest --method post --url "$FUNCTION_APP_ID/config/configreferences/appsettings/refresh?api-version=2025-03-01" --output none
fi

missing=0
for name in ${KEY_SECRETS:-}; do
  if ! has "$present" "$name"; then
    missing=$((missing + 1))
    echo "The secret $name is missing. Write the key into a file, without a line end, and"
    echo "  az keyvault secret set --vault-name $KEY_VAULT_NAME --name $name --file FILE --encoding utf-8 \\"
    echo "    --subscription ${AZURE_SUBSCRIPTION_ID:-<subscription>}"
  fi
done

if [ "$missing" -gt 0 ]; then
  echo "The app starts once these $missing secret(s) are there and it was told to look again:"
  echo "  az rest --method post --url '${FUNCTION_APP_ID:-<id of the function app>}/config/configreferences/appsettings/refresh?api-version=2025-03-01'"
fi
