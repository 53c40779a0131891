// The app's identity. It gets its roles before the app exists.

import { Tags } from '../types.bicep'

@description('The identity\'s name.')
param name string

@description('The region.')
param location string

@description('Tags for every resource.')
param tags Tags

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: name
  location: location
  tags: tags
}

@description('The identity\'s object id in Entra, for roles.')
output principalId string = identity.properties.principalId

@description('Its client id, with which the app requests tokens.')
output clientId string = identity.properties.clientId
