// Alerts. Their conditions use metrics of the app's meter, except dead letters and the topic's size, which are metrics of Service Bus.

import { Tags } from '../types.bicep'

@description('The suffix of the resources\' names.')
param suffix string

@description('The region.')
param location string

@description('Tags for every resource.')
param tags Tags

@description('The workspace of the app\'s metrics.')
param workspaceId string

@description('The Service Bus namespace.')
param serviceBusId string

@description('The topic.')
param topicName string

@description('The size of the topic, in bytes, above which an alert fires.')
param topicBytes int

@description('The mail addresses.')
param emails string[]

@description('Whether the alerts are enabled.')
param enabled bool

@description('The maximum age of the oldest event in the outbox, in seconds.')
@minValue(60)
param outboxAgeSeconds int

@description('The maximum share of failed polls of a source, in percent.')
@minValue(1)
@maxValue(100)
param failedPollsPercent int

@description('The maximum number of quarantined notifications of a source per hour.')
@minValue(0)
param quarantinedPerHour int

// A row of AppMetrics is one instance's measurement of about a minute: a sum for counters and histograms, a value for gauges.
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
    description: 'Service Bus refuses them, or their rows cannot be read. All other events are published; these are retried.'
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
    description: 'The store did not accept notifications. Providers retry for 5 minutes (Wangsu) to 2 hours (Qiniu); polls find the remaining outcomes.'
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
    description: 'The status API of a source is down, throttles, or refuses requests. Notifications still settle jobs.'
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
    description: 'Jobs reached their deadline: neither a notification nor a poll brought their outcome.'
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
    description: 'The books do not balance: nothing will settle these jobs. The sweep repairs what it can; the rest is a bug.'
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
    description: 'Notifications with invalid signatures or in an unknown format. A possible cause is a rotated key that was not added here.'
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
    description: 'No sweep has reported for 30 minutes: the app does not run, or its telemetry does not arrive. Until it does, no other alert can fire.'
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
    description: 'A subscription has dead letters: its receiver failed on them too often, or did not read them in time.'
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
    description: 'The topic is half full: a receiver is behind, or nobody reads a subscription or its dead letters. A full topic accepts no events.'
    enabled: enabled
    evaluationFrequency: 'PT5M'
    scopes: [serviceBusId]
    severity: 1
    windowSize: 'PT15M'
  }
}
