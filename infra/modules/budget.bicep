// A monthly budget of the resource group. Nothing stops when it is used up: it only writes.

import { Budget } from '../types.bicep'

@description('What the names of the resources end in.')
param suffix string

@description('The budget.')
param budget Budget

@description('Whom to write to.')
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
