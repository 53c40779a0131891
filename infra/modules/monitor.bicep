// Log Analytics, Application Insights that takes telemetry from known identities only, and the workbook.

import { roleIds } from '../roles.bicep'
import { Tags } from '../types.bicep'

@description('What the names of the resources end in.')
param suffix string

@description('The region.')
param location string

@description('Tags for every resource.')
param tags Tags

@description('How long telemetry is kept, in days.')
@minValue(30)
@maxValue(730)
param retentionDays int

@description('The most telemetry that is taken a day, in GB; -1 for any amount.')
@minValue(-1)
param dailyQuotaGb int

@description('The id of the app\'s identity, by which its roles are named: unlike the object id, it is known before there is an identity.')
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
    description: 'How jobs, notifications, polls and the outbox fare.'
    displayName: 'FopWatch ${suffix}'
    serializedData: loadTextContent('../workbook.json')
    sourceId: workspace.id
    version: '1.0'
  }
}

@description('The workspace\'s id.')
output workspaceId string = workspace.id

@description('Where the app sends its telemetry. Not a secret: without the role it admits nobody.')
output connectionString string = insights.properties.ConnectionString

@description('The id of Application Insights.')
output insightsId string = insights.id

@description('The workbook\'s id.')
output workbookId string = workbook.id
