using System.Diagnostics.Metrics;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using System.Xml;
using FopWatch.Contracts;
using FopWatch.Intake;
using FopWatch.Jobs;
using FopWatch.Providers;
using FopWatch.Watching;

namespace FopWatch.Infra.Tests;

/// <summary>Compares the queries of alerts and the workbook with the app's metrics.</summary>
public sealed class MetricTests
{
    /// <summary>The possible values of the tags that queries compare.</summary>
    private static readonly Dictionary<string, string[]> TagValues = new()
    {
        ["answer"] = Enum.GetNames<PollAnswer>(),
        ["by"] = Enum.GetNames<SettledBy>(),
        ["result"] = [.. Enum.GetNames<NotificationResult>().Union(Enum.GetNames<UploadResult>())],
        ["state"] = Enum.GetNames<JobState>(),
        ["trust"] = Enum.GetNames<Trust>(),
    };

    private static readonly IReadOnlyDictionary<string, IReadOnlySet<string>> Instruments = Measure();

    public static TheoryData<string> All => Deployments.All;

    [Theory]
    [MemberData(nameof(All))]
    public async Task Alerts_query_metrics_and_tags_that_the_app_emits(string name) => CheckAlerts(await Deployments.OfAsync(name));

    [Theory]
    [MemberData(nameof(All))]
    public async Task Charts_query_metrics_and_tags_that_the_app_emits(string name) => CheckCharts(await Deployments.OfAsync(name));

    [Fact]
    public async Task Every_metric_of_the_app_is_in_the_workbook() =>
        Assert.Empty(Instruments.Keys.Except(Charts(await Deployments.OfAsync(Deployments.Development)).Values.SelectMany(MetricsOf)));

    [Fact]
    public void Queries_in_the_guide_use_metrics_and_tags_that_the_app_emits()
    {
        var queries = Repository.Find(Repository.Text("infra/README.md"), @"```kusto\n([\s\S]*?)```")
            .SelectMany(block => block.Split("\n\n")).ToList();
        Assert.True(queries.Count >= 4);
        Assert.All(queries.Where(query => query.Contains("AppMetrics", StringComparison.Ordinal)), Check);
    }

    [Theory]
    [InlineData("outbox-waits", "fopwatch.outbox.age")]
    [InlineData("events-refused", "fopwatch.outbox.refused")]
    [InlineData("notifications-refused", "fopwatch.notifications.failed")]
    [InlineData("polls-fail", "fopwatch.polls")]
    [InlineData("settled-by-deadline", "fopwatch.jobs.settled")]
    [InlineData("jobs-unaccounted", "fopwatch.jobs.unaccounted")]
    [InlineData("quarantine-grows", "fopwatch.notifications")]
    [InlineData("nothing-measured", "fopwatch.outbox.depth")]
    public async Task An_alert_queries_the_metric_of_its_condition(string name, string metric) =>
        Assert.Equal([metric], MetricsOf(QueryOf(Alert(await Deployments.OfAsync(Deployments.Production), name))));

    [Fact]
    public async Task The_overdue_alert_compares_overdue_jobs_with_settling_jobs() => Assert.Equal(
        ["fopwatch.jobs.overdue", "fopwatch.jobs.settled"], MetricsOf(QueryOf(Alert(await Deployments.OfAsync(Deployments.Production), "jobs-overdue"))));

    /// <summary>The guide has a row for each alert, with its severity.</summary>
    [Fact]
    public async Task The_guide_says_what_to_do_about_every_alert()
    {
        var deployment = await Deployments.OfAsync(Deployments.Production);
        var queries = Alerts(deployment).Select(alert => (Name: alert.Text("properties", "displayName").Split(" (")[0], Severity: Severity(alert)));
        var metrics = deployment.All(Types.MetricAlert)
            .Select(alert => (Name: alert.Name.StartsWith("ma-dead-letters-", StringComparison.Ordinal) ? "Dead letters" : "The topic fills", Severity: Severity(alert)));
        var rows = Regex.Matches(Repository.Text("infra/README.md"), @"^\| ([^|]+) \| ([0-4]) \|[^|]+\|[^|]+\|[^|]+\|$", RegexOptions.Multiline)
            .Select(row => (Name: row.Groups[1].Value, Severity: int.Parse(row.Groups[2].Value, null)));

        Assert.Equal(queries.Concat(metrics).Order(), rows.Order());

        static int Severity(Resource alert) => alert.At("properties", "severity").GetValue<int>();
    }

    [Fact]
    public async Task Thresholds_are_those_of_the_parameters()
    {
        var (some, most) = (await Deployments.OfAsync(Deployments.Development), await Deployments.OfAsync(Deployments.Most));
        Assert.Equal((600, 900), (Threshold(some, "outbox-waits"), Threshold(most, "outbox-waits")));
        Assert.Equal((50, 20), (Threshold(some, "polls-fail"), Threshold(most, "polls-fail")));
        Assert.Equal((5, 50), (Threshold(some, "quarantine-grows"), Threshold(most, "quarantine-grows")));

        static int Threshold(Deployment deployment, string name) => Condition(Alert(deployment, name))["threshold"]!.GetValue<int>();
    }

