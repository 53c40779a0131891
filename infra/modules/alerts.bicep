// What somebody has to know at once. Every condition is over a metric of the app's meter; dead letters and the topic's size are Service Bus's own.

import { Tags } from '../types.bicep'

@description('What the names of the resources end in.')
param suffix string

@description('The region.')
param location string

@description('Tags for every resource.')
param tags Tags

@description('The workspace that the app\'s metrics arrive in.')
param workspaceId string

@description('The Service Bus namespace.')
param serviceBusId string

@description('The topic.')
param topicName string

@description('From how many bytes on the topic is filling up.')
param topicBytes int

@description('Whom to write to.')
param emails string[]

@description('Whether the alerts are on.')
param enabled bool

@description('For how many seconds the oldest event may wait in the outbox.')
@minValue(60)
param outboxAgeSeconds int

@description('What share of a source\'s polls may fail, in percent.')
@minValue(1)
@maxValue(100)
param failedPollsPercent int

@description('How many notifications of a source may go to quarantine within an hour.')
@minValue(0)
param quarantinedPerHour int

// One row of AppMetrics is what one instance measured in about a minute: counters and histograms have sums there, gauges a value.
var rules = [
  {
    name: 'outbox-waits'
    displayName: 'Events wait to be published'
    description: 'The oldest event has been in the outbox for too long: Service Bus is down, full, or refuses the app.'
    severity: 1
    query: '''
      AppMetrics
      | where Name == 'fopwatch.outbox.age'
      | project TimeGenerated, Value = Sum / ItemCount
    '''
    aggregation: 'Maximum'
    operator: 'GreaterThan'
    threshold: outboxAgeSeconds
    window: 'PT10M'
    frequency: 'PT5M'
    dimension: ''
  }
  {
    name: 'events-refused'
    displayName: 'Single events are not published'
    description: 'Service Bus refuses them, or their rows cannot be read. All others are published, and these are retried.'
    severity: 2
    query: '''
      AppMetrics
      | where Name == 'fopwatch.outbox.refused'
      | project TimeGenerated, Value = Sum / ItemCount
    '''
    aggregation: 'Minimum'
    operator: 'GreaterThan'
    threshold: 0
    window: 'PT30M'
    frequency: 'PT15M'
    dimension: ''
  }
  {
    name: 'notifications-refused'
    displayName: 'Notifications are answered 5xx'
    description: 'The store could not take notifications. Providers try again for 5 minutes (Wangsu) to 2 hours (Qiniu); polls find the rest.'
    severity: 1
    query: '''
      AppMetrics
      | where Name == 'fopwatch.notifications.failed'
      | project TimeGenerated, Value = Sum, Source = tostring(Properties.source)
    '''
    aggregation: 'Total'
    operator: 'GreaterThan'
    threshold: 0
    window: 'PT5M'
    frequency: 'PT5M'
    dimension: 'Source'
  }
  {
    name: 'polls-fail'
    displayName: 'Polls of a source fail'
    description: 'The status API of a source is down, throttles, or does not accept the questions. Notifications still settle jobs.'
    severity: 2
    query: '''
      AppMetrics
      | where Name == 'fopwatch.polls'
      | extend Source = tostring(Properties.source), Answer = tostring(Properties.answer)
      | summarize Failed = sumif(Sum, Answer in ('Throttled', 'Unavailable', 'Refused')), Asked = sum(Sum)
          by Source, bin(TimeGenerated, 15m)
      | where Asked >= 5
      | project TimeGenerated, Source, Value = 100.0 * Failed / Asked
    '''
    aggregation: 'Maximum'
    operator: 'GreaterThan'
    threshold: failedPollsPercent
    window: 'PT30M'
    frequency: 'PT15M'
    dimension: 'Source'
  }
  {
    name: 'settled-by-deadline'
    displayName: 'Jobs expired without an outcome'
    description: 'Jobs reached their deadline: neither a notification nor a poll told how they ended.'
    severity: 2
    query: '''
      AppMetrics
      | where Name == 'fopwatch.jobs.settled' and tostring(Properties.by) == 'Deadline'
      | project TimeGenerated, Value = Sum, Source = tostring(Properties.source)
    '''
    aggregation: 'Total'
    operator: 'GreaterThan'
    threshold: 0
    window: 'PT1H'
    frequency: 'PT15M'
    dimension: 'Source'
  }
  {
    name: 'jobs-overdue'
    displayName: 'Jobs of a source are overdue'
    description: 'More than a fifth of the jobs are older than 1.5 times the 95th percentile of their class: the provider is slow, or its queue is long.'
    severity: 3
    query: '''
      AppMetrics
      | where Name in ('fopwatch.jobs.overdue', 'fopwatch.jobs.settled')
      | extend Source = tostring(Properties.source)
      | summarize Overdue = sumif(Sum, Name == 'fopwatch.jobs.overdue'), Jobs = sum(Sum) by Source, bin(TimeGenerated, 30m)
      | where Overdue >= 5
      | project TimeGenerated, Source, Value = 100.0 * Overdue / Jobs
    '''
    aggregation: 'Maximum'
    operator: 'GreaterThan'
    threshold: 20
    window: 'PT1H'
    frequency: 'PT15M'
    dimension: 'Source'
  }
  {
    name: 'jobs-unaccounted'
    displayName: 'Jobs are unaccounted for'
    description: 'The books do not balance: jobs that nothing will settle. The sweep mends what it can; what stays is a fault.'
    severity: 1
    query: '''
      AppMetrics
      | where Name == 'fopwatch.jobs.unaccounted'
      | project TimeGenerated, Value = abs(Sum / ItemCount), Source = tostring(Properties.source)
    '''
    aggregation: 'Minimum'
    operator: 'GreaterThan'
    threshold: 0
    window: 'PT15M'
    frequency: 'PT15M'
    dimension: 'Source'
  }
  {
    name: 'quarantine-grows'
    displayName: 'Notifications go to quarantine'
    description: 'Notifications with wrong signatures or in no known form. A key that was rotated and not added here looks like this.'
    severity: 2
    query: '''
      AppMetrics
      | where Name == 'fopwatch.notifications' and tostring(Properties.result) == 'Quarantined'
      | project TimeGenerated, Value = Sum, Source = tostring(Properties.source)
    '''
    aggregation: 'Total'
    operator: 'GreaterThan'
    threshold: quarantinedPerHour
    window: 'PT1H'
    frequency: 'PT15M'
    dimension: 'Source'
  }
  {
    name: 'nothing-measured'
    displayName: 'The app measures nothing'
    description: 'No sweep has reported for half an hour: the app does not run, or its telemetry does not arrive and no other alert can fire.'
    severity: 1
    query: '''
      AppMetrics
      | where Name == 'fopwatch.outbox.depth'
      | summarize Value = count()
    '''
    aggregation: 'Total'
    operator: 'LessThan'
    threshold: 1
    window: 'PT30M'
    frequency: 'PT15M'
    dimension: ''
  }
]

