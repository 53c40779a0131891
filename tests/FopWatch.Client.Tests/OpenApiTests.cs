using System.Text.Json;
using System.Text.Json.Nodes;

namespace FopWatch.Client.Tests;

/// <summary>Compares the client's records with the HTTP API.</summary>
public sealed class OpenApiTests
{
    private static readonly Dictionary<string, string> NamedOtherwise = new()
    {
        [nameof(RegisteredJob)] = "JobLink",
        [nameof(RegisteredJobs)] = "JobLinks",
        [nameof(JobPage)] = "JobList",
        [nameof(JobCount)] = "JobsCounted",
        [nameof(QuarantinedNotification)] = "QuarantineEntry",
        [nameof(QuarantinePage)] = "QuarantineList",
    };

    /// <summary>Types that are not answers of the HTTP API.</summary>
    private static readonly Type[] NotAnswers = [typeof(JobFilter), typeof(RegistrationResult)];

    private static readonly JsonObject Schemas = JsonNode.Parse(typeof(OpenApiTests).Assembly.GetManifestResourceStream("openapi.json")!)!["components"]!["schemas"]!.AsObject();

    public static TheoryData<string> Records() =>
    [
        .. typeof(IFopWatchClient).Assembly.GetTypes()
            .Where(type => type is { Namespace: "FopWatch.Client", IsClass: true } && type.GetMethod("<Clone>$") is not null)
            .Where(type => !type.IsAssignableTo(typeof(EventStreamItem)) && !NotAnswers.Contains(type))
            .Select(type => type.Name),
    ];

    [Theory]
    [MemberData(nameof(Records))]
    public void A_record_has_the_members_of_its_schema(string name)
    {
        var type = typeof(IFopWatchClient).Assembly.GetType($"FopWatch.Client.{name}")!;
        var (members, required) = MembersOf(NamedOtherwise.GetValueOrDefault(name, name));
        var own = type.GetProperties().Where(property => property.CanWrite).ToDictionary(property => JsonNamingPolicy.CamelCase.ConvertName(property.Name));

        Assert.Equal(members.Order(StringComparer.Ordinal), own.Keys.Order(StringComparer.Ordinal));
        foreach (var (member, property) in own)
        {
            if (property.IsDefined(typeof(System.Runtime.CompilerServices.RequiredMemberAttribute), inherit: false))
                Assert.True(required.Contains(member), $"The API may omit '{member}'.");
        }
    }

    [Theory]
    [InlineData(nameof(WatchStatus), typeof(WatchStatus))]
    [InlineData(nameof(KeyRights), typeof(KeyRights))]
    [InlineData(nameof(HostKind), typeof(HostKind))]
    [InlineData(nameof(WebhookState), typeof(WebhookState))]
    [InlineData(nameof(WebhookPause), typeof(WebhookPause))]
    public void An_enum_has_the_values_of_its_schema(string schema, Type type) => Assert.Equal(
        Schemas[schema]!["enum"]!.AsArray().Select(word => (string)word!),
        Enum.GetNames(type).Where(word => word != "Unknown").Select(JsonNamingPolicy.CamelCase.ConvertName));

    private static (HashSet<string> Members, HashSet<string> Required) MembersOf(string schema)
    {
        var (members, required) = (new HashSet<string>(), new HashSet<string>());
        Add(Schemas[schema] ?? throw new InvalidOperationException($"The OpenAPI document has no schema {schema}."));
        return (members, required);

        void Add(JsonNode node)
        {
            if (node["$ref"] is { } reference)
                Add(Schemas[((string)reference!).Split('/')[^1]]!);
            foreach (var part in node["allOf"]?.AsArray() ?? [])
                Add(part!);
            members.UnionWith(node["properties"]?.AsObject().Select(property => property.Key) ?? []);
            required.UnionWith(node["required"]?.AsArray().Select(name => (string)name!) ?? []);
        }
    }
}
