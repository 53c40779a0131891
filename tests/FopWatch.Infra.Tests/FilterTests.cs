using System.Reflection;
using System.Text.Json;
using System.Text.RegularExpressions;
using System.Xml;
using FopWatch.Contracts;

namespace FopWatch.Infra.Tests;

/// <summary>Compares the topic and its subscriptions' filters with the published messages.</summary>
public sealed class FilterTests
{
    private static readonly Dictionary<string, string> Constants = typeof(MessageProperties)
        .GetFields(BindingFlags.Public | BindingFlags.Static)
        .ToDictionary(field => field.Name, field => (string)field.GetRawConstantValue()!);

    /// <summary>The application properties that EventMessages.cs sets on messages.</summary>
    private static readonly IReadOnlyList<string> Published = Properties(Repository.Text("src/FopWatch.Azure/ServiceBus/EventMessages.cs"));

    private static readonly string[] EventTypes = [JobEvent.ProgressedType, JobEvent.OverdueType, JobEvent.SettledType];

    /// <summary>The known values of each property.</summary>
    private static readonly Dictionary<string, IReadOnlyList<string>> Values = new()
    {
        [MessageProperties.State] = Names<JobState>(),
        [MessageProperties.SettledBy] = Names<SettledBy>(),
        [MessageProperties.Provider] = Names<ProviderKind>(),
    };

    public static TheoryData<string> All => Deployments.All;

    [Theory]
    [MemberData(nameof(All))]
    public async Task Filters_use_published_properties_and_values(string name) => Check(await Deployments.OfAsync(name));

    [Fact]
    public async Task A_subscription_gets_messages_that_match_any_of_its_filters_and_without_filters_every_message()
    {
        var deployment = await Deployments.OfAsync(Deployments.Most);
        Assert.Equal(["all", "some"], deployment.All(Types.Subscription).Select(one => one.Name));

        // The first replaces the default rule of a new subscription, which accepts every message.
        Assert.Equal(
            [("some", "$Default", "CorrelationFilter"), ("some", "filter-1", "CorrelationFilter"), ("some", "filter-2", "SqlFilter")],
            Rules(deployment).Select(one => (one.Names[^2], one.Name, one.Text("properties", "filterType"))));
        var progressed = Rules(deployment).First();
        Assert.Equal("fopwatch.job.progressed", progressed.Text("properties", "correlationFilter", "label"));
        Assert.Equal(
            ["provider=wangsuFops", "source=media"],
            CorrelationProperties(progressed).Select(one => $"{one.Key}={one.Value}").Order());
    }

    [Fact]
    public async Task By_default_there_is_no_subscription_without_a_reader()
    {
        Assert.Empty((await Deployments.OfAsync(Deployments.Least)).All(Types.Subscription));
        Assert.Empty((await Deployments.OfAsync(Deployments.Development)).All(Types.Subscription));
    }

    [Fact]
    public async Task The_subscriptions_of_production_separate_outcomes_from_troubles()
    {
        var deployment = await Deployments.OfAsync(Deployments.Production);
        Assert.Equal(
            Names<JobState>().Except(["waiting", "processing", "succeeded"]).Order(),
            Rules(deployment).Where(one => one.Names[^2] == "troubles")
                .Select(one => CorrelationProperties(one)[MessageProperties.State]).Order());
    }

