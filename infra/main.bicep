// FopWatch in Azure: a resource group with all resources. README.md in this folder describes how to deploy and run it.

targetScope = 'subscription'

import { AlwaysReady, ApiKey, Budget, NotifyUrl, Operator, Receiver, Source, Subscription, Tags } from 'types.bicep'

// --- Environment and deployer

@description('The environment\'s name: letters, digits and hyphens. Part of every resource\'s name.')
@minLength(2)
@maxLength(20)
param environmentName string

@description('The region. It must offer Flex Consumption: az functionapp list-flexconsumption-locations.')
param location string

@description('The resource group; created if it does not exist.')
@minLength(1)
@maxLength(90)
param resourceGroupName string = 'rg-${environmentName}'

@description('Tags for every resource.')
param tags Tags = {}

@description('The identity that deploys by hand and fills the Key Vault; null if it already has the role Key Vault Secrets Officer.')
param operator Operator?

// --- Sources and subscribers

@description('The sources. Their tokens and keys are secrets in the Key Vault, given here by name.')
param sources Source[] = []

@description('API keys with fewer rights than a function key.')
param apiKeys ApiKey[] = []

@description('The topic that events are published to.')
@minLength(1)
@maxLength(260)
param topicName string = 'fopwatch-events'

@description('The topic\'s subscriptions: one for each receiver. An unread subscription fills the topic until it accepts no events.')
param subscriptions Subscription[] = []

@description('The identities that may receive, and their subscriptions.')
param receivers Receiver[] = []

@description('How long the topic drops repetitions of an event (ISO 8601). It must cover the longest outage of Service Bus after it accepted one.')
@allowed(['PT1H', 'PT6H', 'PT12H', 'P1D', 'P2D', 'P7D'])
param duplicateDetectionWindow string = 'P1D'

@description('How long an event waits for its receiver before it is dead-lettered (ISO 8601).')
param messageTimeToLive string = 'P14D'

@description('How long a subscription may be without a receiver before Service Bus deletes it with its messages (ISO 8601). Longer than messageTimeToLive, so that dead letters are noticed first.')
param subscriptionIdleTime string = 'P30D'

@description('The capacity of the topic in megabytes, including the dead letters of all subscriptions. A full topic accepts no events.')
@allowed([1024, 2048, 3072, 4096, 5120])
param topicMegabytes int = 5120

@description('The URL at which providers reach the app, for a custom domain. Default: the Front Door\'s or the app\'s own.')
param publicUrl string = ''

@description('The URL at which applications reach the API, for links in events, for a custom domain. Default: the app\'s own host.')
param apiUrl string = ''

@description('The maximum size of a request body, in bytes.')
@minValue(65536)
@maxValue(67108864)
param maxBodyBytes int = 4194304

// --- Jobs

@description('The table of jobs.')
@minLength(3)
@maxLength(63)
param tableName string = 'fopwatch'

@description('The number of partitions of the table for the jobs of a source; unrelated to the buckets of a provider. Fixed once the table exists.')
@minValue(1)
@maxValue(256)
param buckets int = 16

@description('How long settled jobs are kept: [d.]hh:mm:ss, or a number with a unit, such as 30d.')
param retention string = '30.00:00:00'

@description('Whether jobs have a separate storage account, apart from that of the Functions host and of Durable Functions.')
param separateJobsStorage bool = false

@description('The replication of the storage accounts.')
@allowed(['Standard_LRS', 'Standard_ZRS', 'Standard_GRS', 'Standard_GZRS'])
param storageSku string = 'Standard_LRS'

// --- The app

@description('The memory of an instance, in MB. 512 is not offered in every region.')
@allowed([512, 2048, 4096])
param instanceMemoryMB int = 2048

@description('The maximum number of instances of each group of functions (HTTP, Durable, each timer), without always-ready instances.')
@minValue(1)
@maxValue(1000)
param maximumInstanceCount int = 100

