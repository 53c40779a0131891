// A private endpoint with its DNS record.

import { Tags } from '../types.bicep'

@description('The endpoint\'s name.')
param name string

@description('The region.')
param location string

@description('Tags for every resource.')
param tags Tags

@description('Its subnet.')
param subnetId string

@description('The id of the target resource.')
param targetId string

@description('The group id of the target: blob, queue, table, namespace, vault or sites.')
@allowed(['blob', 'queue', 'table', 'namespace', 'vault', 'sites'])
param group string

@description('The private DNS zone of that group.')
param zoneId string

resource endpoint 'Microsoft.Network/privateEndpoints@2026-03-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    customNetworkInterfaceName: 'nic-${name}'
    subnet: { id: subnetId }
    privateLinkServiceConnections: [
      {
        name: group
        properties: {
          groupIds: [group]
          privateLinkServiceId: targetId
        }
      }
    ]
  }
}

resource zoneGroup 'Microsoft.Network/privateEndpoints/privateDnsZoneGroups@2026-03-01' = {
  parent: endpoint
  name: 'default'
  properties: {
    privateDnsZoneConfigs: [
      {
        name: group
        properties: { privateDnsZoneId: zoneId }
      }
    ]
  }
}
