// The namespace, the topic and its subscriptions, and who may send and receive.

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

@description('For how long the topic remembers message ids.')
param duplicateDetectionWindow string

@description('For how long a message waits for its receiver before it is dead-lettered.')
param messageTimeToLive string

@description('For how long a subscription may be without a receiver before it is deleted.')
param subscriptionIdleTime string

@description('How much the topic holds, in megabytes.')
param topicMegabytes int

@description('The subscriptions.')
param subscriptions Subscription[]

@description('Who may receive.')
param receivers Receiver[]

@description('The id of the app\'s identity, by which its roles are named: unlike the object id, it is known before there is an identity.')
param identityId string

@description('The object id of the app\'s identity.')
param principalId string

@description('Whether only private endpoints lead to the namespace.')
param isPrivate bool

@description('The workspace that takes the namespace\'s log.')
param workspaceId string

@description('Whether it can be deleted only after a lock is taken off.')
param isLocked bool

// The rules of all subscriptions in one list. The first of each replaces the rule «everything» that a new subscription has.
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
      // Dead letters never expire and count towards the topic's size. With this, those that nobody reads go.
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

// What was changed about topics and subscriptions, and by whom.
// The version that Azure's own references use; there is no stable one with categories of logs.
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
