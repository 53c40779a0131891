namespace FopWatch.Infra.Tests;

/// <summary>Compares the assigned roles with what the code calls.</summary>
public sealed class RoleTests
{
    /// <summary>From https://learn.microsoft.com/azure/role-based-access-control/built-in-roles.</summary>
    private static readonly Dictionary<string, string> Roles = new()
    {
        ["4f6d3b9b-027b-4f4c-9142-0e5a2a2247e0"] = "Azure Service Bus Data Receiver",
        ["69a216fc-b8fb-44d8-bc22-1f3c2cd27a39"] = "Azure Service Bus Data Sender",
        ["b86a8fe4-44ce-4948-aee5-eccb2c155cd7"] = "Key Vault Secrets Officer",
        ["4633458b-17de-408a-b874-0445c86b69e6"] = "Key Vault Secrets User",
        ["3913510d-42f4-4e42-8a64-420c390055eb"] = "Monitoring Metrics Publisher",
        ["b7e6dc6d-f1e8-4753-8033-0f276bb0955b"] = "Storage Blob Data Owner",
        ["974c5e8b-45b9-4653-ba55-5f855dd0fb88"] = "Storage Queue Data Contributor",
        ["0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3"] = "Storage Table Data Contributor",
    };

    private static readonly string Code = Repository.Code("FopWatch.Azure") + Repository.Code("FopWatch.Functions");

    public static TheoryData<string> All => Deployments.All;

    [Fact]
    public void Roles_have_the_right_ids()
    {
        var named = Repository.Find(Repository.Bicep["roles.bicep"], @"(?m)^  ('[^']*': '[^']*')$");
        Assert.Equal(Roles.Select(one => $"'{one.Value}': '{one.Key}'").Order(), named.Order());
    }

