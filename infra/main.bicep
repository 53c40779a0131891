// FopWatch in Azure: a resource group with everything in it. README.md beside this file tells how to deploy and run it.

targetScope = 'subscription'

import { AlwaysReady, ApiKey, Budget, NotifyUrl, Operator, Receiver, Source, Subscription, Tags } from 'types.bicep'

// --- Where and who

@description('The environment\'s name, of letters, digits and hyphens. It is part of every resource\'s name.')
@minLength(2)
@maxLength(20)
param environmentName string

@description('The region. Flex Consumption has to be there: az functionapp list-flexconsumption-locations.')
param location string

@description('The resource group; made if there is none.')
@minLength(1)
@maxLength(90)
param resourceGroupName string = 'rg-${environmentName}'

@description('Tags for every resource.')
param tags Tags = {}

@description('Who deploys by hand and fills the Key Vault; null if that is done by somebody who has the role Key Vault Secrets Officer already.')
param operator Operator?

// --- What is watched, and who is told

@description('The sources. Their tokens and keys are secrets of the Key Vault; here are only their names.')
param sources Source[] = []

@description('The API keys of callers who may do less than the holder of a function key.')
param apiKeys ApiKey[] = []

@description('The topic that events are published to.')
@minLength(1)
@maxLength(260)
param topicName string = 'fopwatch-events'

@description('The topic\'s subscriptions: one for each receiver. What nobody reads fills the topic until it takes nothing more.')
param subscriptions Subscription[] = []

@description('Who may receive from which subscription.')
param receivers Receiver[] = []

@description('For how long the topic drops repetitions of an event (ISO 8601): as long as Service Bus may be out of reach after it took one.')
@allowed(['PT1H', 'PT6H', 'PT12H', 'P1D', 'P2D', 'P7D'])
param duplicateDetectionWindow string = 'P1D'

@description('For how long an event waits for its receiver before it is dead-lettered (ISO 8601).')
param messageTimeToLive string = 'P14D'

@description('For how long a subscription may be without a receiver before Service Bus deletes it with all that waits in it (ISO 8601); longer than messageTimeToLive, so that its dead letters are seen first.')
param subscriptionIdleTime string = 'P30D'

@description('How much the topic holds, dead letters of all subscriptions included, in megabytes. When it is full it takes nothing more.')
@allowed([1024, 2048, 3072, 4096, 5120])
param topicMegabytes int = 5120

@description('The URL that providers reach the app under, where that is neither the app\'s own nor the Front Door\'s: a domain of yours.')
param publicUrl string = ''

@description('The URL that applications reach the API under, for links in events, where that is not the app\'s own host: a domain of yours.')
param apiUrl string = ''

@description('The largest request body that is taken, in bytes.')
@minValue(65536)
@maxValue(67108864)
param maxBodyBytes int = 4194304

// --- Jobs

@description('The table of jobs.')
@minLength(3)
@maxLength(63)
param tableName string = 'fopwatch'

@description('Into how many partitions the jobs of a source are spread. Fixed once the table exists.')
@minValue(1)
@maxValue(256)
param buckets int = 16

@description('How long settled jobs are kept, [d.]hh:mm:ss.')
param retention string = '30.00:00:00'

@description('Whether jobs have a storage account of their own, apart from that of the Functions host and of Durable Functions.')
param separateJobsStorage bool = false

@description('How data is replicated.')
@allowed(['Standard_LRS', 'Standard_ZRS', 'Standard_GRS', 'Standard_GZRS'])
param storageSku string = 'Standard_LRS'

// --- The app

@description('The memory of an instance, in MB. 512 is not offered in every region.')
@allowed([512, 2048, 4096])
param instanceMemoryMB int = 2048

@description('The most instances of each group of functions (HTTP, Durable, each timer), not counting those that are always there.')
@minValue(1)
@maxValue(1000)
param maximumInstanceCount int = 100

@description('How many HTTP requests an instance takes at once before there is another instance. Up to 16 of them may be waiting calls. The app answers 503 to more than 256 notifications or 128 other requests at once.')
@minValue(17)
@maxValue(128)
param httpConcurrency int = 64

@description('How instances are replaced by a deployment. RollingUpdate, where it is offered, drains them in turn. Left out: the platform\'s default, which restarts all of them.')
param updateStrategy ('Recreate' | 'RollingUpdate')?

@description('Instances that are always there.')
param alwaysReady AlwaysReady[] = []

@description('Whether the app survives the loss of an availability zone. Not offered in every region: az functionapp list-flexconsumption-locations --zone-redundant=true. Set storageSku to Standard_ZRS or Standard_GZRS too.')
param zoneRedundant bool = false

@description('The tier of the Service Bus namespace. With privateServiceBus it is Premium whatever is said here.')
@allowed(['Standard', 'Premium'])
param serviceBusSku string = 'Standard'

@description('Messaging units of the Premium tier.')
@allowed([1, 2, 4, 8, 16])
param serviceBusCapacity int = 1

// --- What is seen

