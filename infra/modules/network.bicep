// The virtual network of a private deployment: a subnet for the app's outbound connections with one fixed address, a subnet
// for private endpoints, a subnet for a deployment runner, and the DNS zones of the endpoints.

import { Tags, ZoneIds } from '../types.bicep'

@description('The suffix of the resources\' names.')
param suffix string

@description('The region.')
param location string

@description('Tags for every resource.')
param tags Tags

@description('The address range of the network: a /24 or larger. Half of it is for the app.')
param addressPrefix string

var prefixLength = parseCidr(addressPrefix).cidr

// The names of private DNS zones, by the group id of the private endpoint.
var zoneNames = {
  blob: 'privatelink.blob.${environment().suffixes.storage}'
  queue: 'privatelink.queue.${environment().suffixes.storage}'
  table: 'privatelink.table.${environment().suffixes.storage}'
  namespace: 'privatelink.servicebus.windows.net'
  vault: 'privatelink${replace(environment().suffixes.keyvaultDns, '.vault.', '.vaultcore.')}'
  sites: 'privatelink.azurewebsites.net'
}

resource address 'Microsoft.Network/publicIPAddresses@2026-03-01' = {
  name: 'pip-${suffix}'
  location: location
  tags: tags
  sku: {
    name: 'Standard'
    tier: 'Regional'
  }
  properties: {
    publicIPAddressVersion: 'IPv4'
    publicIPAllocationMethod: 'Static'
  }
}

resource nat 'Microsoft.Network/natGateways@2026-03-01' = {
  name: 'ng-${suffix}'
  location: location
  tags: tags
  sku: { name: 'Standard' }
  properties: {
    idleTimeoutInMinutes: 4
    publicIpAddresses: [{ id: address.id }]
  }
}

resource network 'Microsoft.Network/virtualNetworks@2026-03-01' = {
  name: 'vnet-${suffix}'
  location: location
  tags: tags
  properties: {
    addressSpace: { addressPrefixes: [addressPrefix] }
    subnets: [
      {
        // Flex Consumption takes one address per running instance. It requires this delegation and a name without an underscore.
        name: 'app'
        properties: {
          addressPrefix: cidrSubnet(addressPrefix, prefixLength + 1, 0)
          defaultOutboundAccess: false
          delegations: [
            {
              name: 'app'
              properties: { serviceName: 'Microsoft.App/environments' }
            }
          ]
          natGateway: { id: nat.id }
        }
      }
      {
        name: 'endpoints'
        properties: {
          addressPrefix: cidrSubnet(addressPrefix, prefixLength + 2, 2)
          defaultOutboundAccess: false
          privateEndpointNetworkPolicies: 'Enabled'
        }
      }
      {
        // For a deployment runner: the app's deployment endpoint and the vault are reachable only from the network.
        name: 'runner'
        properties: {
          addressPrefix: cidrSubnet(addressPrefix, prefixLength + 3, 6)
          defaultOutboundAccess: false
          natGateway: { id: nat.id }
        }
      }
    ]
  }

  resource app 'subnets' existing = { name: 'app' }

  resource endpoints 'subnets' existing = { name: 'endpoints' }

  resource runner 'subnets' existing = { name: 'runner' }
}

resource zones 'Microsoft.Network/privateDnsZones@2024-06-01' = [
  for zone in items(zoneNames): {
    name: zone.value
    location: 'global'
    tags: tags
  }
]

resource links 'Microsoft.Network/privateDnsZones/virtualNetworkLinks@2024-06-01' = [
  for (zone, i) in items(zoneNames): {
    parent: zones[i]
    name: network.name
    location: 'global'
    tags: tags
    properties: {
      registrationEnabled: false
      virtualNetwork: { id: network.id }
    }
  }
]

@description('The subnet of the app\'s outbound connections.')
output appSubnetId string = network::app.id

@description('The subnet of private endpoints.')
output endpointSubnetId string = network::endpoints.id

@description('The subnet for a deployment runner.')
output runnerSubnetId string = network::runner.id

@description('The private DNS zones, by the group id of the private endpoint.')
output zoneIds ZoneIds = {
  blob: resourceId('Microsoft.Network/privateDnsZones', zoneNames.blob)
  queue: resourceId('Microsoft.Network/privateDnsZones', zoneNames.queue)
  table: resourceId('Microsoft.Network/privateDnsZones', zoneNames.table)
  namespace: resourceId('Microsoft.Network/privateDnsZones', zoneNames.namespace)
  vault: resourceId('Microsoft.Network/privateDnsZones', zoneNames.vault)
  sites: resourceId('Microsoft.Network/privateDnsZones', zoneNames.sites)
}

@description('The source address of polls.')
output outboundAddress string = address.properties.ipAddress