@description('The number of concurrent HTTP requests per instance before the platform adds an instance. Up to 16 of them may be waiting calls. The app answers 503 above 256 notifications or 128 other requests at once.')
@minValue(17)
@maxValue(128)
param httpConcurrency int = 64

@description('How a deployment replaces instances. RollingUpdate, where offered, drains them in turn. Default: the platform\'s, which restarts all of them.')
param updateStrategy ('Recreate' | 'RollingUpdate')?

@description('Always-ready instances.')
param alwaysReady AlwaysReady[] = []

@description('Whether the app survives the loss of an availability zone. Not offered in every region: az functionapp list-flexconsumption-locations --zone-redundant=true. Set storageSku to Standard_ZRS or Standard_GZRS too.')
param zoneRedundant bool = false

@description('The tier of the Service Bus namespace. With privateServiceBus it is always Premium.')
@allowed(['Standard', 'Premium'])
param serviceBusSku string = 'Standard'

@description('Messaging units of the Premium tier.')
@allowed([1, 2, 4, 8, 16])
param serviceBusCapacity int = 1

// --- Telemetry and alerts

@description('The retention of telemetry, in days.')
@minValue(30)
@maxValue(730)
param logRetentionDays int = 30

@description('The daily quota of telemetry in GB; -1 for no limit. Excess telemetry is lost, and alerts cannot fire until the next day.')
@minValue(-1)
param logDailyQuotaGb int = -1

@description('The mail addresses that get alerts.')
param alertEmails string[] = []

@description('Whether alerts are enabled.')
param alertsEnabled bool = true

@description('The age of the oldest event in the outbox, in seconds, above which an alert fires.')
@minValue(60)
param alertOutboxAgeSeconds int = 600

@description('The share of failed polls of a source, in percent, above which an alert fires.')
@minValue(1)
@maxValue(100)
param alertFailedPollsPercent int = 50

@description('The number of quarantined notifications of a source per hour above which an alert fires.')
@minValue(0)
param alertQuarantinedPerHour int = 5

// --- Networks

@description('Whether storage and Key Vault have only private endpoints, and the app connects out through a virtual network, from one address.')
param privateNetworking bool = false

@description('With private networking: whether Service Bus also has only a private endpoint, which takes its Premium tier.')
param privateServiceBus bool = privateNetworking

@description('With private networking: whether the internet reaches the app only through a Front Door that admits notifications.')
param frontDoor bool = privateNetworking

@description('With a Front Door: the custom domain that providers call, with a certificate managed by Azure; empty for the Front Door\'s own host.')
param frontDoorDomain string = ''

@description('With a Front Door: the maximum number of notifications per minute and address. The excess is answered 429, after which Qiniu does not retry; polls find those jobs.')
@minValue(100)
@maxValue(1000000)
param notificationsPerMinute int = 12000

@description('The address range of the private network: a /24 or larger. Half of it is for the app, which takes one address per instance.')
param addressPrefix string = '10.40.0.0/24'

@description('With private networking: the addresses that may deploy the app and fill the Key Vault from outside, in CIDR notation.')
param operatorIpRanges string[] = []

@description('Whether storage accounts, Service Bus and Key Vault have locks against deletion.')
param deleteLocks bool = false

@description('A monthly budget that sends mails to alertEmails; null for none.')
param budget Budget?

@description('Whether nobody can purge a deleted Key Vault for 90 days. Once true, it cannot be set to false.')
param purgeProtection bool = true

// ---

// Placeholders of a parameter file: '<…>', and an identity of zeros. Azure would accept them as addresses and hosts.
var addresses = union(
  alertEmails,
  map(sources, one => one.?statusEndpoint ?? ''),
  map(sources, one => one.?workflowEndpoint ?? ''),
  map(receivers, one => one.principalId),
  [publicUrl, apiUrl, frontDoorDomain]
)
var placeholders = filter(addresses, one => contains(one, '<') || one == '00000000-0000-0000-0000-000000000000')
var checkedEmails = empty(placeholders) ? alertEmails : fail('Replace the placeholders of the parameter file: ${join(placeholders, ', ')}')

