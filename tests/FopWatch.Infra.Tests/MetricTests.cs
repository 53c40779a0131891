using System.Diagnostics.Metrics;
using System.Text.Json;
using System.Text.RegularExpressions;
using FopWatch.Contracts;
using FopWatch.Intake;
using FopWatch.Jobs;
using FopWatch.Providers;
using FopWatch.Watching;

namespace FopWatch.Infra.Tests;

/// <summary>The queries of alerts and workbook against the meter that the app has.</summary>
public sealed class MetricTests
{
    /// <summary>What the tags that queries compare can say.</summary>
    private static readonly Dictionary<string, string[]> TagValues = new()
    {
        ["answer"] = Enum.GetNames<PollAnswer>(),
        ["by"] = Enum.GetNames<SettledBy>(),
        ["result"] = Enum.GetNames<NotificationResult>(),
        ["state"] = Enum.GetNames<JobState>(),
        ["trust"] = Enum.GetNames<Trust>(),
    };

    private static readonly IReadOnlyDictionary<string, IReadOnlySet<string>> Instruments = Measure();

    /// <summary>Each alert's query, by its name.</summary>
    private static readonly IReadOnlyDictionary<string, string> Alerts = Assert
        .IsType<Arr>(Repository.Bicep("modules/alerts.bicep").The("var", "rules").Value).Elements.Cast<Obj>()
        .ToDictionary(rule => Assert.IsType<Text>(rule.At("name")).Literal, rule => Assert.IsType<Text>(rule.At("query")).Literal);

    /// <summary>Each query of the workbook, by the item's name.</summary>
    private static readonly IReadOnlyDictionary<string, string> Charts = ReadWorkbook();

    public static TheoryData<string> AlertNames => [.. Alerts.Keys];

    public static TheoryData<string> ChartNames => [.. Charts.Keys];

    [Theory]
    [MemberData(nameof(AlertNames))]
    public void An_alert_asks_for_metrics_and_tags_that_the_app_has(string name) => Check(Alerts[name]);

    [Theory]
    [MemberData(nameof(ChartNames))]
    public void A_chart_asks_for_metrics_and_tags_that_the_app_has(string name) => Check(Charts[name]);

    [Fact]
    public void Every_metric_of_the_app_is_in_the_workbook() =>
        Assert.Empty(Instruments.Keys.Except(Charts.Values.SelectMany(MetricsOf)));

    [Theory]
    [InlineData("outbox-waits", "fopwatch.outbox.age")]
    [InlineData("notifications-refused", "fopwatch.notifications.failed")]
    [InlineData("polls-fail", "fopwatch.polls")]
    [InlineData("settled-by-deadline", "fopwatch.jobs.settled")]
    [InlineData("jobs-unaccounted", "fopwatch.jobs.unaccounted")]
    [InlineData("quarantine-grows", "fopwatch.notifications")]
    [InlineData("nothing-measured", "fopwatch.outbox.depth")]
    public void There_is_an_alert_over_the_metric_that_tells(string name, string metric) =>
        Assert.Equal([metric], MetricsOf(Alerts[name]));

    [Fact]
    public void Each_alert_measures_a_column_that_its_query_has_and_splits_by_one()
    {
        foreach (var rule in ((Arr)Repository.Bicep("modules/alerts.bicep").The("var", "rules").Value!).Elements.Cast<Obj>())
        {
            var query = ((Text)rule.At("query")).Literal;
            Assert.Matches(@"\bValue = ", query);
            if (((Text)rule.At("dimension")).Literal is { Length: > 0 } dimension)
                Assert.Matches($@"\b{dimension}\b[^|]*$", query);

            // A query that sums up without time has one row in whatever window; all others need the time of each row.
            Assert.True(query.Contains("TimeGenerated", StringComparison.Ordinal) || query.Contains("summarize Value = count()", StringComparison.Ordinal));
        }
    }

    [Fact]
    public void The_outbox_alert_fires_at_ten_minutes()
    {
        Assert.Equal(new Number("600"), Repository.Bicep("main.bicep").The("param", "alertOutboxAgeSeconds").Value);
        var rule = ((Arr)Repository.Bicep("modules/alerts.bicep").The("var", "rules").Value!).Elements.Cast<Obj>().First();
        Assert.Equal("outbox-waits", ((Text)rule.At("name")).Literal);
        Assert.Equal(new Name("outboxAgeSeconds"), rule.At("threshold"));
    }

