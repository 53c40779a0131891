using System.Reflection;
using System.Text.Json;
using System.Text.RegularExpressions;
using System.Xml;
using FopWatch.Contracts;

namespace FopWatch.Infra.Tests;

/// <summary>The topic and its subscriptions' filters against what is published.</summary>
public sealed class FilterTests
{
    private static readonly Dictionary<string, string> Constants = typeof(MessageProperties)
        .GetFields(BindingFlags.Public | BindingFlags.Static)
        .ToDictionary(field => field.Name, field => (string)field.GetRawConstantValue()!);

    /// <summary>The application properties that EventMessages.cs gives to messages.</summary>
    private static readonly IReadOnlyList<string> Published = Properties(Repository.Text("src/FopWatch.Azure/ServiceBus/EventMessages.cs"));

    private static readonly string[] EventTypes = [JobEvent.ProgressedType, JobEvent.SettledType];

    /// <summary>The values that are known of each property.</summary>
    private static readonly Dictionary<string, IReadOnlyList<string>> Values = new()
    {
        [MessageProperties.State] = Names<JobState>(),
        [MessageProperties.SettledBy] = Names<SettledBy>(),
        [MessageProperties.Provider] = Names<ProviderKind>(),
    };

    public static TheoryData<string> Files => ["main.bicep", "production.bicepparam"];

    [Theory]
    [MemberData(nameof(Files))]
    public void Correlation_filters_name_properties_and_values_that_are_published(string file)
    {
        var filters = Filters(file, "correlation");
        Assert.NotEmpty(filters);
        foreach (var filter in filters)
        {
            if (filter.Find("label") is Text label)
                Assert.Contains(label.Literal, EventTypes);
            foreach (var (name, value) in filter.Find("properties") is Obj properties ? properties.Names.Zip(properties.Members) : [])
            {
                Assert.Contains(name, Published);
                if (Values.TryGetValue(name, out var known))
                    Assert.Contains(Assert.IsType<Text>(value.Value).Literal, known);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void Sql_filters_name_properties_and_values_that_are_published_and_say_what_correlation_cannot(string file)
    {
        foreach (var filter in Filters(file, "sql"))
        {
            var condition = Assert.IsType<Text>(filter.At("expression")).Literal;
            var bare = Regex.Replace(condition, "'[^']*'", "''");
            var properties = Regex.Matches(bare, @"(?<![\w.])(sys\.)?[A-Za-z_]\w*").Select(match => match.Value)
                .Where(word => word.ToUpperInvariant() is not ("AND" or "OR" or "NOT" or "IN" or "LIKE" or "IS" or "NULL" or "EXISTS" or "ESCAPE"));

            Assert.All(properties, name => Assert.True(name == "sys.Label" || Published.Contains(name), $"{name} is not published."));
            foreach (Match comparison in Regex.Matches(condition, @"(\w+)\s*(?:=|<>)\s*'([^']*)'"))
            {
                if (Values.TryGetValue(comparison.Groups[1].Value, out var known))
                    Assert.Contains(comparison.Groups[2].Value, known);
            }

            Assert.All(Repository.Find(condition, @"sys\.Label\s*=\s*'([^']*)'"), type => Assert.Contains(type, EventTypes));
            Assert.Matches(@"<>|\bOR\b|\bNOT\b|\bLIKE\b|\bIN\b|<|>", condition);
        }
    }

    [Fact]
    public void The_description_of_a_correlation_filter_names_the_properties_that_are_published()
    {
        var description = Assert.Single(Repository.Find(Repository.Text("infra/types.bicep"), "'Values of application properties: (.*?)\\.'"));
        Assert.All(description.Split(", "), name => Assert.Contains(name, Published));
    }

    [Fact]
    public void Repetitions_are_dropped_for_longer_than_it_takes_to_hear_of_an_outbox_that_does_not_empty()
    {
        var main = Repository.Bicep("main.bicep");
        var topic = Repository.Bicep("modules/servicebus.bicep").Resource("Microsoft.ServiceBus/namespaces/topics").Body;
        Assert.Equal(new Name("true"), topic.At("properties", "requiresDuplicateDetection"));
        Assert.Equal(new Name("duplicateDetectionWindow"), topic.At("properties", "duplicateDetectionHistoryTimeWindow"));

        var window = main.The("param", "duplicateDetectionWindow");
        var heard = TimeSpan.FromSeconds(int.Parse(Assert.IsType<Number>(main.The("param", "alertOutboxAgeSeconds").Value).Value, null));
        var allowed = Assert.IsType<Arr>(Assert.Single(window.Arguments("allowed"))).Elements.Select(one => XmlConvert.ToTimeSpan(((Text)one).Literal)).ToList();
        Assert.All(allowed, one => Assert.InRange(one, heard * 6, TimeSpan.FromDays(7)));
        Assert.Contains(XmlConvert.ToTimeSpan(((Text)window.Value!).Literal), allowed);
    }

    [Fact]
    public void What_a_subscription_cannot_deliver_is_dead_lettered()
    {
        var subscription = Repository.Bicep("modules/servicebus.bicep").The("resource", "topicSubscriptions").Body;
        Assert.Equal(new Name("true"), subscription.At("properties", "deadLetteringOnFilterEvaluationExceptions"));
        Assert.Equal(new Name("true"), subscription.At("properties", "deadLetteringOnMessageExpiration"));
        Assert.NotNull(subscription.At("properties", "maxDeliveryCount"));
    }

    private static List<Obj> Filters(string file, string kind) =>
    [
        .. Repository.Bicep(file).The("param", "subscriptions").Value!.All().OfType<Obj>()
            .Where(one => one.Find("kind") is Text found && found.Literal == kind),
    ];

    private static IReadOnlyList<string> Properties(string code)
    {
        var set = Repository.Find(code, @"properties\[MessageProperties\.(\w+)\]");
        var texts = Repository.Find(Assert.Single(Repository.Find(code, @"FilterTexts =\s*\[([^\]]*)\]")), @"MessageProperties\.(\w+)");
        Assert.NotEmpty(set);
        Assert.NotEmpty(texts);
        return [.. set.Concat(texts).Distinct().Select(name => Constants[name])];
    }

    /// <summary>Enum values as they are in JSON and so in properties.</summary>
    private static IReadOnlyList<string> Names<T>()
        where T : struct, Enum => [.. Enum.GetNames<T>().Select(JsonNamingPolicy.CamelCase.ConvertName)];
}