var token = uniqueString(subscription().id, resourceGroupName, environmentName, location)
var suffix = '${environmentName}-${take(token, 6)}'
var allTags = union(tags, { 'azd-env-name': environmentName, application: 'fopwatch' })
var packageContainer = 'packages'
var identityName = 'id-${suffix}'
var frontName = 'afd-${suffix}'
var frontEndpointName = 'notify-${suffix}'

var hasFront = privateNetworking && frontDoor
var hasPrivateBus = privateNetworking && privateServiceBus

var hostRoles = ['Storage Blob Data Owner', 'Storage Queue Data Contributor', 'Storage Table Data Contributor']
var jobsRoles = ['Storage Table Data Contributor']

resource group 'Microsoft.Resources/resourceGroups@2025-04-01' = {
  name: resourceGroupName
  location: location
  tags: allTags
}

// The identity's resource id is known before the identity exists, so what-if can evaluate what depends on it alone.
resource appIdentity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' existing = {
  scope: group
  name: identityName
}

module identity 'modules/identity.bicep' = {
  scope: group
  params: {
    name: identityName
    location: location
    tags: allTags
  }
}

module network 'modules/network.bicep' = if (privateNetworking) {
  scope: group
  params: {
    suffix: suffix
    location: location
    tags: allTags
    addressPrefix: addressPrefix
  }
}

module hostStorage 'modules/storage.bicep' = {
  scope: group
  params: {
    name: 'stfop${token}'
    location: location
    tags: allTags
    sku: storageSku
    roles: hostRoles
    identityId: appIdentity.id
    principalId: identity.outputs.principalId
    container: packageContainer
    isPrivate: privateNetworking
    isLocked: deleteLocks
  }
}

module jobsStorage 'modules/storage.bicep' = if (separateJobsStorage) {
  scope: group
  params: {
    name: 'stjob${token}'
    location: location
    tags: allTags
    sku: storageSku
    roles: jobsRoles
    identityId: appIdentity.id
    principalId: identity.outputs.principalId
    isPrivate: privateNetworking
    isLocked: deleteLocks
  }
}

module serviceBus 'modules/servicebus.bicep' = {
  scope: group
  params: {
    name: 'sb-${suffix}'
    location: location
    tags: allTags
    sku: hasPrivateBus ? 'Premium' : serviceBusSku
    capacity: serviceBusCapacity
    topicName: topicName
    duplicateDetectionWindow: duplicateDetectionWindow
    messageTimeToLive: messageTimeToLive
    subscriptionIdleTime: subscriptionIdleTime
    topicMegabytes: topicMegabytes
    subscriptions: subscriptions
    receivers: receivers
    identityId: appIdentity.id
    principalId: identity.outputs.principalId
    isPrivate: hasPrivateBus
    workspaceId: monitor.outputs.workspaceId
    isLocked: deleteLocks
  }
}

module vault 'modules/vault.bicep' = {
  scope: group
  params: {
    name: 'kv-fop-${token}'
    location: location
    tags: allTags
    identityId: appIdentity.id
    principalId: identity.outputs.principalId
    operator: operator
    purgeProtection: purgeProtection
    isPrivate: privateNetworking
    operatorIpRanges: operatorIpRanges
    workspaceId: monitor.outputs.workspaceId
    isLocked: deleteLocks
  }
}

module monitor 'modules/monitor.bicep' = {
  scope: group
  params: {
    suffix: suffix
    location: location
    tags: allTags
    retentionDays: logRetentionDays
    dailyQuotaGb: logDailyQuotaGb
    identityId: appIdentity.id
    principalId: identity.outputs.principalId
  }
}

