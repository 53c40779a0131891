using System.Net;
using System.Text.Json.Nodes;

namespace FopWatch.Infra.Tests;

/// <summary>Network access, with and without a private network.</summary>
public sealed class NetworkTests
{
    /// <summary>The private DNS zones of https://learn.microsoft.com/azure/private-link/private-endpoint-dns.</summary>
    private static readonly Dictionary<string, string> Zones = new()
    {
        ["blob"] = "privatelink.blob.core.windows.net",
        ["queue"] = "privatelink.queue.core.windows.net",
        ["table"] = "privatelink.table.core.windows.net",
        ["namespace"] = "privatelink.servicebus.windows.net",
        ["vault"] = "privatelink.vaultcore.azure.net",
        ["sites"] = "privatelink.azurewebsites.net",
    };

    public static TheoryData<string> Closed => [Deployments.Production, Deployments.Most, Deployments.Private];

    public static TheoryData<string> Everything => Deployments.All;

    public static TheoryData<string> Public => [Deployments.Development, Deployments.Azd, Deployments.Least, Deployments.Open];

    [Theory]
    [MemberData(nameof(Closed))]
    public async Task Storage_and_Service_Bus_are_closed_to_the_internet_and_the_vault_to_all_but_operators(string name)
    {
        var deployment = await Deployments.OfAsync(name);
        Assert.All(deployment.All(Types.StorageAccount), account =>
        {
            Assert.Equal("Disabled", account.Text("properties", "publicNetworkAccess"));
            Assert.Equal("Deny", account.Text("properties", "networkAcls", "defaultAction"));
        });
        Assert.Equal("Disabled", deployment.The(Types.Bus).Text("properties", "publicNetworkAccess"));

        var vault = deployment.The(Types.Vault);
        var ranges = name == Deployments.Most ? ["198.51.100.0/24", "203.0.113.1/32"] : Array.Empty<string>();
        Assert.Equal(ranges.Length > 0 ? "Enabled" : "Disabled", vault.Text("properties", "publicNetworkAccess"));
        Assert.Equal("Deny", vault.Text("properties", "networkAcls", "defaultAction"));
        Assert.Equal(ranges, vault.At("properties", "networkAcls", "ipRules").AsArray().Select(one => one!["value"]!.GetValue<string>()));
    }

    [Theory]
    [MemberData(nameof(Closed))]
    public async Task Every_service_that_the_app_calls_has_a_private_endpoint_and_a_name_that_resolves_to_it(string name)
    {
        var deployment = await Deployments.OfAsync(name);
        var network = deployment.The(Types.Network);
        var (host, jobs) = (RoleTests.HostAccount(deployment), RoleTests.JobsAccount(deployment));
        (string, string)[] needed =
        [
            (host.Id, "blob"), (host.Id, "queue"), (host.Id, "table"), (jobs.Id, "table"),
            (deployment.The(Types.Bus).Id, "namespace"),
            (deployment.The(Types.Vault).Id, "vault"),
            (deployment.The(Types.App).Id, "sites"),
        ];

        var has = new List<(string, string)>();
        foreach (var endpoint in deployment.All(Types.PrivateEndpoint))
        {
            var connection = Assert.Single(endpoint.At("properties", "privateLinkServiceConnections").AsArray())!["properties"]!;
            var part = Assert.Single(connection["groupIds"]!.AsArray())!.GetValue<string>();
            has.Add((connection["privateLinkServiceId"]!.GetValue<string>(), part));
            Assert.Equal($"{network.Id}/subnets/endpoints", endpoint.Text("properties", "subnet", "id"));

            var names = Assert.Single(deployment.All(Types.ZoneNames), one => one.Names[0] == endpoint.Name);
            var zone = Assert.Single(names.At("properties", "privateDnsZoneConfigs").AsArray())!["properties"]!["privateDnsZoneId"]!;
            Assert.Equal(Zones[part], zone.GetValue<string>().Split('/')[^1]);
        }

        Assert.Equal(needed.Distinct().Order(), has.Order());
        Assert.Equal(Zones.Values.Order(), deployment.All(Types.Zone).Select(one => one.Name).Order());
        Assert.Equal(Zones.Values.Order(), deployment.All(Types.ZoneLink).Select(one => one.Names[0]).Order());
        Assert.All(
            deployment.All(Types.ZoneLink),
            link => Assert.Equal(network.Id, link.Text("properties", "virtualNetwork", "id")));
    }

