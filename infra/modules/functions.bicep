// The function app on Flex Consumption, with its app settings.

import { AlwaysReady, ApiKey, Source, Tags } from '../types.bicep'

@description('The suffix of the resources\' names.')
param suffix string

@description('The region.')
param location string

@description('Tags for every resource.')
param tags Tags

@description('The id of the app\'s identity.')
param identityId string

@description('The client id of the app\'s identity.')
param identityClientId string

@description('The blob endpoint of the account of the Functions host and of Durable Functions.')
param hostBlobEndpoint string

@description('The queue endpoint of that account.')
param hostQueueEndpoint string

@description('The table endpoint of that account.')
param hostTableEndpoint string

@description('The container of the app\'s package.')
param packageUrl string

@description('The table endpoint of the account for jobs.')
param tableEndpoint string

@description('The table.')
param tableName string

@description('The number of partitions for the jobs of a source.')
param buckets int

@description('How long settled jobs are kept.')
param retention string

@description('The maximum size of a request body, in bytes.')
param maxBodyBytes int

@description('The host name of the Service Bus namespace.')
param serviceBusHostName string

@description('The topic.')
param topicName string

@description('The connection string of Application Insights.')
param insightsConnectionString string

@description('The URL of the Key Vault, with a slash at the end.')
param vaultUri string

@description('The sources.')
param sources Source[]

@description('The API keys.')
param apiKeys ApiKey[]

@description('The URL at which providers reach the app; empty for the Front Door\'s or, without one, the app\'s own.')
param publicUrl string

@description('The URL at which applications reach the API; empty for the app\'s own.')
param apiUrl string

@description('The number of concurrent HTTP requests per instance before the platform adds an instance.')
param httpConcurrency int

@description('How a deployment replaces instances; null for the platform\'s default.')
param updateStrategy ('Recreate' | 'RollingUpdate')?

@description('The memory of an instance, in MB.')
@allowed([512, 2048, 4096])
param instanceMemoryMB int

@description('The maximum number of instances of each group of functions, without always-ready instances.')
param maximumInstanceCount int

@description('Always-ready instances.')
param alwaysReadyInstances AlwaysReady[]

@description('Whether the instances are spread over availability zones.')
param zoneRedundant bool

@description('The subnet of outbound connections; null for none.')
param subnetId string?

@description('Whether the app is deployed only through its private endpoint or from the operators\' addresses.')
param isPrivate bool

@description('Whether the internet reaches the app only through a Front Door. Its id would show that too, but only once it exists.')
param hasFront bool

@description('The id of that Front Door; empty for none.')
param frontDoorId string

@description('The host of that Front Door; empty for none.')
param frontHostName string

@description('The addresses that may deploy the app from outside its private network, in CIDR notation.')
param operatorIpRanges string[]

@description('App settings, by name.')
type Settings = {
  @description('A value.')
  *: string
}

@description('App settings, by name, some of which may be omitted.')
type OptionalSettings = {
  @description('A value; null to omit the setting.')
  *: string?
}

// Without a version, so that the latest version of the secret applies.
func secret(vault string, name string) string => '@Microsoft.KeyVault(SecretUri=${vault}secrets/${name}/)'

func withoutNulls(settings OptionalSettings) Settings =>
  toObject(filter(items(settings), setting => setting.?value != null), setting => setting.key, setting => setting.?value ?? '')

func settingsOf(s Source, vault string) Settings =>
  union(
    withoutNulls({
      'FopWatch__Sources__${s.name}__Provider': s.provider
      'FopWatch__Sources__${s.name}__StatusEndpoint': s.?statusEndpoint
      'FopWatch__Sources__${s.name}__WorkflowEndpoint': s.?workflowEndpoint
      'FopWatch__Sources__${s.name}__Trust': s.?trust
      'FopWatch__Sources__${s.name}__Poll__First': s.?poll.?first
      'FopWatch__Sources__${s.name}__Poll__Factor': s.?poll.?factor
      'FopWatch__Sources__${s.name}__Poll__Max': s.?poll.?max
      'FopWatch__Sources__${s.name}__Poll__Deadline': s.?poll.?deadline
      'FopWatch__Sources__${s.name}__Poll__PerSecond': s.?poll.?perSecond
      'FopWatch__Sources__${s.name}__Poll__Plan': s.?poll.?plan
      'FopWatch__Sources__${s.name}__Poll__PerJob': s.?poll.?perJob
    }),
    toObject(
      range(0, length(s.notifyTokenSecrets)),
      i => 'FopWatch__Sources__${s.name}__NotifyTokens__${i}',
      i => secret(vault, s.notifyTokenSecrets[i])
    ),
    toObject(
      range(0, length(s.?keySecrets ?? [])),
      i => 'FopWatch__Sources__${s.name}__Keys__${i}__AccessKey',
      i => secret(vault, s.keySecrets![i].accessKey)
    ),
    toObject(
      range(0, length(s.?keySecrets ?? [])),
      i => 'FopWatch__Sources__${s.name}__Keys__${i}__SecretKey',
      i => secret(vault, s.keySecrets![i].secretKey)
    ),
    toObject(range(0, length(s.?domains ?? [])), i => 'FopWatch__Sources__${s.name}__Domains__${i}__Bucket', i => s.domains![i].bucket),
    toObject(range(0, length(s.?domains ?? [])), i => 'FopWatch__Sources__${s.name}__Domains__${i}__Url', i => s.domains![i].url),
    toObject(range(0, length(s.?buckets ?? [])), i => 'FopWatch__Sources__${s.name}__Buckets__${i}', i => s.buckets![i]),
    toObject(range(0, length(s.?pipelines ?? [])), i => 'FopWatch__Sources__${s.name}__Pipelines__${i}', i => s.pipelines![i])
  )

