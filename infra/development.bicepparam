// What `azd up` deploys: small, public, cheap, and easy to throw away. Everything else has its default in main.bicep.
using 'main.bicep'

param environmentName = readEnvironmentVariable('AZURE_ENV_NAME', 'dev')
param location = readEnvironmentVariable('AZURE_LOCATION', 'eastus2')

// azd says who runs it; that identity fills the Key Vault.
var principalId = readEnvironmentVariable('AZURE_PRINCIPAL_ID', '')
param operator = empty(principalId)
  ? null
  : {
      principalId: principalId
      principalType: readEnvironmentVariable('AZURE_PRINCIPAL_TYPE', 'User') == 'ServicePrincipal' ? 'ServicePrincipal' : 'User'
    }

// One source to start with. Its token is made by infra/tokens.sh.
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