    [Theory]
    [InlineData(Deployments.Development, false, 0)]
    [InlineData(Deployments.Production, true, 1)]
    [InlineData(Deployments.Least, true, 0)]
    [InlineData(Deployments.Most, true, 2)]
    [InlineData(Deployments.Open, false, 1)]
    public async Task Alerts_can_be_switched_off_and_notify_every_named_recipient(string name, bool on, int people)
    {
        var deployment = await Deployments.OfAsync(name);
        var group = deployment.All(Types.ActionGroup).SingleOrDefault();
        Assert.Equal(people, group?.At("properties", "emailReceivers").AsArray().Count ?? 0);
        Assert.InRange(group?.Text("properties", "groupShortName").Length ?? 1, 1, 12);

        Assert.All(Alerts(deployment), alert =>
        {
            Assert.Equal(on, alert.Is("properties", "enabled"));
            Assert.Equal(
                group is null ? [] : [group.Id],
                alert.At("properties", "actions", "actionGroups").AsArray().Select(one => one!.GetValue<string>()));
        });
        Assert.Equal(2, deployment.All(Types.MetricAlert).Count());
        Assert.All(deployment.All(Types.MetricAlert), alert =>
        {
            Assert.Equal(on, alert.Is("properties", "enabled"));
            Assert.Equal(
                group is null ? [] : [group.Id],
                alert.At("properties", "actions").AsArray().Select(one => one!["actionGroupId"]!.GetValue<string>()));
        });
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task Dead_letters_and_a_half_full_topic_raise_an_alert(string name) =>
        CheckTopic(await Deployments.OfAsync(name));

    internal static void CheckTopic(Deployment deployment)
    {
        CheckTopicAlert(deployment, "ma-dead-letters-", "DeadletteredMessages", 0);
        CheckTopicAlert(
            deployment, "ma-topic-fills-", "Size", deployment.The(Types.Topic).At("properties", "maxSizeInMegabytes").GetValue<int>() * 1024L * 1024 / 2);
    }

    private static void CheckTopicAlert(Deployment deployment, string name, string metric, long threshold)
    {
        var alert = Assert.Single(deployment.All(Types.MetricAlert), one => one.Name.StartsWith(name, StringComparison.Ordinal));
        var condition = Assert.Single(alert.At("properties", "criteria", "allOf").AsArray())!;
        Assert.Equal((name, metric, threshold), (name, condition["metricName"]!.GetValue<string>(), condition["threshold"]!.GetValue<long>()));
        Assert.Equal(("GreaterThan", "Maximum"), (condition["operator"]!.GetValue<string>(), condition["timeAggregation"]!.GetValue<string>()));
        Assert.Equal("Microsoft.ServiceBus/namespaces", condition["metricNamespace"]!.GetValue<string>());
        Assert.Equal(deployment.The(Types.Bus).Id, Assert.Single(alert.At("properties", "scopes").AsArray())!.GetValue<string>());
        var entity = Assert.Single(condition["dimensions"]!.AsArray())!;
        Assert.Equal("EntityName", entity["name"]!.GetValue<string>());
        Assert.Equal(deployment.Output("SERVICEBUS_TOPIC"), Assert.Single(entity["values"]!.AsArray())!.GetValue<string>());
    }

    internal static void CheckAlerts(Deployment deployment)
    {
        var workspace = deployment.The(Types.Workspace).Id;
        Assert.NotEmpty(Alerts(deployment));
        foreach (var alert in Alerts(deployment))
        {
            var (condition, query) = (Condition(alert), QueryOf(alert));
            Check(query);
            Assert.Equal(workspace, Assert.Single(alert.At("properties", "scopes").AsArray())!.GetValue<string>());

            // It measures a column of the query and splits by one.
            Assert.Equal("Value", condition["metricMeasureColumn"]!.GetValue<string>());
            Assert.Matches(@"\bValue = ", query);
            foreach (var dimension in condition["dimensions"]!.AsArray())
                Assert.Matches($@"\b{dimension!["name"]}\b[^|]*$", query);

            // A query that aggregates without time has one row in any window; every other query needs the time of each row.
            Assert.Matches(@"TimeGenerated|summarize Value = count\(\)", query);

            // Every measurement between two evaluations is in the window of one of them.
            var (window, frequency) = (
                XmlConvert.ToTimeSpan(alert.Text("properties", "windowSize")),
                XmlConvert.ToTimeSpan(alert.Text("properties", "evaluationFrequency")));
            Assert.True(window >= frequency, $"{alert} leaves gaps between its evaluations.");
            Assert.InRange(alert.At("properties", "severity").GetValue<int>(), 0, 4);
        }
    }

    internal static void CheckCharts(Deployment deployment)
    {
        var workbook = deployment.The(Types.Workbook);
        Assert.Equal(deployment.The(Types.Workspace).Id, workbook.Text("properties", "sourceId"));
        Assert.NotEmpty(Charts(deployment));
        Assert.All(Charts(deployment).Values, Check);
    }

    private static IReadOnlyList<Resource> Alerts(Deployment deployment) => [.. deployment.All(Types.QueryAlert)];

    private static Resource Alert(Deployment deployment, string name) =>
        Assert.Single(Alerts(deployment), one => one.Name.StartsWith($"sqr-{name}-", StringComparison.Ordinal));

    private static JsonNode Condition(Resource alert) => Assert.Single(alert.At("properties", "criteria", "allOf").AsArray())!;

    private static string QueryOf(Resource alert) => Condition(alert)["query"]!.GetValue<string>();

    /// <summary>Each query of the workbook by the name of its item.</summary>
    private static Dictionary<string, string> Charts(Deployment deployment) =>
        JsonNode.Parse(deployment.The(Types.Workbook).Text("properties", "serializedData"))!["items"]!.AsArray()
            .Where(item => item!["type"]!.GetValue<int>() == 3)
            .ToDictionary(item => item!["name"]!.GetValue<string>(), item => item!["content"]!["query"]!.GetValue<string>());

    private static void Check(string query)
    {
        var metrics = MetricsOf(query);
        Assert.NotEmpty(metrics);
        Assert.All(metrics, metric => Assert.Contains(metric, Instruments.Keys));

        var tags = metrics.SelectMany(metric => Instruments[metric]).ToHashSet();
        Assert.All(Repository.Find(query, @"Properties\.(\w+)"), tag => Assert.Contains(tag, tags));

        // Values compared with a tag, directly or through a column that holds it.
        var columns = Regex.Matches(query, @"(\w+) = tostring\(Properties\.(\w+)\)")
            .ToDictionary(match => match.Groups[1].Value, match => match.Groups[2].Value);
        const string Comparison = @"(?:tostring\(Properties\.(\w+)\)|\b(\w+)) (?:==|!=|in) (\(?'[^)\n]*'\)?|'[^']*')";
        foreach (Match comparison in Regex.Matches(query, Comparison))
        {
            var column = comparison.Groups[2].Value;
            var tag = comparison.Groups[1].Success ? comparison.Groups[1].Value : columns.GetValueOrDefault(column, "");
            if (tag.Length > 0 && tag != "source")
                Assert.All(Repository.Find(comparison.Groups[3].Value, "'(\\w+)'"), value => Assert.Contains(value, TagValues[tag]));
        }
    }

    private static IReadOnlyList<string> MetricsOf(string query) => [.. Repository.Find(query, @"'(fopwatch\.[a-z.]+)'").Distinct()];

    /// <summary>Triggers every measurement once to learn each instrument's name and tags.</summary>
    private static Dictionary<string, IReadOnlySet<string>> Measure()
    {
        var found = new Dictionary<string, HashSet<string>>();
        using var meter = new Meter(Telemetry.Name);
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, listening) =>
            {
                if (instrument.Meter != meter)
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
        var metrics = new FopWatchMetrics(meter, TimeProvider.System);
        metrics.Notified(source, Trust.Strong, NotificationResult.Recorded);
        metrics.Uploaded(source, Trust.Strong, UploadResult.Registered);
        metrics.NotificationFailed(source);
        metrics.TurnedAway(source, "busy");
        metrics.Polled(source, PollAnswer.Report);
        var watch = new Watch { StartedAt = default, Deadline = default };
        metrics.JobSettled(Job.New(new("media", "x1"), ProviderKind.Qiniu, default, watch, TimeProvider.System.GetUtcNow()));
        metrics.Committed(FoundByPoll(source));
        metrics.Committed(FoundOverdue(source));
        metrics.Published("media", TimeSpan.FromSeconds(1));
        metrics.Swept(new() { Books = [new("media", 1, 0, 0, 1, 0)], Restored = 0, OutboxDepth = 0, OutboxAge = TimeSpan.Zero, Quarantined = 0 });
        listener.RecordObservableInstruments();
        return found.ToDictionary(one => one.Key, IReadOnlySet<string> (one) => one.Value);

        void Take(Instrument instrument, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            foreach (var (key, _) in tags)
                found[instrument.Name].Add(key);
        }
    }

    private static JobCommitted FoundOverdue(Source source)
    {
        var found = FoundByPoll(source);
        return found with { After = found.Before!.BecomeOverdue(TimeProvider.System.GetUtcNow()).Job };
    }

    private static JobCommitted FoundByPoll(Source source)
    {
        var (key, now) = (new JobKey(source.Name, "z0.x2"), TimeProvider.System.GetUtcNow());
        var before = JobDecider.Decide(key, null, new DecisionInput.Registration(new Dictionary<string, string>(), null), source, now.AddMinutes(-2))!.Job;
        var report = source.Provider.Decode(
            ReportChannel.Poll, """{"id":"z0.x2","code":0,"desc":"","items":[{"cmd":"vframe/jpg","code":0,"key":"a.jpg","hash":"h"}]}"""u8.ToArray()).Report;
        var polled = new DecisionInput.Polled(before.Watch, new StatusAnswer(PollAnswer.Report, report), 0);
        return new(before, JobDecider.Decide(key, before, polled, source, now)!.Job, null, CommitCause.Watch);
    }
}
