// The Key Vault of notify tokens and provider keys. Its secrets are not made here: their values are nowhere in this folder.

import { roleIds } from '../roles.bicep'
import { Operator, Tags } from '../types.bicep'

@description('The vault\'s name.')
@minLength(3)
@maxLength(24)
param name string

@description('The region.')
param location string

@description('Tags for every resource.')
param tags Tags

@description('The id of the app\'s identity, by which its roles are named: unlike the object id, it is known before there is an identity.')
param identityId string

@description('The object id of the app\'s identity.')
param principalId string

@description('Who writes secrets; null for nobody.')
param operator Operator?

@description('Whether a deleted vault is kept for 90 days even from its owner.')
param purgeProtection bool

@description('Whether only private endpoints and the operators\' addresses lead to the vault.')
param isPrivate bool

@description('The operators\' addresses, in CIDR notation.')
param operatorIpRanges string[]

@description('The workspace that takes the vault\'s log.')
param workspaceId string

@description('Whether it can be deleted only after a lock is taken off.')
param isLocked bool

resource vault 'Microsoft.KeyVault/vaults@2026-02-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    tenantId: tenant().tenantId
    sku: {
      family: 'A'
      name: 'standard'
    }
    enableRbacAuthorization: true
    enableSoftDelete: true
    // Fixed when the vault is made, so the same with purge protection as without: it may be switched on later.
    softDeleteRetentionInDays: 90
    // Once on, it cannot be set to false again, only left out.
    enablePurgeProtection: purgeProtection ? true : null
    publicNetworkAccess: isPrivate && empty(operatorIpRanges) ? 'Disabled' : 'Enabled'
    networkAcls: {
      bypass: 'None'
      defaultAction: isPrivate ? 'Deny' : 'Allow'
      ipRules: map(isPrivate ? operatorIpRanges : [], range => { value: range })
    }
  }
}

resource reader 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(vault.id, identityId, 'Key Vault Secrets User')
  scope: vault
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roleIds['Key Vault Secrets User'])
  }
}

resource writer 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (operator != null) {
  name: guid(vault.id, operator.?principalId ?? '', 'Key Vault Secrets Officer')
  scope: vault
  properties: {
    principalId: operator.?principalId ?? ''
    principalType: operator.?principalType
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roleIds['Key Vault Secrets Officer'])
  }
}

resource lock 'Microsoft.Authorization/locks@2020-05-01' = if (isLocked) {
  name: 'keep'
  scope: vault
  properties: {
    level: 'CanNotDelete'
    notes: 'Holds notify tokens and provider keys.'
  }
}

// Who read or wrote which secret. Values are not in it.
// The version that Azure's own references use; there is no stable one with categories of logs.
#disable-next-line use-recent-api-versions
resource diagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'workspace'
  scope: vault
  properties: {
    workspaceId: workspaceId
    logs: [
      { category: 'AuditEvent', enabled: true }
    ]
  }
}

@description('The vault\'s id.')
output id string = vault.id

@description('The vault\'s name.')
output name string = vault.name

@description('The vault\'s URL, with a slash at the end.')
output uri string = vault.properties.vaultUri
