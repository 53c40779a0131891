// The namespace, the topic, its subscriptions, and the roles to send and receive.

import { roleIds } from '../roles.bicep'
import { Receiver, Subscription, Tags } from '../types.bicep'

@description('The namespace\'s name.')
@minLength(6)
@maxLength(50)
param name string

@description('The region.')
param location string

@description('Tags for every resource.')
param tags Tags

@description('The tier. Private endpoints need Premium.')
@allowed(['Standard', 'Premium'])
param sku string

@description('Messaging units of the Premium tier.')
@allowed([1, 2, 4, 8, 16])
param capacity int

@description('The topic\'s name.')
param topicName string

@description('How long the topic remembers message ids.')
param duplicateDetectionWindow string

@description('How long a message waits for its receiver before it is dead-lettered.')
param messageTimeToLive string

@description('How long a subscription may be without a receiver before it is deleted.')
param subscriptionIdleTime string

@description('The capacity of the topic, in megabytes.')
param topicMegabytes int

@description('The subscriptions.')
param subscriptions Subscription[]

@description('The identities that may receive.')
param receivers Receiver[]

@description('The resource id of the app\'s identity. Names of role assignments derive from it, because the object id is unknown until the identity exists.')
param identityId string

@description('The object id of the app\'s identity.')
param principalId string

@description('Whether the namespace has only private endpoints.')
param isPrivate bool

@description('The workspace of the namespace\'s log.')
param workspaceId string

@description('Whether it has a lock against deletion.')
param isLocked bool

// The rules of all subscriptions in one list. The first rule of each replaces the match-all rule of a new subscription.
var rules = flatten(map(
  subscriptions,
  s =>
    map(s.?filters ?? [], (one, i) => {
      subscription: s.name
      name: i == 0 ? '$Default' : 'filter-${i}'
      filter: one
    })
))

resource namespace 'Microsoft.ServiceBus/namespaces@2026-01-01' = {
  name: name
  location: location
  tags: tags
  sku: {
    name: sku
    tier: sku
    capacity: sku == 'Premium' ? capacity : null
  }
  properties: {
    disableLocalAuth: true
    minimumTlsVersion: '1.2'
    publicNetworkAccess: isPrivate ? 'Disabled' : 'Enabled'
  }
}

resource topic 'Microsoft.ServiceBus/namespaces/topics@2026-01-01' = {
  parent: namespace
  name: topicName
  properties: {
    defaultMessageTimeToLive: messageTimeToLive
    duplicateDetectionHistoryTimeWindow: duplicateDetectionWindow
    enableBatchedOperations: true
    maxSizeInMegabytes: topicMegabytes
    requiresDuplicateDetection: true
    supportOrdering: true
  }
}

resource topicSubscriptions 'Microsoft.ServiceBus/namespaces/topics/subscriptions@2026-01-01' = [
  for s in subscriptions: {
    parent: topic
    name: s.name
    properties: {
      // Dead letters never expire and count towards the topic's size. This deletes those of unread subscriptions.
      autoDeleteOnIdle: subscriptionIdleTime
      deadLetteringOnFilterEvaluationExceptions: true
      deadLetteringOnMessageExpiration: true
      defaultMessageTimeToLive: messageTimeToLive
      enableBatchedOperations: true
      lockDuration: 'PT1M'
      maxDeliveryCount: s.?maxDeliveryCount ?? 10
    }
  }
]

resource ruled 'Microsoft.ServiceBus/namespaces/topics/subscriptions@2026-01-01' existing = [
  for rule in rules: {
    parent: topic
    name: rule.subscription
  }
]

@batchSize(1)
resource topicRules 'Microsoft.ServiceBus/namespaces/topics/subscriptions/rules@2026-01-01' = [
  for (rule, i) in rules: {
    parent: ruled[i]
    name: rule.name
    properties: rule.filter.kind == 'sql'
      ? {
          filterType: 'SqlFilter'
          sqlFilter: { sqlExpression: rule.filter.expression }
        }
      : {
          filterType: 'CorrelationFilter'
          correlationFilter: {
            label: rule.filter.?label
            properties: rule.filter.?properties
          }
        }
    dependsOn: [topicSubscriptions]
  }
]

resource sender 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(topic.id, identityId, 'Azure Service Bus Data Sender')
  scope: topic
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roleIds['Azure Service Bus Data Sender'])
  }
}

resource received 'Microsoft.ServiceBus/namespaces/topics/subscriptions@2026-01-01' existing = [
  for r in receivers: {
    parent: topic
    name: r.subscription
  }
]

resource receiving 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for (r, i) in receivers: {
    name: guid(topic.id, r.subscription, r.principalId, 'Azure Service Bus Data Receiver')
    scope: received[i]
    properties: {
      principalId: r.principalId
      principalType: r.principalType
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roleIds['Azure Service Bus Data Receiver'])
    }
    dependsOn: [topicSubscriptions]
  }
]

resource lock 'Microsoft.Authorization/locks@2020-05-01' = if (isLocked) {
  name: 'keep'
  scope: namespace
  properties: {
    level: 'CanNotDelete'
    notes: 'Holds events that receivers have not taken yet.'
  }
}

// The log of changes to topics and subscriptions.
// A preview version, as in Azure's own references: no stable version has log categories.
#disable-next-line use-recent-api-versions
resource diagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'workspace'
  scope: namespace
  properties: {
    workspaceId: workspaceId
    logs: [
      { category: 'OperationalLogs', enabled: true }
    ]
  }
}

@description('The namespace\'s id.')
output id string = namespace.id

@description('The namespace\'s host name.')
output hostName string = split(replace(namespace.properties.serviceBusEndpoint, 'https://', ''), ':')[0]

@description('The topic\'s name.')
output topicName string = topic.name
