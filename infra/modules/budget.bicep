// A monthly budget of the resource group. It only sends mails; it stops nothing.

import { Budget } from '../types.bicep'

@description('The suffix of the resources\' names.')
param suffix string

@description('The budget.')
param budget Budget

@description('The mail addresses.')
@minLength(1)
param emails string[]

resource monthly 'Microsoft.Consumption/budgets@2024-08-01' = {
  name: 'budget-${suffix}'
  properties: {
    category: 'Cost'
    amount: budget.amount
    timeGrain: 'Monthly'
    timePeriod: { startDate: budget.from }
    notifications: {
      actual: {
        enabled: true
        operator: 'GreaterThan'
        threshold: 80
        thresholdType: 'Actual'
        contactEmails: emails
      }
      forecast: {
        enabled: true
        operator: 'GreaterThan'
        threshold: 100
        thresholdType: 'Forecasted'
        contactEmails: emails
      }
    }
  }
}