module front 'modules/front.bicep' = if (hasFront) {
  scope: group
  params: {
    profileName: frontName
    endpointName: frontEndpointName
    tags: allTags
    domain: frontDoorDomain
    policyName: 'waf${token}'
    requestsPerMinute: notificationsPerMinute
    workspaceId: monitor.outputs.workspaceId
  }
}

module hostEndpoint 'modules/privateEndpoint.bicep' = [
  for part in ['blob', 'queue', 'table']: if (privateNetworking) {
    scope: group
    params: {
      name: 'pe-${part}-${suffix}'
      location: location
      tags: allTags
      subnetId: network!.outputs.endpointSubnetId
      targetId: hostStorage.outputs.id
      group: part
      zoneId: network!.outputs.zoneIds[part]
    }
  }
]

module jobsEndpoint 'modules/privateEndpoint.bicep' = if (privateNetworking && separateJobsStorage) {
  scope: group
  params: {
    name: 'pe-jobs-${suffix}'
    location: location
    tags: allTags
    subnetId: network!.outputs.endpointSubnetId
    targetId: jobsStorage!.outputs.id
    group: 'table'
    zoneId: network!.outputs.zoneIds.table
  }
}

module serviceBusEndpoint 'modules/privateEndpoint.bicep' = if (hasPrivateBus) {
  scope: group
  params: {
    name: 'pe-servicebus-${suffix}'
    location: location
    tags: allTags
    subnetId: network!.outputs.endpointSubnetId
    targetId: serviceBus.outputs.id
    group: 'namespace'
    zoneId: network!.outputs.zoneIds.namespace
  }
}

module vaultEndpoint 'modules/privateEndpoint.bicep' = if (privateNetworking) {
  scope: group
  params: {
    name: 'pe-vault-${suffix}'
    location: location
    tags: allTags
    subnetId: network!.outputs.endpointSubnetId
    targetId: vault.outputs.id
    group: 'vault'
    zoneId: network!.outputs.zoneIds.vault
  }
}

module functions 'modules/functions.bicep' = {
  scope: group
  params: {
    suffix: suffix
    location: location
    tags: allTags
    identityId: appIdentity.id
    identityClientId: identity.outputs.clientId
    hostBlobEndpoint: hostStorage.outputs.blobEndpoint
    hostQueueEndpoint: hostStorage.outputs.queueEndpoint
    hostTableEndpoint: hostStorage.outputs.tableEndpoint
    packageUrl: '${hostStorage.outputs.blobEndpoint}${packageContainer}'
    tableEndpoint: separateJobsStorage ? jobsStorage!.outputs.tableEndpoint : hostStorage.outputs.tableEndpoint
    tableName: tableName
    buckets: buckets
    retention: retention
    maxBodyBytes: maxBodyBytes
    serviceBusHostName: serviceBus.outputs.hostName
    topicName: topicName
    insightsConnectionString: monitor.outputs.connectionString
    vaultUri: vault.outputs.uri
    sources: sources
    apiKeys: apiKeys
    publicUrl: publicUrl
    apiUrl: apiUrl
    httpConcurrency: httpConcurrency
    updateStrategy: updateStrategy
    instanceMemoryMB: instanceMemoryMB
    maximumInstanceCount: maximumInstanceCount
    alwaysReadyInstances: alwaysReady
    zoneRedundant: zoneRedundant
    subnetId: privateNetworking ? network!.outputs.appSubnetId : null
    isPrivate: privateNetworking
    hasFront: hasFront
    frontDoorId: hasFront ? front!.outputs.frontDoorId : ''
    frontHostName: hasFront ? front!.outputs.hostName : ''
    operatorIpRanges: operatorIpRanges
  }
  // The app starts as soon as its settings exist. Every host that it resolves must have its private address by then.
  dependsOn: [hostEndpoint, jobsEndpoint, serviceBusEndpoint, vaultEndpoint]
}