    [Theory]
    [MemberData(nameof(Closed))]
    public async Task The_app_has_one_outbound_address_and_a_subnet_that_Flex_Consumption_accepts(string name) =>
        CheckSubnets(await Deployments.OfAsync(name));

    internal static void CheckSubnets(Deployment deployment)
    {
        var network = deployment.The(Types.Network);
        var space = IPNetwork.Parse(
            Assert.Single(network.At("properties", "addressSpace", "addressPrefixes").AsArray())!.GetValue<string>());
        var subnets = network.At("properties", "subnets").AsArray()
            .ToDictionary(one => one!["name"]!.GetValue<string>(), one => one!["properties"]!);
        Assert.Equal(["app", "endpoints", "runner"], subnets.Keys.Order());

        var ranges = subnets.Values.Select(one => IPNetwork.Parse(one["addressPrefix"]!.GetValue<string>())).ToList();
        Assert.All(ranges, range => Assert.True(space.Contains(range.BaseAddress) && range.PrefixLength >= space.PrefixLength, $"{range} is outside {space}"));
        Assert.All(
            ranges.SelectMany(one => ranges.Where(other => other != one), (one, other) => (one, other)),
            pair => Assert.False(pair.one.Contains(pair.other.BaseAddress), $"{pair.one} overlaps {pair.other}"));

        // Azure reserves five addresses of a subnet, and each instance takes one.
        var app = subnets["app"];
        var addresses = Math.Pow(2, 32 - IPNetwork.Parse(app["addressPrefix"]!.GetValue<string>()).PrefixLength) - 5;
        var instances = deployment.The(Types.App).At("properties", "functionAppConfig", "scaleAndConcurrency", "maximumInstanceCount");
        Assert.True(addresses >= instances.GetValue<int>(), $"{addresses} addresses for {instances} instances");
        Assert.Equal($"{network.Id}/subnets/app", deployment.The(Types.App).Text("properties", "virtualNetworkSubnetId"));
        Assert.Equal(
            "Microsoft.App/environments",
            Assert.Single(app["delegations"]!.AsArray())!["properties"]!["serviceName"]!.GetValue<string>());
        Assert.Equal(deployment.The(Types.Nat).Id, app["natGateway"]!["id"]!.GetValue<string>());

        // A deployment machine reaches GitHub and Azure by the same address, and the app and the vault by their private endpoints.
        Assert.Equal(deployment.The(Types.Nat).Id, subnets["runner"]["natGateway"]!["id"]!.GetValue<string>());
        Assert.Null(subnets["runner"]["delegations"]);
        Assert.Equal($"{network.Id}/subnets/runner", deployment.Output("RUNNER_SUBNET_ID"));

        var address = deployment.The(Types.PublicAddress);
        Assert.Equal("Static", address.Text("properties", "publicIPAllocationMethod"));
        Assert.Equal(
            address.Id,
            Assert.Single(deployment.The(Types.Nat).At("properties", "publicIpAddresses").AsArray())!["id"]!.GetValue<string>());
        Assert.Equal(Expression.StandIn(address.Id, "ipAddress"), deployment.Output("OUTBOUND_ADDRESS"));
    }