    [Fact]
    public async Task Every_known_role_is_assigned()
    {
        var assigned = (await Deployments.EveryAsync()).SelectMany(Assigned).Select(one => one.Role).Distinct();
        Assert.Equal(Roles.Values.Order(), assigned.Order());
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task The_app_has_exactly_the_roles_that_its_code_needs(string name) =>
        Check(await Deployments.OfAsync(name));

    [Theory]
    [MemberData(nameof(All))]
    public async Task Access_keys_are_disabled(string name) => CheckKeys(await Deployments.OfAsync(name));

    [Fact]
    public void The_code_uses_no_service_without_a_known_role() =>
        Assert.Empty(Repository.Find(
            Code,
            @"\b((?:BlobService|BlobContainer|QueueService|Queue|Secret|ServiceBusAdministration|EventGridPublisher|Cosmos|Arm)Client)\b"));

    [Fact]
    public async Task Receivers_may_receive_from_their_own_subscriptions_only()
    {
        var deployment = await Deployments.OfAsync(Deployments.Most);
        var topic = deployment.The(Types.Topic).Id;
        Assert.Equal(
            [
                ($"{topic}/subscriptions/all", "55555555-5555-5555-5555-555555555555", "ServicePrincipal"),
                ($"{topic}/subscriptions/all", "66666666-6666-6666-6666-666666666666", "User"),
                ($"{topic}/subscriptions/some", "66666666-6666-6666-6666-666666666666", "User"),
            ],
            Assigned(deployment).Where(one => one.Role == "Azure Service Bus Data Receiver")
                .Select(one => (one.Scope, one.Principal, one.Type)).Order());
        Assert.DoesNotContain(Assigned(await Deployments.OfAsync(Deployments.Least)), one => one.Role == "Azure Service Bus Data Receiver");
    }

    [Theory]
    [InlineData(Deployments.Most, "44444444-4444-4444-4444-444444444444", "Group")]
    [InlineData(Deployments.Open, "44444444-4444-4444-4444-444444444444", "User")]
    [InlineData(Deployments.Azd, "33333333-3333-3333-3333-333333333333", "ServicePrincipal")]
    [InlineData(Deployments.Development, null, null)]
    [InlineData(Deployments.Production, null, null)]
    public async Task Only_a_named_operator_may_write_secrets(string name, string? principal, string? type)
    {
        var deployment = await Deployments.OfAsync(name);
        var writers = Assigned(deployment).Where(one => one.Role == "Key Vault Secrets Officer").ToList();
        if (principal is null)
            Assert.Empty(writers);
        else
            Assert.Equal([new(deployment.The(Types.Vault).Id, "Key Vault Secrets Officer", principal, type!)], writers);
    }

    /// <summary>A wrong type fails the deployment; without a type, Azure looks it up.</summary>
    [Theory]
    [InlineData("", null)]
    [InlineData("User", "User")]
    [InlineData("ServicePrincipal", "ServicePrincipal")]
    public async Task The_operators_type_is_the_one_from_azd_or_none(string given, string? type)
    {
        using var compiler = new Compiler();
        var environment = new Dictionary<string, string>(Deployments.AzdEnvironment) { ["AZURE_PRINCIPAL_TYPE"] = given };
        CheckOperator(await compiler.DeployAsync(Deployments.Development, environment: environment), type);
    }

    internal static void CheckOperator(Deployment deployment, string? type)
    {
        var writer = Assert.Single(
            deployment.All(Types.RoleAssignment),
            one => one.Text("properties", "principalId") == Deployments.AzdEnvironment["AZURE_PRINCIPAL_ID"]);
        Assert.Equal(type, writer.Find("properties", "principalType")?.GetValue<string>());
    }

    internal static void Check(Deployment deployment)
    {
        var identity = deployment.The(Types.Identity);
        var needed = new List<(string, string)>();

        // The Functions host keeps locks and keys in blobs; Durable Functions has leases in blobs, messages in queues and history in tables.
        var provider = Repository.Host["extensions"]!["durableTask"]!["storageProvider"]!["type"]!.GetValue<string>();
        if (provider == "AzureStorage")
        {
            foreach (var role in new[] { "Storage Blob Data Owner", "Storage Queue Data Contributor", "Storage Table Data Contributor" })
                needed.Add((HostAccount(deployment).Id, role));
        }

        if (Code.Contains("TableServiceClient", StringComparison.Ordinal))
            needed.Add((JobsAccount(deployment).Id, "Storage Table Data Contributor"));
        if (Code.Contains(".CreateSender(", StringComparison.Ordinal))
            needed.Add((deployment.The(Types.Topic).Id, "Azure Service Bus Data Sender"));
        if (Repository.Find(Code, @"(\.CreateReceiver\(|\.CreateProcessor\(|\.AcceptSession|ServiceBusTrigger)").Count > 0)
            needed.Add((deployment.The(Types.Topic).Id, "Azure Service Bus Data Receiver"));
        needed.Add((deployment.The(Types.Vault).Id, "Key Vault Secrets User"));
        if (Code.Contains("UseAzureMonitorExporter", StringComparison.Ordinal))
            needed.Add((deployment.The(Types.Insights).Id, "Monitoring Metrics Publisher"));

        var principal = Expression.StandIn(identity.Id, "principalId");
        var has = Assigned(deployment).Where(one => one.Principal == principal).ToList();
        Assert.Equal(needed.Distinct().Order(), has.Select(one => (one.Scope, one.Role)).Order());
        Assert.All(has, one => Assert.Equal("ServicePrincipal", one.Type));

        var app = deployment.The(Types.App);
        Assert.Equal("UserAssigned", app.Text("identity", "type"));
        Assert.Equal(identity.Id, Assert.Single(app.At("identity", "userAssignedIdentities").AsObject()).Key);
    }

    internal static void CheckKeys(Deployment deployment)
    {
        Assert.All(deployment.All(Types.StorageAccount), account =>
        {
            Assert.False(account.Is("properties", "allowSharedKeyAccess"), $"{account}: allowSharedKeyAccess");
            Assert.False(account.Is("properties", "allowBlobPublicAccess"), $"{account}: allowBlobPublicAccess");
            Assert.True(account.Is("properties", "supportsHttpsTrafficOnly"), $"{account}: supportsHttpsTrafficOnly");
            Assert.Equal("TLS1_2", account.Text("properties", "minimumTlsVersion"));
        });
        Assert.True(deployment.The(Types.Bus).Is("properties", "disableLocalAuth"), $"{Types.Bus}: disableLocalAuth");
        Assert.Equal("1.2", deployment.The(Types.Bus).Text("properties", "minimumTlsVersion"));
        Assert.True(deployment.The(Types.Insights).Is("properties", "DisableLocalAuth"), $"{Types.Insights}: DisableLocalAuth");
        Assert.True(deployment.The(Types.Workspace).Is("properties", "features", "disableLocalAuth"), $"{Types.Workspace}: disableLocalAuth");
        Assert.True(deployment.The(Types.Vault).Is("properties", "enableRbacAuthorization"), $"{Types.Vault}: enableRbacAuthorization");
        Assert.True(deployment.The(Types.App).Is("properties", "httpsOnly"), $"{Types.App}: httpsOnly");
        Assert.Equal(["ftp", "scm"], deployment.All(Types.PublishingPolicy).Select(one => one.Name).Order());
        Assert.All(deployment.All(Types.PublishingPolicy), one => Assert.False(one.Is("properties", "allow"), $"{one}: allow"));
    }

    internal static Resource HostAccount(Deployment deployment) =>
        Assert.Single(deployment.All(Types.StorageAccount), one => one.Name.StartsWith("stfop", StringComparison.Ordinal));

    /// <summary>The account with the jobs, which is separate if there are two.</summary>
    internal static Resource JobsAccount(Deployment deployment) =>
        deployment.All(Types.StorageAccount).SingleOrDefault(one => one.Name.StartsWith("stjob", StringComparison.Ordinal)) ?? HostAccount(
            deployment);

    private static IEnumerable<Assignment> Assigned(Deployment deployment) =>
        deployment.All(Types.RoleAssignment).Select(one => new Assignment(
        one.Scope,
        Roles[one.Text("properties", "roleDefinitionId").Split('/')[^1]],
        one.Text("properties", "principalId"),
        one.Text("properties", "principalType")));

    private sealed record Assignment(string Scope, string Role, string Principal, string Type);
}