    [Fact]
    public void The_description_of_a_correlation_filter_names_the_published_properties()
    {
        var description = Assert.Single(Repository.Find(Repository.Bicep["types.bicep"], "'Values of application properties: (.*?)\\.'"));
        Assert.All(description.Split(", "), name => Assert.Contains(name, Published));
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task Duplicates_are_dropped_and_undeliverable_messages_are_dead_lettered(string name) =>
        CheckDelivery(await Deployments.OfAsync(name));

    [Fact]
    public async Task Duplicate_detection_lasts_longer_than_it_takes_to_be_alerted_of_a_stuck_outbox()
    {
        var parameters = (await Deployments.TemplateAsync)["parameters"]!;
        var window = parameters["duplicateDetectionWindow"]!;
        var heard = TimeSpan.FromSeconds(parameters["alertOutboxAgeSeconds"]!["defaultValue"]!.GetValue<int>());
        var allowed = window["allowedValues"]!.AsArray().Select(one => XmlConvert.ToTimeSpan(one!.GetValue<string>())).ToList();
        Assert.All(allowed, one => Assert.InRange(one, heard * 6, TimeSpan.FromDays(7)));
        Assert.Contains(XmlConvert.ToTimeSpan(window["defaultValue"]!.GetValue<string>()), allowed);

        var topic = (await Deployments.OfAsync(Deployments.Most)).The(Types.Topic);
        Assert.Equal("P7D", topic.Text("properties", "duplicateDetectionHistoryTimeWindow"));
    }

    [Theory]
    [InlineData(Deployments.Development, "Standard", null)]
    [InlineData(Deployments.Production, "Premium", 1)]
    [InlineData(Deployments.Most, "Premium", 16)]
    [InlineData(Deployments.Open, "Premium", 2)]
    public async Task Private_endpoints_need_the_premium_tier_and_only_that_tier_has_units(string name, string tier, int? units)
    {
        var bus = (await Deployments.OfAsync(name)).The(Types.Bus);
        Assert.Equal((tier, tier), (bus.Text("sku", "name"), bus.Text("sku", "tier")));
        Assert.Equal(units, bus.Find("sku", "capacity")?.GetValue<int>());
    }

    internal static void Check(Deployment deployment)
    {
        foreach (var rule in Rules(deployment))
        {
            Assert.Contains(deployment.All(Types.Subscription), one => one.Names.SequenceEqual(rule.Names.SkipLast(1)));
            if (rule.Text("properties", "filterType") == "CorrelationFilter")
                CheckCorrelation(rule);
            else
                CheckSql(rule.Text("properties", "sqlFilter", "sqlExpression"));
        }
    }

    internal static void CheckDelivery(Deployment deployment)
    {
        var topic = deployment.The(Types.Topic);
        Assert.True(topic.Is("properties", "requiresDuplicateDetection"), $"{topic}: requiresDuplicateDetection");
        Assert.InRange(topic.At("properties", "maxSizeInMegabytes").GetValue<int>(), 1024, 5120);
        foreach (var subscription in deployment.All(Types.Subscription))
        {
            Assert.True(subscription.Is("properties", "deadLetteringOnFilterEvaluationExceptions"), $"{subscription}: deadLetteringOnFilterEvaluationExceptions");
            Assert.True(subscription.Is("properties", "deadLetteringOnMessageExpiration"), $"{subscription}: deadLetteringOnMessageExpiration");
            Assert.InRange(subscription.At("properties", "maxDeliveryCount").GetValue<int>(), 1, 2000);
            Assert.InRange(
                XmlConvert.ToTimeSpan(subscription.Text("properties", "lockDuration")),
                TimeSpan.FromSeconds(5),
                TimeSpan.FromMinutes(5));

            // A message that nobody receives expires, but not before its subscription's dead letters have raised an alert.
            Assert.InRange(
                XmlConvert.ToTimeSpan(subscription.Text("properties", "autoDeleteOnIdle")),
                XmlConvert.ToTimeSpan(topic.Text("properties", "defaultMessageTimeToLive")) + TimeSpan.FromDays(7),
                TimeSpan.FromDays(90));
            Assert.Equal(topic.Text("properties", "defaultMessageTimeToLive"), subscription.Text("properties", "defaultMessageTimeToLive"));
            Assert.True(XmlConvert.ToTimeSpan(subscription.Text("properties", "defaultMessageTimeToLive")) >= TimeSpan.FromHours(1), $"{subscription}: defaultMessageTimeToLive");
        }
    }

    private static IEnumerable<Resource> Rules(Deployment deployment) => deployment.All(Types.Filter);

    private static Dictionary<string, string> CorrelationProperties(Resource rule) =>
        rule.Find("properties", "correlationFilter", "properties")?.AsObject()
            .ToDictionary(one => one.Key, one => one.Value!.GetValue<string>()) ?? [];

    private static void CheckCorrelation(Resource rule)
    {
        var label = rule.Find("properties", "correlationFilter", "label")?.GetValue<string>();
        var properties = CorrelationProperties(rule);
        Assert.True(label is not null || properties.Count > 0, $"{rule} compares nothing.");
        if (label is not null)
            Assert.Contains(label, EventTypes);
        foreach (var (name, value) in properties)
        {
            Assert.Contains(name, Published);
            if (Values.TryGetValue(name, out var known))
                Assert.Contains(value, known);
        }
    }

    private static void CheckSql(string condition)
    {
        var bare = Regex.Replace(condition, "'[^']*'", "''");
        string[] words = ["AND", "OR", "NOT", "IN", "LIKE", "IS", "NULL", "EXISTS", "ESCAPE"];
        var properties = Regex.Matches(bare, @"(?<![\w.])(sys\.)?[A-Za-z_]\w*").Select(match => match.Value)
            .Where(word => !words.Contains(word, StringComparer.OrdinalIgnoreCase));

        Assert.All(properties, name => Assert.True(name == "sys.Label" || Published.Contains(name), $"{name} is not published."));
        foreach (Match comparison in Regex.Matches(condition, @"(\w+)\s*(?:=|<>)\s*'([^']*)'"))
        {
            if (Values.TryGetValue(comparison.Groups[1].Value, out var known))
                Assert.Contains(comparison.Groups[2].Value, known);
        }

        Assert.All(Repository.Find(condition, @"sys\.Label\s*=\s*'([^']*)'"), type => Assert.Contains(type, EventTypes));

        // SQL filters are only for conditions that the cheaper correlation filters cannot express.
        Assert.Matches(@"<>|\bOR\b|\bNOT\b|\bLIKE\b|\bIN\b|<|>", condition);
    }

    private static IReadOnlyList<string> Properties(string code)
    {
        var set = Repository.Find(code, @"properties\[MessageProperties\.(\w+)\]");
        var texts = Repository.Find(Assert.Single(Repository.Find(code, @"FilterTexts =\s*\[([^\]]*)\]")), @"MessageProperties\.(\w+)");
        Assert.NotEmpty(set);
        Assert.NotEmpty(texts);
        return [.. set.Concat(texts).Distinct().Select(name => Constants[name])];
    }

    /// <summary>Enum values as in JSON and therefore in properties.</summary>
    private static IReadOnlyList<string> Names<T>()
        where T : struct, Enum => [.. Enum.GetNames<T>().Select(JsonNamingPolicy.CamelCase.ConvertName)];
}
