// What `azd up` deploys: small, public, cheap, and easy to delete. Other parameters have their defaults in main.bicep.
using 'main.bicep'

param environmentName = readEnvironmentVariable('AZURE_ENV_NAME', 'dev')
param location = readEnvironmentVariable('AZURE_LOCATION', 'eastus2')

// azd sets the id of the identity that runs it, which fills the Key Vault. Older versions of azd do not set its type.
var principalId = readEnvironmentVariable('AZURE_PRINCIPAL_ID', '')
var principalType = readEnvironmentVariable('AZURE_PRINCIPAL_TYPE', '')
param operator = empty(principalId)
  ? null
  : {
      principalId: principalId
      principalType: principalType == 'User' ? 'User' : principalType == 'ServicePrincipal' ? 'ServicePrincipal' : null
    }

// One source to start with. infra/tokens.sh creates its token.
param sources = [
  {
    name: 'media'
    provider: 'Qiniu'
    notifyTokenSecrets: ['media-token-1']
  }
]

param alertsEnabled = false
param logDailyQuotaGb = 1
param maximumInstanceCount = 40
param purgeProtection = false
param retention = '7.00:00:00'