module appEndpoint 'modules/privateEndpoint.bicep' = if (privateNetworking) {
  scope: group
  params: {
    name: 'pe-app-${suffix}'
    location: location
    tags: allTags
    subnetId: network!.outputs.endpointSubnetId
    targetId: functions.outputs.id
    group: 'sites'
    zoneId: network!.outputs.zoneIds.sites
  }
}

module frontRoute 'modules/frontRoute.bicep' = if (hasFront) {
  scope: group
  params: {
    profileName: frontName
    endpointName: frontEndpointName
    domain: frontDoorDomain
    appHostName: functions.outputs.hostName
  }
}

module alerts 'modules/alerts.bicep' = {
  scope: group
  params: {
    suffix: suffix
    location: location
    tags: allTags
    workspaceId: monitor.outputs.workspaceId
    serviceBusId: serviceBus.outputs.id
    topicName: serviceBus.outputs.topicName
    topicBytes: topicMegabytes * 1048576 / 2
    emails: checkedEmails
    enabled: alertsEnabled
    outboxAgeSeconds: alertOutboxAgeSeconds
    failedPollsPercent: alertFailedPollsPercent
    quarantinedPerHour: alertQuarantinedPerHour
  }
}

module spending 'modules/budget.bicep' = if (budget != null) {
  scope: group
  params: {
    suffix: suffix
    budget: budget!
    emails: alertEmails
  }
}

// --- Outputs

@description('The resource group.')
output AZURE_RESOURCE_GROUP string = group.name

@description('The function app.')
output FUNCTION_APP_NAME string = functions.outputs.name

@description('The function app\'s id.')
output FUNCTION_APP_ID string = functions.outputs.id

@description('The function app\'s own host.')
output FUNCTION_APP_HOST string = functions.outputs.hostName

@description('The URL at which providers reach the app.')
output PUBLIC_URL string = functions.outputs.publicUrl

@description('The URL at which applications reach the API.')
output API_URL string = functions.outputs.apiUrl

@description('The notify URL of each source, without its token, which is the value of any of the named secrets.')
output NOTIFY_URLS NotifyUrl[] = [
  for one in sources: {
    source: one.name
    url: '${functions.outputs.publicUrl}/api/notify/${one.name}/<token>'
    tokenSecrets: one.notifyTokenSecrets
  }
]

@description('The secrets of notify tokens and API keys, separated by spaces, for infra/tokens.sh.')
output TOKEN_SECRETS string = join(concat(flatten(map(sources, one => one.notifyTokenSecrets)), map(apiKeys, one => one.keySecret)), ' ')

@description('The secrets of provider keys, separated by spaces, for infra/tokens.sh.')
output KEY_SECRETS string = join(
  flatten(map(sources, one => flatten(map(one.?keySecrets ?? [], keys => [keys.accessKey, keys.secretKey])))),
  ' '
)

@description('The Key Vault of these secrets.')
output KEY_VAULT_NAME string = vault.outputs.name

@description('The Service Bus namespace of the topic.')
output SERVICEBUS_NAMESPACE string = serviceBus.outputs.hostName

@description('The topic that events are published to.')
output SERVICEBUS_TOPIC string = serviceBus.outputs.topicName

@description('The workbook.')
output WORKBOOK_URL string = '${environment().portal}/#@${tenant().tenantId}/resource${monitor.outputs.workbookId}/workbook'

@description('Application Insights.')
output INSIGHTS_URL string = '${environment().portal}/#@${tenant().tenantId}/resource${monitor.outputs.insightsId}/overview'

@description('The source address of polls; empty without private networking, when it changes.')
output OUTBOUND_ADDRESS string = privateNetworking ? network!.outputs.outboundAddress : ''

@description('The subnet for a deployment runner; empty without a private network.')
output RUNNER_SUBNET_ID string = privateNetworking ? network!.outputs.runnerSubnetId : ''