func settingsOfKey(k ApiKey, vault string) Settings =>
  union(
    {
      'FopWatch__ApiKeys__${k.name}__Key': secret(vault, k.keySecret)
      'FopWatch__ApiKeys__${k.name}__Rights': k.rights
    },
    toObject(range(0, length(k.?sources ?? [])), i => 'FopWatch__ApiKeys__${k.name}__Sources__${i}', i => k.sources![i])
  )

resource plan 'Microsoft.Web/serverfarms@2025-03-01' = {
  name: 'plan-${suffix}'
  location: location
  tags: tags
  kind: 'functionapp'
  sku: {
    name: 'FC1'
    tier: 'FlexConsumption'
  }
  properties: {
    reserved: true
    zoneRedundant: zoneRedundant
  }
}

resource app 'Microsoft.Web/sites@2025-03-01' = {
  name: 'func-${suffix}'
  location: location
  // azd deploys the service of this name in azure.yaml to the resource with this tag.
  tags: union(tags, { 'azd-service-name': 'functions' })
  kind: 'functionapp,linux'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: { '${identityId}': {} }
  }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    keyVaultReferenceIdentity: identityId
    publicNetworkAccess: 'Enabled'
    virtualNetworkSubnetId: subnetId
    functionAppConfig: {
      deployment: {
        storage: {
          type: 'blobContainer'
          value: packageUrl
          authentication: {
            type: 'UserAssignedIdentity'
            userAssignedIdentityResourceId: identityId
          }
        }
      }
      runtime: {
        name: 'dotnet-isolated'
        version: '10.0'
      }
      scaleAndConcurrency: {
        alwaysReady: alwaysReadyInstances
        instanceMemoryMB: instanceMemoryMB
        maximumInstanceCount: maximumInstanceCount
        triggers: {
          http: { perInstanceConcurrency: httpConcurrency }
        }
      }
      // Documented under "Site update strategies in Flex Consumption"; the compiler's types lack it.
      #disable-next-line BCP037
      siteUpdateStrategy: updateStrategy == null ? null : { type: updateStrategy }
    }
    // Flex Consumption refuses the properties listed under "Flex Consumption plan deprecations" in its reference, for example ftpsState.
    siteConfig: {
      http20Enabled: true
      minTlsVersion: '1.2'
      scmMinTlsVersion: '1.2'
      ipSecurityRestrictionsDefaultAction: hasFront ? 'Deny' : 'Allow'
      ipSecurityRestrictions: !hasFront
        ? []
        : [
            {
              name: 'notifications'
              description: 'Only requests through this deployment\'s Front Door.'
              action: 'Allow'
              priority: 100
              tag: 'ServiceTag'
              ipAddress: 'AzureFrontDoor.Backend'
              headers: { 'x-azure-fdid': [frontDoorId] }
            }
          ]
      scmIpSecurityRestrictionsUseMain: false
      scmIpSecurityRestrictionsDefaultAction: isPrivate ? 'Deny' : 'Allow'
      scmIpSecurityRestrictions: !isPrivate
        ? []
        : map(operatorIpRanges, (range, i) => {
            name: 'operator-${i}'
            action: 'Allow'
            priority: 100 + i
            tag: 'Default'
            ipAddress: range
          })
    }
  }

  // Deployments use Entra identities, not a user name and password. These policies are child resources of every site, not site properties;
  // Azure Policy audits both on function apps.
  resource scm 'basicPublishingCredentialsPolicies' = {
    name: 'scm'
    properties: { allow: false }
  }

  resource ftp 'basicPublishingCredentialsPolicies' = {
    name: 'ftp'
    properties: { allow: false }
  }
}

var ownUrl = 'https://${app.properties.defaultHostName}'
var url = !empty(publicUrl) ? publicUrl : hasFront ? 'https://${frontHostName}' : ownUrl

// The Front Door admits only notifications and upload callbacks, so links in events use the app's own host.
var linkUrl = empty(apiUrl) ? ownUrl : apiUrl

resource appSettings 'Microsoft.Web/sites/config@2025-03-01' = {
  parent: app
  name: 'appsettings'
  properties: reduce(
    concat(map(sources, s => settingsOf(s, vaultUri)), map(apiKeys, k => settingsOfKey(k, vaultUri))),
    {
      APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${identityClientId};Authorization=AAD'
      APPLICATIONINSIGHTS_CONNECTION_STRING: insightsConnectionString
      AZURE_CLIENT_ID: identityClientId
      AZURE_TOKEN_CREDENTIALS: 'ManagedIdentityCredential'
      AzureWebJobsStorage__blobServiceUri: hostBlobEndpoint
      AzureWebJobsStorage__clientId: identityClientId
      AzureWebJobsStorage__credential: 'managedidentity'
      AzureWebJobsStorage__queueServiceUri: hostQueueEndpoint
      AzureWebJobsStorage__tableServiceUri: hostTableEndpoint
      FopWatch__ApiUrl: linkUrl
      FopWatch__MaxBodyBytes: string(maxBodyBytes)
      FopWatch__PublicUrl: url
      FopWatch__Retention: retention
      FopWatch__ServiceBus__Namespace: serviceBusHostName
      FopWatch__ServiceBus__Topic: topicName
      FopWatch__Tables__Buckets: string(buckets)
      FopWatch__Tables__Name: tableName
      FopWatch__Tables__ServiceUri: tableEndpoint
    },
    (all, one) => union(all, one)
  )
}

@description('The app\'s id.')
output id string = app.id

@description('The app\'s name.')
output name string = app.name

@description('The app\'s own host.')
output hostName string = app.properties.defaultHostName

@description('The URL at which providers reach the app.')
output publicUrl string = url

@description('The URL at which applications reach the API.')
output apiUrl string = linkUrl
