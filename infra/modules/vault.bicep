// The Key Vault for notify tokens and provider keys. The templates create no secrets and contain no values of secrets.

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

@description('The resource id of the app\'s identity. Names of role assignments derive from it, because the object id is unknown until the identity exists.')
param identityId string

@description('The object id of the app\'s identity.')
param principalId string

@description('The identity that writes secrets; null for none.')
param operator Operator?

@description('Whether nobody can purge a deleted vault for 90 days.')
param purgeProtection bool

@description('Whether the vault is reachable only through private endpoints and from the operators\' addresses.')
param isPrivate bool

@description('The operators\' addresses, in CIDR notation.')
param operatorIpRanges string[]

@description('The workspace of the vault\'s log.')
param workspaceId string

@description('Whether it has a lock against deletion.')
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
    // Fixed when the vault is created, so the value suits a later purge protection too.
    softDeleteRetentionInDays: 90
    // Once true, it cannot be set to false, only omitted.
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

// The log of reads and writes of secrets, without their values.
// A preview version, as in Azure's own references: no stable version has log categories.
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

@description('The vault\'s URL, with a trailing slash.')
output uri string = vault.properties.vaultUri