    [Theory]
    [MemberData(nameof(Closed))]
    public async Task From_the_internet_the_app_accepts_only_its_own_Front_Door_and_operators_deployments(string name)
    {
        var deployment = await Deployments.OfAsync(name);
        var app = deployment.The(Types.App);
        var site = app.At("properties", "siteConfig");
        Assert.Equal("Deny", site["ipSecurityRestrictionsDefaultAction"]!.GetValue<string>());
        var rule = Assert.Single(site["ipSecurityRestrictions"]!.AsArray())!;
        Assert.Equal(("Allow", "ServiceTag", "AzureFrontDoor.Backend"), (Text(rule, "action"), Text(rule, "tag"), Text(rule, "ipAddress")));
        Assert.Equal(
            Expression.StandIn(deployment.The(Types.Front).Id, "frontDoorId"),
            Assert.Single(rule["headers"]!["x-azure-fdid"]!.AsArray())!.GetValue<string>());

        Assert.Equal("Deny", site["scmIpSecurityRestrictionsDefaultAction"]!.GetValue<string>());
        Assert.False(site["scmIpSecurityRestrictionsUseMain"]!.GetValue<bool>());
        var operators = site["scmIpSecurityRestrictions"]!.AsArray();
        Assert.Equal(
            name == Deployments.Most ? ["198.51.100.0/24", "203.0.113.1/32"] : [],
            operators.Select(one => Text(one!, "ipAddress")));
        Assert.Equal(operators.Count, operators.Select(one => one!["priority"]!.GetValue<int>()).Distinct().Count());

        var origin = deployment.The(Types.FrontOrigin);
        Assert.Equal(Expression.StandIn(app.Id, "defaultHostName"), origin.Text("properties", "hostName"));
        Assert.Equal(origin.Text("properties", "hostName"), origin.Text("properties", "originHostHeader"));
        Assert.True(origin.Is("properties", "enforceCertificateNameCheck"));

        static string Text(JsonNode node, string name) => node[name]!.GetValue<string>();
    }

    [Theory]
    [MemberData(nameof(Closed))]
    public async Task The_Front_Door_forwards_only_what_providers_call(string name)
    {
        var deployment = await Deployments.OfAsync(name);
        var route = deployment.The(Types.FrontRoute);
        Assert.Equal(
            DeploymentTests.CalledStarts.Select(start => $"/{start}*"),
            route.At("properties", "patternsToMatch").AsArray().Select(pattern => pattern!.GetValue<string>()));
        Assert.Equal("Https", Assert.Single(route.At("properties", "supportedProtocols").AsArray())!.GetValue<string>());
        Assert.Equal("HttpsOnly", route.Text("properties", "forwardingProtocol"));
        Assert.Equal(deployment.The(Types.FrontOrigins).Id, route.Text("properties", "originGroup", "id"));
        Assert.Equal(deployment.The(Types.FrontEndpoint).Names, route.Names.SkipLast(1));
    }

    [Theory]
    [MemberData(nameof(Closed))]
    public async Task The_Front_Door_limits_requests_per_address_and_logs_no_token(string name) => CheckFront(await Deployments.OfAsync(name));

    [Theory]
    [MemberData(nameof(Everything))]
    public async Task No_log_that_contains_tokens_or_ids_is_kept(string name) => CheckLogs(await Deployments.OfAsync(name));

    internal static void CheckLogs(Deployment deployment)
    {
        // Storage logs contain ids, App Service logs contain URLs.
        var kept = deployment.All(Types.Diagnostics)
            .SelectMany(one => one.At("properties", "logs").AsArray()).Select(log => log!["category"]!.GetValue<string>());
        Assert.Subset(
            new HashSet<string> { "AuditEvent", "FrontDoorAccessLog", "FrontDoorWebApplicationFirewallLog", "OperationalLogs" },
            kept.ToHashSet());
    }

    [Fact]
    public async Task In_the_middle_step_only_storage_and_the_vault_are_private() => CheckMiddle(await Deployments.OfAsync(Deployments.Middle));

    internal static void CheckMiddle(Deployment deployment)
    {
        Assert.All(
            deployment.All(Types.StorageAccount),
            account => Assert.Equal("Disabled", account.Text("properties", "publicNetworkAccess")));
        Assert.Equal("Deny", deployment.The(Types.Vault).Text("properties", "networkAcls", "defaultAction"));
        Assert.Equal(("Standard", "Enabled"), (deployment.The(Types.Bus).Text("sku", "name"), deployment.The(Types.Bus).Text("properties", "publicNetworkAccess")));
        Assert.Equal(
            ["blob", "queue", "sites", "table", "table", "vault"],
            deployment.All(Types.PrivateEndpoint)
                .Select(one => one.At("properties", "privateLinkServiceConnections")[0]!["name"]!.GetValue<string>()).Order());
        Assert.DoesNotContain(deployment.Resources, one => one.Type.StartsWith("Microsoft.Cdn/", StringComparison.Ordinal) || one.Type == Types.FrontPolicy);

        // Providers and applications reach the app directly; deployments come from operators.
        var site = deployment.The(Types.App).At("properties", "siteConfig");
        Assert.Equal("Allow", site["ipSecurityRestrictionsDefaultAction"]!.GetValue<string>());
        Assert.Empty(site["ipSecurityRestrictions"]!.AsArray());
        Assert.Equal("Deny", site["scmIpSecurityRestrictionsDefaultAction"]!.GetValue<string>());
        Assert.Single(site["scmIpSecurityRestrictions"]!.AsArray());
        Assert.EndsWith("azurewebsites.net", deployment.Output("PUBLIC_URL"), StringComparison.Ordinal);
        Assert.Equal(Expression.StandIn(deployment.The(Types.PublicAddress).Id, "ipAddress"), deployment.Output("OUTBOUND_ADDRESS"));
    }

