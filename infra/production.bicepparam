// Production: zones, always-ready instances, alerts, private networking. Replace the sources and subscriptions with yours, and every
// placeholder, '<…>' and 00000000-…: a deployment with one is refused.
using 'main.bicep'

param environmentName = readEnvironmentVariable('AZURE_ENV_NAME', 'prod')
param location = readEnvironmentVariable('AZURE_LOCATION', 'eastus2')

// The identity that deploys, which fills the Key Vault with notify tokens.
var principalId = readEnvironmentVariable('AZURE_PRINCIPAL_ID', '')
param operator = empty(principalId) ? null : { principalId: principalId, principalType: 'ServicePrincipal' }

param sources = [
  {
    name: 'media'
    provider: 'Qiniu'
    notifyTokenSecrets: ['media-token-1']
    keySecrets: [{ accessKey: 'media-access-key-1', secretKey: 'media-secret-key-1' }]
  }
  {
    name: 'vod'
    provider: 'WangsuFops'
    statusEndpoint: 'https://<MgrDomain of the account>'
    notifyTokenSecrets: ['vod-token-1']
    keySecrets: [
      { accessKey: 'vod-access-key-1', secretKey: 'vod-secret-key-1' }
      { accessKey: 'vod-access-key-2', secretKey: 'vod-secret-key-2' }
    ]
    poll: { perSecond: '5' }
  }
]

// Examples, one for each receiver below. Remove those that nobody reads: they would fill the topic.
param subscriptions = [
  {
    name: 'settled'
    filters: [{ kind: 'correlation', label: 'fopwatch.job.settled' }]
  }
  {
    name: 'troubles'
    filters: [
      { kind: 'correlation', label: 'fopwatch.job.settled', properties: { state: 'partiallyFailed' } }
      { kind: 'correlation', label: 'fopwatch.job.settled', properties: { state: 'failed' } }
      { kind: 'correlation', label: 'fopwatch.job.settled', properties: { state: 'cancelled' } }
      { kind: 'correlation', label: 'fopwatch.job.settled', properties: { state: 'expired' } }
    ]
  }
  {
    name: 'vod-settled'
    filters: [{ kind: 'correlation', label: 'fopwatch.job.settled', properties: { source: 'vod' } }]
  }
  {
    // Correlation filters only compare for equality, so this one is SQL.
    name: 'lessons'
    filters: [{ kind: 'sql', expression: 'sys.Label = \'fopwatch.job.settled\' AND bucket LIKE \'lessons-%\'' }]
  }
]

// The identities of the applications that read them, by object id: az ad sp show --id <client id> --query id
param receivers = [
  { principalId: '00000000-0000-0000-0000-000000000000', principalType: 'ServicePrincipal', subscription: 'settled' }
  { principalId: '00000000-0000-0000-0000-000000000000', principalType: 'ServicePrincipal', subscription: 'troubles' }
  { principalId: '00000000-0000-0000-0000-000000000000', principalType: 'ServicePrincipal', subscription: 'vod-settled' }
  { principalId: '00000000-0000-0000-0000-000000000000', principalType: 'ServicePrincipal', subscription: 'lessons' }
]

// Partitions of the jobs' table per source, not buckets of a provider. Fixed once the table exists: for more than 10 million jobs of a source
// or 4,000 jobs/s, choose more before the first deployment.
param buckets = 16

// Two instances for two zones. Each timer scales separately: one starts watches, the other publishes events that were not published at once.
param alwaysReady = [
  { name: 'http', instanceCount: 2 }
  { name: 'durable', instanceCount: 2 }
  { name: 'function:StartDueWatches', instanceCount: 1 }
  { name: 'function:SweepOutbox', instanceCount: 1 }
]
param separateJobsStorage = true
param storageSku = 'Standard_ZRS'
param zoneRedundant = true

param privateNetworking = true
param operatorIpRanges = []
param deleteLocks = true

param alertEmails = ['<address>']
param logRetentionDays = 90

// Mails to alertEmails at 80 % of this amount a month, and when the forecast exceeds it. It stops nothing. README.md has the costs.
// param budget = { amount: 1200, from: '2026-12-01' }