@description('How long telemetry is kept, in days.')
@minValue(30)
@maxValue(730)
param logRetentionDays int = 30

@description('The most telemetry that is taken a day, in GB; -1 for any amount. What is over it is lost, and alerts are blind until the next day.')
@minValue(-1)
param logDailyQuotaGb int = -1

@description('Whom alerts write to.')
param alertEmails string[] = []

@description('Whether alerts are on.')
param alertsEnabled bool = true

@description('For how many seconds the oldest event may wait in the outbox before there is an alert.')
@minValue(60)
param alertOutboxAgeSeconds int = 600

@description('What share of a source\'s polls may fail before there is an alert, in percent.')
@minValue(1)
@maxValue(100)
param alertFailedPollsPercent int = 50

@description('How many notifications of a source may go to quarantine within an hour before there is an alert.')
@minValue(0)
param alertQuarantinedPerHour int = 5

// --- Networks

@description('Whether storage and Key Vault are reached by private endpoints alone, and the app reaches out through a virtual network, by one address.')
param privateNetworking bool = false

@description('With private networking: whether Service Bus has a private endpoint alone too, which takes its Premium tier.')
param privateServiceBus bool = privateNetworking

@description('With private networking: whether the app is reached from the internet only through a Front Door that lets notifications through.')
param frontDoor bool = privateNetworking

@description('With a Front Door: a domain of yours that providers call, with a certificate of Azure\'s; empty for the Front Door\'s own.')
param frontDoorDomain string = ''

@description('With a Front Door: how many notifications a minute one address may send. What is over that is answered 429, which Qiniu does not repeat; polls find those jobs.')
@minValue(100)
@maxValue(1000000)
param notificationsPerMinute int = 12000

@description('The addresses of the private network: a /24 or more. Half of them are for the app, which takes one for each instance.')
param addressPrefix string = '10.40.0.0/24'

@description('With private networking: the addresses that may deploy the app and fill the Key Vault from outside, in CIDR notation.')
param operatorIpRanges string[] = []

@description('Whether storage accounts, Service Bus and Key Vault can be deleted only after their locks are taken off.')
param deleteLocks bool = false

@description('A monthly budget, whose mails go to alertEmails; null for none.')
param budget Budget?

@description('Whether a deleted Key Vault is kept for 90 days even from its owner. Once true, it cannot be undone.')
param purgeProtection bool = true

// ---

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

// The identity's id, which is known before it is made: what depends on nothing else can be foreseen by what-if.
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
  // The app starts once its settings are there; by then everything that it looks up has to have a private address.
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
    emails: alertEmails
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

// --- What comes next

@description('The resource group.')
output AZURE_RESOURCE_GROUP string = group.name

@description('The function app.')
output FUNCTION_APP_NAME string = functions.outputs.name

@description('The function app\'s id.')
output FUNCTION_APP_ID string = functions.outputs.id

@description('The function app\'s own host.')
output FUNCTION_APP_HOST string = functions.outputs.hostName

@description('The URL that providers reach the app under.')
output PUBLIC_URL string = functions.outputs.publicUrl

@description('The URL that applications reach the API under.')
output API_URL string = functions.outputs.apiUrl

@description('The notify URL of each source. The token is not here: it is the value of any of the secrets that are named.')
output NOTIFY_URLS NotifyUrl[] = [
  for one in sources: {
    source: one.name
    url: '${functions.outputs.publicUrl}/api/notify/${one.name}/<token>'
    tokenSecrets: one.notifyTokenSecrets
  }
]

@description('The secrets of notify tokens and API keys, separated by blanks, for infra/tokens.sh.')
output TOKEN_SECRETS string = join(concat(flatten(map(sources, one => one.notifyTokenSecrets)), map(apiKeys, one => one.keySecret)), ' ')

@description('The secrets of provider keys, separated by blanks, for infra/tokens.sh.')
output KEY_SECRETS string = join(
  flatten(map(sources, one => flatten(map(one.?keySecrets ?? [], keys => [keys.accessKey, keys.secretKey])))),
  ' '
)

@description('The Key Vault that all those are in.')
output KEY_VAULT_NAME string = vault.outputs.name

@description('The Service Bus namespace that events are published to.')
output SERVICEBUS_NAMESPACE string = serviceBus.outputs.hostName

@description('The topic that events are published to.')
output SERVICEBUS_TOPIC string = serviceBus.outputs.topicName

@description('The workbook.')
output WORKBOOK_URL string = '${environment().portal}/#@${tenant().tenantId}/resource${monitor.outputs.workbookId}/workbook'

@description('Application Insights.')
output INSIGHTS_URL string = '${environment().portal}/#@${tenant().tenantId}/resource${monitor.outputs.insightsId}/overview'

@description('The address that status APIs see polls come from; empty where it is one of the platform\'s, which changes.')
output OUTBOUND_ADDRESS string = privateNetworking ? network!.outputs.outboundAddress : ''

@description('The subnet for a machine that deploys; empty without a private network.')
output RUNNER_SUBNET_ID string = privateNetworking ? network!.outputs.runnerSubnetId : ''