    [Theory]
    [MemberData(nameof(Public))]
    public async Task Without_a_private_network_none_of_its_resources_exist(string name)
    {
        var deployment = await Deployments.OfAsync(name);
        Assert.DoesNotContain(deployment.Resources, one => one.Type.Split('/')[0] is "Microsoft.Network" or "Microsoft.Cdn");
        Assert.Empty(deployment.Output("OUTBOUND_ADDRESS"));
        Assert.All(
            deployment.All(Types.StorageAccount),
            account => Assert.Equal("Enabled", account.Text("properties", "publicNetworkAccess")));
        Assert.Equal("Enabled", deployment.The(Types.Bus).Text("properties", "publicNetworkAccess"));
        Assert.Equal("Enabled", deployment.The(Types.Vault).Text("properties", "publicNetworkAccess"));

        var app = deployment.The(Types.App);
        Assert.Null(app.Find("properties", "virtualNetworkSubnetId"));
        Assert.Equal("Allow", app.Text("properties", "siteConfig", "ipSecurityRestrictionsDefaultAction"));
        Assert.Empty(app.At("properties", "siteConfig", "ipSecurityRestrictions").AsArray());
        Assert.Equal("Allow", app.Text("properties", "siteConfig", "scmIpSecurityRestrictionsDefaultAction"));
    }

    internal static void CheckFront(Deployment deployment)
    {
        var (profile, policy) = (deployment.The(Types.Front), deployment.The(Types.FrontPolicy));
        foreach (var scrubbing in new[] { profile.At("properties", "logScrubbing"), policy.At("properties", "policySettings", "logScrubbing") })
        {
            Assert.Equal("Enabled", scrubbing["state"]!.GetValue<string>());
            var rule = Assert.Single(scrubbing["scrubbingRules"]!.AsArray())!;
            Assert.Equal(
                ("RequestUri", "EqualsAny", "Enabled"),
                (rule["matchVariable"]!.GetValue<string>(), rule["selectorMatchOperator"]!.GetValue<string>(), rule["state"]!.GetValue<string>()));
        }

        var limit = Assert.Single(policy.At("properties", "customRules", "rules").AsArray())!;
        Assert.Equal(("RateLimitRule", "Block"), (limit["ruleType"]!.GetValue<string>(), limit["action"]!.GetValue<string>()));
        Assert.Equal("SocketAddr", Assert.Single(limit["groupBy"]!.AsArray())!["variableName"]!.GetValue<string>());
        Assert.Equal(
            DeploymentTests.CalledStarts.Select(start => $"/{start}"),
            limit["matchConditions"]![0]!["matchValue"]!.AsArray().Select(value => value!.GetValue<string>()));
        Assert.True(limit["rateLimitThreshold"]!.GetValue<int>() >= 6000);

        var firewall = deployment.The(Types.FrontFirewall).At("properties", "parameters");
        Assert.Equal(policy.Id, firewall["wafPolicy"]!["id"]!.GetValue<string>());
        var domains = deployment.All(Types.FrontDomain).Select(one => one.Id).ToList();
        Assert.Equal(
            [deployment.The(Types.FrontEndpoint).Id, .. domains],
            firewall["associations"]![0]!["domains"]!.AsArray().Select(one => one!["id"]!.GetValue<string>()));
        Assert.Equal(
            domains,
            deployment.The(Types.FrontRoute).At("properties", "customDomains").AsArray().Select(one => one!["id"]!.GetValue<string>()));
    }
}
