// The route from the Front Door to the app, only for requests of providers.

@description('The Front Door\'s name.')
param profileName string

@description('Its endpoint\'s name.')
param endpointName string

@description('The custom domain that providers call; empty for none.')
param domain string

@description('The app\'s host.')
param appHostName string

resource profile 'Microsoft.Cdn/profiles@2025-12-01' existing = {
  name: profileName
}

resource endpoint 'Microsoft.Cdn/profiles/afdEndpoints@2025-12-01' existing = {
  parent: profile
  name: endpointName
}

resource customDomain 'Microsoft.Cdn/profiles/customDomains@2025-12-01' existing = {
  parent: profile
  name: empty(domain) ? 'none' : replace(domain, '.', '-')
}

resource group 'Microsoft.Cdn/profiles/originGroups@2025-12-01' = {
  parent: profile
  name: 'app'
  properties: {
    loadBalancingSettings: {
      additionalLatencyInMilliseconds: 50
      sampleSize: 4
      successfulSamplesRequired: 3
    }
    sessionAffinityState: 'Disabled'
  }
}

resource origin 'Microsoft.Cdn/profiles/originGroups/origins@2025-12-01' = {
  parent: group
  name: 'app'
  properties: {
    enabledState: 'Enabled'
    enforceCertificateNameCheck: true
    hostName: appHostName
    httpPort: 80
    httpsPort: 443
    originHostHeader: appHostName
    priority: 1
    weight: 1000
  }
}

resource route 'Microsoft.Cdn/profiles/afdEndpoints/routes@2025-12-01' = {
  parent: endpoint
  name: 'notify'
  properties: {
    customDomains: empty(domain) ? [] : [{ id: customDomain.id }]
    enabledState: 'Enabled'
    forwardingProtocol: 'HttpsOnly'
    // No redirect from HTTP to HTTPS: the provider would already have sent its token in the clear.
    httpsRedirect: 'Disabled'
    linkToDefaultDomain: 'Enabled'
    originGroup: { id: group.id }
    patternsToMatch: ['/api/notify/*', '/api/uploads/*']
    supportedProtocols: ['Https']
  }
  dependsOn: [origin]
}
