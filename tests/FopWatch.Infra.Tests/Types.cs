namespace FopWatch.Infra.Tests;

/// <summary>The resource types that the tests look for.</summary>
internal static class Types
{
    public const string ActionGroup = "Microsoft.Insights/actionGroups";
    public const string App = "Microsoft.Web/sites";
    public const string AppSettings = "Microsoft.Web/sites/config";
    public const string Budget = "Microsoft.Consumption/budgets";
    public const string Bus = "Microsoft.ServiceBus/namespaces";
    public const string Container = "Microsoft.Storage/storageAccounts/blobServices/containers";
    public const string Diagnostics = "Microsoft.Insights/diagnosticSettings";
    public const string Filter = "Microsoft.ServiceBus/namespaces/topics/subscriptions/rules";
    public const string Front = "Microsoft.Cdn/profiles";
    public const string FrontDomain = "Microsoft.Cdn/profiles/customDomains";
    public const string FrontEndpoint = "Microsoft.Cdn/profiles/afdEndpoints";
    public const string FrontFirewall = "Microsoft.Cdn/profiles/securityPolicies";
    public const string FrontOrigin = "Microsoft.Cdn/profiles/originGroups/origins";
    public const string FrontOrigins = "Microsoft.Cdn/profiles/originGroups";
    public const string FrontRoute = "Microsoft.Cdn/profiles/afdEndpoints/routes";
    public const string Group = "Microsoft.Resources/resourceGroups";
    public const string Identity = "Microsoft.ManagedIdentity/userAssignedIdentities";
    public const string Insights = "Microsoft.Insights/components";
    public const string FrontPolicy = "Microsoft.Network/FrontDoorWebApplicationFirewallPolicies";
    public const string Lock = "Microsoft.Authorization/locks";
    public const string MetricAlert = "Microsoft.Insights/metricAlerts";
    public const string Nat = "Microsoft.Network/natGateways";
    public const string Network = "Microsoft.Network/virtualNetworks";
    public const string Plan = "Microsoft.Web/serverfarms";
    public const string PrivateEndpoint = "Microsoft.Network/privateEndpoints";
    public const string PublicAddress = "Microsoft.Network/publicIPAddresses";
    public const string PublishingPolicy = "Microsoft.Web/sites/basicPublishingCredentialsPolicies";
    public const string QueryAlert = "Microsoft.Insights/scheduledQueryRules";
    public const string RoleAssignment = "Microsoft.Authorization/roleAssignments";
    public const string Secret = "Microsoft.KeyVault/vaults/secrets";
    public const string StorageAccount = "Microsoft.Storage/storageAccounts";
    public const string Subscription = "Microsoft.ServiceBus/namespaces/topics/subscriptions";
    public const string Topic = "Microsoft.ServiceBus/namespaces/topics";
    public const string Vault = "Microsoft.KeyVault/vaults";
    public const string Workbook = "Microsoft.Insights/workbooks";
    public const string Workspace = "Microsoft.OperationalInsights/workspaces";
    public const string Zone = "Microsoft.Network/privateDnsZones";
    public const string ZoneLink = "Microsoft.Network/privateDnsZones/virtualNetworkLinks";
    public const string ZoneNames = "Microsoft.Network/privateEndpoints/privateDnsZoneGroups";
}
