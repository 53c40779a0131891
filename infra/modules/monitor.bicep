// Log Analytics, Application Insights that accepts telemetry only from identities with a role, and the workbook.

import { roleIds } from '../roles.bicep'
import { Tags } from '../types.bicep'

@description('The suffix of the resources\' names.')
param suffix string

@description('The region.')
param location string

@description('Tags for every resource.')
param tags Tags

@description('The retention of telemetry, in days.')
@minValue(30)
@maxValue(730)
param retentionDays int

@description('The daily quota of telemetry in GB; -1 for no limit.')
@minValue(-1)
param dailyQuotaGb int

@description('The resource id of the app\'s identity. Names of role assignments derive from it, because the object id is unknown until the identity exists.')
param identityId string

@description('The object id of the app\'s identity.')
param principalId string

resource workspace 'Microsoft.OperationalInsights/workspaces@2026-03-01' = {
  name: 'log-${suffix}'
  location: location
  tags: tags
  properties: {
    sku: { name: 'PerGB2018' }
    retentionInDays: retentionDays
    workspaceCapping: { dailyQuotaGb: dailyQuotaGb }
    features: {
      disableLocalAuth: true
      enableLogAccessUsingOnlyResourcePermissions: true
    }
  }
}

resource insights 'Microsoft.Insights/components@2020-02-02' = {
  name: 'appi-${suffix}'
  location: location
  tags: tags
  kind: 'web'
  properties: {
    Application_Type: 'web'
    DisableLocalAuth: true
    IngestionMode: 'LogAnalytics'
    WorkspaceResourceId: workspace.id
  }
}

resource publisher 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(insights.id, identityId, 'Monitoring Metrics Publisher')
  scope: insights
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roleIds['Monitoring Metrics Publisher'])
  }
}

resource workbook 'Microsoft.Insights/workbooks@2023-06-01' = {
  name: guid(workspace.id, 'fopwatch')
  location: location
  tags: tags
  kind: 'shared'
  properties: {
    category: 'workbook'
    description: 'Jobs, notifications, polls and the outbox.'
    displayName: 'FopWatch ${suffix}'
    serializedData: loadTextContent('../workbook.json')
    sourceId: workspace.id
    version: '1.0'
  }
}

@description('The workspace\'s id.')
output workspaceId string = workspace.id

@description('The connection string for telemetry. Not a secret: sending takes the role as well.')
output connectionString string = insights.properties.ConnectionString

@description('The id of Application Insights.')
output insightsId string = insights.id

@description('The workbook\'s id.')
output workbookId string = workbook.id