    [Fact]
    public void Dead_letters_of_the_topic_raise_an_alert_by_the_name_that_Service_Bus_has_for_them()
    {
        var alert = Repository.Bicep("modules/alerts.bicep").Resource("Microsoft.Insights/metricAlerts").Body;
        var condition = Assert.IsType<Obj>(Assert.Single(Assert.IsType<Arr>(alert.At("properties", "criteria", "allOf")).Elements));
        Assert.Equal("DeadletteredMessages", ((Text)condition.At("metricName")).Literal);
        Assert.Equal("Microsoft.ServiceBus/namespaces", ((Text)condition.At("metricNamespace")).Literal);
    }

    private static void Check(string query)
    {
        var metrics = MetricsOf(query);
        Assert.NotEmpty(metrics);
        Assert.All(metrics, metric => Assert.Contains(metric, Instruments.Keys));

        var tags = metrics.SelectMany(metric => Instruments[metric]).ToHashSet();
        Assert.All(Repository.Find(query, @"Properties\.(\w+)"), tag => Assert.Contains(tag, tags));

        // Values that are compared with a tag, by itself or by the name of a column that it was put into.
        var columns = Regex.Matches(query, @"(\w+) = tostring\(Properties\.(\w+)\)").ToDictionary(match => match.Groups[1].Value, match => match.Groups[2].Value);
        foreach (Match comparison in Regex.Matches(query, @"(?:tostring\(Properties\.(\w+)\)|\b(\w+)) (?:==|!=|in) (\(?'[^)\n]*'\)?|'[^']*')"))
        {
            var column = comparison.Groups[2].Value;
            var tag = comparison.Groups[1].Success ? comparison.Groups[1].Value : columns.GetValueOrDefault(column, "");
            if (tag.Length > 0 && tag != "source")
                Assert.All(Repository.Find(comparison.Groups[3].Value, "'(\\w+)'"), value => Assert.Contains(value, TagValues[tag]));
        }
    }

    private static IReadOnlyList<string> MetricsOf(string query) => [.. Repository.Find(query, @"'(fopwatch\.[a-z.]+)'").Distinct()];

    private static Dictionary<string, string> ReadWorkbook()
    {
        using var workbook = JsonDocument.Parse(Repository.Text("infra/workbook.json"));
        return workbook.RootElement.GetProperty("items").EnumerateArray()
            .Where(item => item.GetProperty("type").GetInt32() == 3)
            .ToDictionary(item => item.GetProperty("name").GetString()!, item => item.GetProperty("content").GetProperty("query").GetString()!);
    }

    /// <summary>Has everything measured once, and so learns each instrument's name and tags.</summary>
    private static Dictionary<string, IReadOnlySet<string>> Measure()
    {
        var found = new Dictionary<string, HashSet<string>>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, listening) =>
            {
                if (instrument.Meter.Name != Telemetry.Name)
                    return;
                found[instrument.Name] = [];
                listening.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<long>((instrument, _, tags, _) => Take(instrument, tags));
        listener.SetMeasurementEventCallback<double>((instrument, _, tags, _) => Take(instrument, tags));
        listener.Start();

        var source = new Source
        {
            Name = "media",
            Provider = ProviderKinds.For(ProviderKind.Qiniu),
            StatusEndpoint = new("https://api.example.com"),
            Tokens = new(["0123456789"]),
            Poll = new() { First = TimeSpan.FromMinutes(2) },
        };
        Telemetry.Notified(source, Trust.Strong, NotificationResult.Recorded);
        Telemetry.NotificationFailed(source);
        Telemetry.Polled(source, PollAnswer.Report);
        Telemetry.JobSettled(Job.New(new("media", "x1"), ProviderKind.Qiniu, default, new() { StartedAt = default, Deadline = default }, TimeProvider.System.GetUtcNow()));
        Telemetry.Published("media", TimeSpan.FromSeconds(1));
        Telemetry.Swept(
            new() { Books = [new("media", 1, 0, 0, 1, 0)], Restored = 0, OutboxDepth = 0, OutboxAge = TimeSpan.Zero, Quarantined = 0 },
            TimeProvider.System);
        listener.RecordObservableInstruments();
        return found.ToDictionary(one => one.Key, IReadOnlySet<string> (one) => one.Value);

        void Take(Instrument instrument, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            foreach (var (key, _) in tags)
                found[instrument.Name].Add(key);
        }
    }
}
