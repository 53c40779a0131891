using System.Globalization;
using System.Text.Json.Nodes;

namespace FopWatch.Infra.Tests;

/// <summary>The Bicep compiler's diagnostics for infra/, and rules for every deployment.</summary>
public sealed class CompilerTests
{
    public static TheoryData<string> All => Deployments.All;

    [Fact]
    public async Task The_linter_reports_nothing()
    {
        using var compiler = new Compiler();
        Assert.Empty(Undated(await compiler.LintAsync("main.bicep")));
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task The_compiler_reports_nothing_for_parameter_files(string name) =>
        Assert.Empty(Undated((await Deployments.OfAsync(name)).Diagnostics));

    [Fact]
    public async Task Every_file_has_the_compilers_formatting()
    {
        using var compiler = new Compiler();

        // The formatter removes these trailing lines again, which shows that it processed the file.
        foreach (var (file, text) in Repository.Bicep)
            compiler.With(file, text + "\n\n\n");
        await compiler.FormatAsync();
        Assert.All(Repository.Bicep, file => Assert.Equal(file.Value, compiler.Text(file.Key), ignoreLineEndingDifferences: true));
    }

    /// <summary>An element of <c>sources</c> as in the operator's guide.</summary>
    [Fact]
    public async Task The_source_in_the_guide_can_be_deployed()
    {
        var block = Assert.Single(Repository.Find(Repository.Text("infra/README.md"), "(?m)^```bicep\n((?:.*\n)*?)```"));
        using var compiler = new Compiler().With("guide.bicepparam", $"""
            using 'main.bicep'
            param environmentName = 'dev'
            param location = 'eastus2'
            param sources = [
            {block}
            ]

            """);

        Assert.Equal("", await compiler.LintAsync("guide.bicepparam"));
    }

    /// <summary>A misspelled rule in bicepconfig.json is ignored silently, so the most important rules are violated here.</summary>
    [Fact]
    public async Task Violated_rules_are_warnings_so_that_an_old_commit_compiles_under_new_rules()
    {
        using var compiler = new Compiler();
        await CheckFaultsAsync(compiler);
    }

    internal static async Task CheckFaultsAsync(Compiler compiler)
    {
        compiler.With("faults.bicep", """
            @description('The region.')
            param location string

            @description('An object.')
            param anything object

            @secure()
            @description('A secret.')
            param secret string = 'x'

            var unused = 1

            output undescribed string = location

            @description('A secret.')
            output leaked string = secret

            @description('A host.')
            output host string = 'https://x.core.windows.net'

            @description('Anything.')
            output whatever any = anything

            resource old 'Microsoft.Storage/storageAccounts@2021-04-01' = {
              name: 'old'
              location: location
              kind: 'StorageV2'
              sku: { name: 'Standard_LRS' }
              properties: { allowSharedKeysAccess: false }
            }

            module first 'modules/identity.bicep' = {
              params: { name: 'x', location: location, tags: {} }
            }

            module second 'modules/identity.bicep' = {
              params: { name: first.outputs.principalId, location: location, tags: {} }
            }
            """);
        Assert.Equal(
            [
                // A property that Azure does not have.
                "Warning BCP089",
                "Warning no-explicit-any",
                "Warning no-hardcoded-env-urls",
                "Warning no-hardcoded-outputs",
                "Warning no-unused-vars",
                "Warning outputs-should-not-contain-secrets",
                "Warning secure-parameter-default",
                "Warning use-description-outputs",
                "Warning use-recent-api-versions",
                "Warning use-user-defined-types",
                "Warning what-if-short-circuiting",
            ],
            Repository.Find(await compiler.LintAsync("faults.bicep"), @"(?m) : (\w+ [\w-]+): ").Order(StringComparer.Ordinal));
    }

    /// <summary>Values that exist only once Azure can be asked. Everything else is evaluated, or <see cref="Expression"/> throws.</summary>
    [Fact]
    public async Task Only_values_that_Azure_creates_are_unknown_before_deployment()
    {
        var unknown = (await Deployments.EveryAsync()).SelectMany(
            one => one.Unknown,
            (one, what) => (
                Type: what.Of == "environment" ? what.Of : one.Resources.Single(resource => resource.Id == what.Of).Type,
                what.Property));

        Assert.Equal(
            [
                ("Microsoft.Cdn/profiles", "frontDoorId"),
                ("Microsoft.Cdn/profiles/afdEndpoints", "hostName"),
                ("Microsoft.Insights/components", "ConnectionString"),
                ("Microsoft.KeyVault/vaults", "vaultUri"),
                ("Microsoft.ManagedIdentity/userAssignedIdentities", "clientId"),
                ("Microsoft.ManagedIdentity/userAssignedIdentities", "principalId"),
                ("Microsoft.Network/publicIPAddresses", "ipAddress"),
                ("Microsoft.ServiceBus/namespaces", "serviceBusEndpoint"),
                ("Microsoft.Storage/storageAccounts", "primaryEndpoints.blob"),
                ("Microsoft.Storage/storageAccounts", "primaryEndpoints.queue"),
                ("Microsoft.Storage/storageAccounts", "primaryEndpoints.table"),
                ("Microsoft.Web/sites", "defaultHostName"),
                ("environment", "portal"),
                ("environment", "suffixes.keyvaultDns"),
                ("environment", "suffixes.storage"),
            ],
            unknown.Distinct().OrderBy(one => one.Type, StringComparer.Ordinal).ThenBy(one => one.Property, StringComparer.Ordinal));
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task Resource_ids_are_unique(string name)
    {
        var deployment = await Deployments.OfAsync(name);
        Assert.True(deployment.Resources.Count > 30);
        Assert.All(deployment.Resources.GroupBy(one => one.Id, StringComparer.OrdinalIgnoreCase), same => Assert.Single(same));
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task Everything_is_in_one_group_and_one_region_with_the_tags_that_azd_looks_for(string name)
    {
        var deployment = await Deployments.OfAsync(name);
        var group = deployment.The(Types.Group);
        var region = group.Text("location");
        string[] untagged = [Types.RoleAssignment, Types.Lock, Types.Diagnostics, Types.Budget];
        Assert.Equal(group.Name, deployment.Output("AZURE_RESOURCE_GROUP"));
        foreach (var resource in deployment.Resources.Where(one => one != group))
        {
            // The ids of DNS zones depend on the cloud's own domains and remain functions.
            var home = resource.Id.StartsWith('[') ? $"[resourceId('{Compiler.Subscription}', '{group.Name}', " : $"{group.Id}/providers/";
            Assert.StartsWith(home, resource.Id, StringComparison.Ordinal);
            if (resource.Find("location") is { } location)
                Assert.Contains(location.GetValue<string>(), new[] { region, "global" });
            if (resource.Find("tags") is { } tags)
                Assert.Equal("fopwatch", tags["application"]!.GetValue<string>());
            else
                Assert.True(resource.Names.Count > 1 || untagged.Contains(resource.Type), $"{resource} has no tags.");
        }

        var environment = Assert.Single(
            deployment.Resources.Select(one => one.Find("tags", "azd-env-name")?.GetValue<string>()).OfType<string>().Distinct());
        Assert.Contains($"-{environment}-", deployment.The(Types.App).Name, StringComparison.Ordinal);
    }

    /// <summary>The rules of https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules.</summary>
    [Theory]
    [MemberData(nameof(All))]
    public async Task Names_follow_Azures_naming_rules(string name)
    {
        var rules = new Dictionary<string, string>
        {
            ["Microsoft.Authorization/roleAssignments"] = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
            ["Microsoft.Cdn/profiles"] = "[A-Za-z0-9][A-Za-z0-9-]{0,258}[A-Za-z0-9]",
            ["Microsoft.Cdn/profiles/afdEndpoints"] = "[A-Za-z0-9][A-Za-z0-9-]{0,44}[A-Za-z0-9]",
            ["Microsoft.Consumption/budgets"] = "[A-Za-z0-9_-]{1,63}",
            ["Microsoft.Insights/actionGroups"] = @"[^:<>+/&%\\?|]{0,259}[^:<>+/&%\\?|. ]",
            ["Microsoft.Insights/components"] = @"[^%&\\?/]{0,259}[^%&\\?/. ]",
            ["Microsoft.Insights/metricAlerts"] = @"[^*#&+:<>?@%{}\\/]{0,259}[^*#&+:<>?@%{}\\/. ]",
            ["Microsoft.Insights/scheduledQueryRules"] = @"[^*<>%{}&:\\?/#]{0,259}[^*<>%{}&:\\?/#. ]",
            ["Microsoft.Insights/workbooks"] = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
            ["Microsoft.KeyVault/vaults"] = "[A-Za-z](?!.*--)[A-Za-z0-9-]{1,22}[A-Za-z0-9]",
            ["Microsoft.ManagedIdentity/userAssignedIdentities"] = "[A-Za-z0-9][A-Za-z0-9_-]{2,127}",
            ["Microsoft.Network/FrontDoorWebApplicationFirewallPolicies"] = "[A-Za-z][A-Za-z0-9]{0,127}",
            ["Microsoft.Network/natGateways"] = "[A-Za-z0-9][A-Za-z0-9_.-]{0,78}[A-Za-z0-9_]",
            ["Microsoft.Network/privateDnsZones"] = @"[a-z0-9-]+(\.[a-z0-9-]+){1,33}",
            ["Microsoft.Network/privateEndpoints"] = "[A-Za-z0-9][A-Za-z0-9_.-]{0,62}[A-Za-z0-9_]",
            ["Microsoft.Network/publicIPAddresses"] = "[A-Za-z0-9][A-Za-z0-9_.-]{0,78}[A-Za-z0-9_]",
            ["Microsoft.Network/virtualNetworks"] = "[A-Za-z0-9][A-Za-z0-9_.-]{0,62}[A-Za-z0-9_]",
            ["Microsoft.OperationalInsights/workspaces"] = "[A-Za-z0-9][A-Za-z0-9-]{2,61}[A-Za-z0-9]",
            ["Microsoft.Resources/resourceGroups"] = @"[\w().-]{0,89}[\w()-]",
            ["Microsoft.ServiceBus/namespaces"] = "[A-Za-z][A-Za-z0-9-]{4,48}[A-Za-z0-9](?<!-sb|-mgmt)",
            ["Microsoft.ServiceBus/namespaces/topics"] = "[A-Za-z0-9][A-Za-z0-9._/~-]{0,258}[A-Za-z0-9]",
            ["Microsoft.ServiceBus/namespaces/topics/subscriptions"] = "[A-Za-z0-9]([A-Za-z0-9._-]{0,48}[A-Za-z0-9])?",
            ["Microsoft.ServiceBus/namespaces/topics/subscriptions/rules"] = "[A-Za-z0-9$][A-Za-z0-9._-]{0,48}[A-Za-z0-9]",
            ["Microsoft.Storage/storageAccounts"] = "[a-z0-9]{3,24}",
            ["Microsoft.Storage/storageAccounts/blobServices/containers"] = "(?!.*--)[a-z0-9][a-z0-9-]{1,61}[a-z0-9]",
            ["Microsoft.Web/serverfarms"] = "[A-Za-z0-9-]{1,60}",

            // Up to 60 characters, but the Functions host derives its id from the first 32, and two apps with the same id disturb each other.
            ["Microsoft.Web/sites"] = "[A-Za-z0-9][A-Za-z0-9-]{0,30}[A-Za-z0-9]",
        };
        var free = new HashSet<string>
        {
            "Microsoft.Authorization/locks",
            "Microsoft.Cdn/profiles/afdEndpoints/routes",
            "Microsoft.Cdn/profiles/customDomains",
            "Microsoft.Cdn/profiles/originGroups",
            "Microsoft.Cdn/profiles/originGroups/origins",
            "Microsoft.Cdn/profiles/securityPolicies",
            "Microsoft.Insights/diagnosticSettings",
            "Microsoft.Network/privateDnsZones/virtualNetworkLinks",
            "Microsoft.Network/privateEndpoints/privateDnsZoneGroups",
            "Microsoft.Storage/storageAccounts/blobServices",
            "Microsoft.Web/sites/basicPublishingCredentialsPolicies",
            "Microsoft.Web/sites/config",
        };

        foreach (var resource in (await Deployments.OfAsync(name)).Resources.Where(one => !free.Contains(one.Type)))
            Assert.Matches($"^{rules[resource.Type]}$", resource.Name);
    }

    [Fact]
    public async Task The_name_of_a_deployment_does_not_change_its_resources()
    {
        using var compiler = new Compiler();
        var again = await compiler.DeployAsync(Deployments.Development, deployment: "another");
        var first = await Deployments.OfAsync(Deployments.Development);
        Assert.Equal(first.Resources.Select(one => one.Id), again.Resources.Select(one => one.Id));
        Assert.True(JsonNode.DeepEquals(first.Outputs, again.Outputs));
    }

    [Fact]
    public async Task Environments_share_no_globally_unique_name()
    {
        string[] everyones = [Types.Vault, Types.Bus, Types.StorageAccount, Types.App];
        var names = (await Deployments.EveryAsync()).SelectMany(one => one.Resources).Where(one => everyones.Contains(one.Type))
            .Select(one => one.Name).ToList();
        Assert.Equal(names.Distinct(StringComparer.OrdinalIgnoreCase), names);
    }

    [Fact]
    public async Task Api_versions_are_stable_and_the_same_for_each_type()
    {
        // This includes resources that are only referenced and therefore in no deployment. Diagnostic settings have no stable version
        // with categories of logs.
        var types = Repository.Bicep.Values.SelectMany(text => Repository.Find(text, @"'(Microsoft\.[A-Za-z./]+@[^']*)'")).Distinct()
            .Where(type => type != $"{Types.Diagnostics}@2021-05-01-preview").ToList();
        Assert.NotEmpty(types);
        Assert.All(types, type => Assert.Matches(@"^[A-Za-z./]+@\d{4}-\d{2}-\d{2}$", type));
        Assert.All(types.GroupBy(type => type.Split('@')[0]), versions => Assert.Single(versions));

        var deployed = (await Deployments.EveryAsync()).SelectMany(one => one.Resources).Where(one => one.Type != Types.Diagnostics)
            .GroupBy(one => one.Type, one => one.ApiVersion);
        Assert.All(deployed, versions => Assert.Matches(@"^\d{4}-\d{2}-\d{2}$", Assert.Single(versions.Distinct())));
    }

    /// <summary>A new version takes months to reach every region and the compilers in use.</summary>
    [Fact]
    public void Api_versions_are_at_least_half_a_year_old()
    {
        Assert.NotEmpty(Repository.Bicep);
        Assert.All(Repository.Bicep.Values, CheckApiVersions);
    }

    internal static void CheckApiVersions(string bicep)
    {
        var today = DateOnly.FromDateTime(TimeProvider.System.GetUtcNow().UtcDateTime);
        var dates = Repository.Find(bicep, @"'Microsoft\.[A-Za-z./]+@([^']*)'")
            .Select(date => DateOnly.ParseExact(date[..10], "yyyy-MM-dd", CultureInfo.InvariantCulture));
        Assert.All(dates, date => Assert.True(date <= today.AddMonths(-6), $"{date:O}"));
    }

    [Fact]
    public async Task Every_module_is_local_and_each_of_its_resources_is_deployed_by_a_test()
    {
        var modules = Repository.Find(string.Join('\n', Repository.Bicep.Values), @"(?m)^module \w+ '([^']*)'").Distinct()
            .Order(StringComparer.Ordinal).ToList();
        Assert.Equal(
            Repository.Bicep.Keys.Where(file => file.StartsWith("modules/", StringComparison.Ordinal)).Order(StringComparer.Ordinal),
            modules);

        var deployed = (await Deployments.EveryAsync()).SelectMany(one => one.Resources).Select(one => one.Type).ToHashSet();
        Assert.All(
            Repository.Bicep.Values.SelectMany(text => Repository.Find(text, @"(?m)^resource \w+ '([^@']*)@[^']*' = ")),
            type => Assert.Contains(type, deployed));
    }

    /// <summary>
    /// Diagnostics without those that depend on the date, which report a newer API version. The workflow that builds
    /// every push checks those.
    /// </summary>
    private static string Undated(string diagnostics) =>
        string.Join('\n', diagnostics.Split('\n').Where(line => !line.Contains("use-recent-api-versions", StringComparison.Ordinal))).Trim();
}
