using System.Text.Json;

namespace FopWatch.Infra.Tests;

/// <summary>The roles that are assigned against what the code calls.</summary>
public sealed class RoleTests
{
    private static readonly string Code = Repository.Code("FopWatch.Azure") + Repository.Code("FopWatch.Functions");
    private static readonly BicepFile Main = Repository.Bicep("main.bicep");

    /// <summary>As Microsoft lists them: https://learn.microsoft.com/azure/role-based-access-control/built-in-roles.</summary>
    [Theory]
    [InlineData("Azure Service Bus Data Receiver", "4f6d3b9b-027b-4f4c-9142-0e5a2a2247e0")]
    [InlineData("Azure Service Bus Data Sender", "69a216fc-b8fb-44d8-bc22-1f3c2cd27a39")]
    [InlineData("Key Vault Secrets Officer", "b86a8fe4-44ce-4948-aee5-eccb2c155cd7")]
    [InlineData("Key Vault Secrets User", "4633458b-17de-408a-b874-0445c86b69e6")]
    [InlineData("Monitoring Metrics Publisher", "3913510d-42f4-4e42-8a64-420c390055eb")]
    [InlineData("Storage Blob Data Owner", "b7e6dc6d-f1e8-4753-8033-0f276bb0955b")]
    [InlineData("Storage Queue Data Contributor", "974c5e8b-45b9-4653-ba55-5f855dd0fb88")]
    [InlineData("Storage Table Data Contributor", "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3")]
    public void A_role_has_its_id(string role, string id) => Assert.Equal(id, Ids()[role]);

    [Fact]
    public void Every_role_that_is_assigned_is_known_and_every_known_one_is_assigned() =>
        Assert.Equal(Ids().Keys.Order(), AppRoles().Append("Azure Service Bus Data Receiver").Append("Key Vault Secrets Officer").Distinct().Order());

    [Fact]
    public void The_app_has_the_roles_that_its_code_needs_and_no_other()
    {
        var needed = new List<string>();

        // The Functions host keeps locks and keys in blobs; Durable Functions has leases in blobs, messages in queues, and history in tables.
        using var host = JsonDocument.Parse(Repository.Text("host.json"));
        var provider = host.RootElement.GetProperty("extensions").GetProperty("durableTask").GetProperty("storageProvider").GetProperty("type").GetString();
        if (provider == "AzureStorage")
            needed.AddRange(["Storage Blob Data Owner", "Storage Queue Data Contributor", "Storage Table Data Contributor"]);

        if (Code.Contains("TableServiceClient", StringComparison.Ordinal))
            needed.Add("Storage Table Data Contributor");
        if (Code.Contains(".CreateSender(", StringComparison.Ordinal))
            needed.Add("Azure Service Bus Data Sender");
        if (Repository.Find(Code, @"(\.CreateReceiver\(|\.CreateProcessor\(|\.AcceptSession|ServiceBusTrigger)").Count > 0)
            needed.Add("Azure Service Bus Data Receiver");
        if (Repository.Text("infra/modules/functions.bicep").Contains("@Microsoft.KeyVault(", StringComparison.Ordinal))
            needed.Add("Key Vault Secrets User");
        if (Code.Contains("UseAzureMonitorExporter", StringComparison.Ordinal))
            needed.Add("Monitoring Metrics Publisher");

        Assert.Equal(needed.Distinct().Order(), AppRoles().Distinct().Order());
    }

    [Fact]
    public void The_code_uses_no_service_that_these_tests_know_no_role_for() =>
        Assert.Empty(Repository.Find(Code, @"\b(BlobServiceClient|BlobContainerClient|QueueServiceClient|QueueClient|SecretClient|ServiceBusAdministrationClient|EventGridPublisherClient|CosmosClient|ArmClient)\b"));

    [Fact]
    public void Jobs_in_an_account_of_their_own_are_in_tables_alone()
    {
        Assert.Equal(["Storage Table Data Contributor"], Texts(Main.The("var", "jobsRoles")));
        Assert.Equal(new Name("jobsRoles"), Main.The("module", "jobsStorage").Body.At("params", "roles"));
        Assert.Equal(new Name("hostRoles"), Main.The("module", "hostStorage").Body.At("params", "roles"));
    }

    [Fact]
    public void Nobody_gets_in_with_a_key()
    {
        Is("modules/storage.bicep", "Microsoft.Storage/storageAccounts", "false", "properties", "allowSharedKeyAccess");
        Is("modules/storage.bicep", "Microsoft.Storage/storageAccounts", "false", "properties", "allowBlobPublicAccess");
        Is("modules/servicebus.bicep", "Microsoft.ServiceBus/namespaces", "true", "properties", "disableLocalAuth");
        Is("modules/monitor.bicep", "Microsoft.Insights/components", "true", "properties", "DisableLocalAuth");
        Is("modules/monitor.bicep", "Microsoft.OperationalInsights/workspaces", "true", "properties", "features", "disableLocalAuth");
        Is("modules/vault.bicep", "Microsoft.KeyVault/vaults", "true", "properties", "enableRbacAuthorization");

        static void Is(string file, string type, string value, params string[] path) =>
            Assert.Equal(new Name(value), Repository.Bicep(file).Resource(type).Body.At(path));
    }

    /// <summary>The roles of the app's identity: those that are assigned to a module's <c>principalId</c>.</summary>
    private static IEnumerable<string> AppRoles()
    {
        foreach (var (path, file) in Repository.AllBicep)
        {
            foreach (var assignment in file.All("resource").Where(one => one.What!.StartsWith("Microsoft.Authorization/roleAssignments@", StringComparison.Ordinal)))
            {
                if (assignment.Body.At("properties", "principalId") != new Name("principalId"))
                    continue;
                var named = assignment.Body.At("properties", "roleDefinitionId").All().OfType<Text>().Select(text => text.Literal)
                    .Where(text => !text.StartsWith("Microsoft.", StringComparison.Ordinal)).ToList();
                if (named.Count > 0)
                    yield return Assert.Single(named);
                else
                {
                    Assert.Equal("modules/storage.bicep", path);
                    foreach (var role in Texts(Main.The("var", "hostRoles")).Concat(Texts(Main.The("var", "jobsRoles"))))
                        yield return role;
                }
            }
        }
    }

    private static Dictionary<string, string> Ids()
    {
        var ids = Assert.IsType<Obj>(Repository.Bicep("roles.bicep").The("var", "roleIds").Value);
        return ids.Names.Zip(ids.Members).ToDictionary(one => one.First, one => Assert.IsType<Text>(one.Second.Value).Literal);
    }

    private static IEnumerable<string> Texts(Declaration declared) => Assert.IsType<Arr>(declared.Value).Elements.Select(one => Assert.IsType<Text>(one).Literal);
}