resource people 'Microsoft.Insights/actionGroups@2023-01-01' = if (!empty(emails)) {
  name: 'ag-${suffix}'
  location: 'global'
  tags: tags
  properties: {
    enabled: true
    groupShortName: 'fopwatch'
    emailReceivers: map(emails, (email, i) => {
      name: 'email-${i}'
      emailAddress: email
      useCommonAlertSchema: true
    })
  }
}

resource queries 'Microsoft.Insights/scheduledQueryRules@2026-03-01' = [
  for rule in rules: {
    name: 'sqr-${rule.name}-${suffix}'
    location: location
    tags: tags
    kind: 'LogAlert'
    properties: {
      actions: { actionGroups: empty(emails) ? [] : [people.id] }
      autoMitigate: true
      criteria: {
        allOf: [
          {
            criterionType: 'StaticThresholdCriterion'
            dimensions: empty(rule.dimension)
              ? []
              : [
                  {
                    name: rule.dimension
                    operator: 'Include'
                    values: ['*']
                  }
                ]
            failingPeriods: {
              minFailingPeriodsToAlert: 1
              numberOfEvaluationPeriods: 1
            }
            metricMeasureColumn: 'Value'
            operator: rule.operator
            query: rule.query
            threshold: rule.threshold
            timeAggregation: rule.aggregation
          }
        ]
      }
      description: rule.description
      displayName: '${rule.displayName} (${suffix})'
      enabled: enabled
      evaluationFrequency: rule.frequency
      scopes: [workspaceId]
      severity: rule.severity
      // A new workspace has no metrics yet.
      skipQueryValidation: true
      windowSize: rule.window
    }
  }
]

resource deadLetters 'Microsoft.Insights/metricAlerts@2026-01-01' = {
  name: 'ma-dead-letters-${suffix}'
  location: 'global'
  tags: tags
  properties: {
    actions: empty(emails) ? [] : [{ actionGroupId: people.id }]
    autoMitigate: true
    criteria: {
      'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
      allOf: [
        {
          name: 'dead-letters'
          criterionType: 'StaticThresholdCriterion'
          dimensions: [
            {
              name: 'EntityName'
              operator: 'Include'
              values: [topicName]
            }
          ]
          metricName: 'DeadletteredMessages'
          metricNamespace: 'Microsoft.ServiceBus/namespaces'
          operator: 'GreaterThan'
          threshold: 0
          timeAggregation: 'Maximum'
        }
      ]
    }
    description: 'A subscription has dead letters: its receiver failed on them too often, or did not come for them.'
    enabled: enabled
    evaluationFrequency: 'PT5M'
    scopes: [serviceBusId]
    severity: 2
    windowSize: 'PT15M'
  }
}

resource topicFills 'Microsoft.Insights/metricAlerts@2026-01-01' = {
  name: 'ma-topic-fills-${suffix}'
  location: 'global'
  tags: tags
  properties: {
    actions: empty(emails) ? [] : [{ actionGroupId: people.id }]
    autoMitigate: true
    criteria: {
      'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
      allOf: [
        {
          name: 'size'
          criterionType: 'StaticThresholdCriterion'
          dimensions: [
            {
              name: 'EntityName'
              operator: 'Include'
              values: [topicName]
            }
          ]
          metricName: 'Size'
          metricNamespace: 'Microsoft.ServiceBus/namespaces'
          operator: 'GreaterThan'
          threshold: topicBytes
          timeAggregation: 'Maximum'
        }
      ]
    }
    description: 'The topic is half full: a receiver is behind, or a subscription or its dead letters are read by nobody. A full topic takes no events.'
    enabled: enabled
    evaluationFrequency: 'PT5M'
    scopes: [serviceBusId]
    severity: 1
    windowSize: 'PT15M'
  }
}
