// A storage account without keys, and the app's roles on it.

import { roleIds } from '../roles.bicep'
import { Tags } from '../types.bicep'

@description('The account\'s name.')
@minLength(3)
@maxLength(24)
param name string

@description('The region.')
param location string

@description('Tags for every resource.')
param tags Tags

@description('The replication.')
param sku string

@description('The names of the app identity\'s roles on the account.')
param roles string[]

@description('The resource id of the app\'s identity. Names of role assignments derive from it, because the object id is unknown until the identity exists.')
param identityId string

@description('The object id of the app\'s identity.')
param principalId string

@description('A container to create; empty for none.')
param container string = ''

@description('Whether the account has only private endpoints.')
param isPrivate bool

@description('Whether it has a lock against deletion.')
param isLocked bool

resource account 'Microsoft.Storage/storageAccounts@2025-08-01' = {
  name: name
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: { name: sku }
  properties: {
    accessTier: 'Hot'
    allowBlobPublicAccess: false
    allowCrossTenantReplication: false
    allowSharedKeyAccess: false
    defaultToOAuthAuthentication: true
    minimumTlsVersion: 'TLS1_2'
    networkAcls: {
      bypass: 'None'
      defaultAction: isPrivate ? 'Deny' : 'Allow'
    }
    publicNetworkAccess: isPrivate ? 'Disabled' : 'Enabled'
    supportsHttpsTrafficOnly: true
  }
}

resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2025-08-01' = if (!empty(container)) {
  parent: account
  name: 'default'
}

resource packages 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-08-01' = if (!empty(container)) {
  parent: blobs
  name: empty(container) ? 'none' : container
  properties: { publicAccess: 'None' }
}

resource assignments 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for role in roles: {
    name: guid(account.id, identityId, role)
    scope: account
    properties: {
      principalId: principalId
      principalType: 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roleIds[role])
    }
  }
]

resource lock 'Microsoft.Authorization/locks@2020-05-01' = if (isLocked) {
  name: 'keep'
  scope: account
  properties: {
    level: 'CanNotDelete'
    notes: 'Holds jobs that nothing else holds.'
  }
}

@description('The account\'s id.')
output id string = account.id

@description('The account\'s name.')
output name string = account.name

@description('Its blob endpoint, with a trailing slash.')
output blobEndpoint string = account.properties.primaryEndpoints.blob

@description('Its queue endpoint, with a trailing slash.')
output queueEndpoint string = account.properties.primaryEndpoints.queue

@description('Its table endpoint, with a trailing slash.')
output tableEndpoint string = account.properties.primaryEndpoints.table
