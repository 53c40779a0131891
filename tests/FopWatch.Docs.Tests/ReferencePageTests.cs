using System.Diagnostics.Metrics;
using System.Text.RegularExpressions;
using FopWatch.Webhooks;

namespace FopWatch.Docs.Tests;

/// <summary>Compares the pages of docs/ with their references and with what they list.</summary>
public sealed partial class ReferencePageTests
{
    [Fact]
    public void The_page_on_providers_has_every_section_that_a_comment_cites()
    {
        var sections = Section().Matches(File.ReadAllText(Repository.PathOf("docs/providers.md"))).Select(match => match.Groups[1].Value).ToList();

        var cited = new[] { "src", "tests" }
            .SelectMany(folder => Directory.EnumerateFiles(Repository.PathOf(folder), "*.cs", SearchOption.AllDirectories))
            .Where(path => !path.Split(Path.DirectorySeparatorChar).Any(part => part is "obj" or "bin" or "node_modules"))
            .SelectMany(path => Cited().Matches(File.ReadAllText(path)))
            .SelectMany(match => match.Groups.Values.Skip(1).Where(group => group.Success).Select(group => group.Value))
            .ToHashSet(StringComparer.Ordinal);

        Assert.NotEmpty(cited);
        Assert.Subset(sections.ToHashSet(StringComparer.Ordinal), cited);
    }

    [Fact]
    public void The_page_on_metrics_lists_every_metric()
    {
        var metrics = new List<string>();
        using var meter = new Meter(Telemetry.Name);
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, _) =>
            {
                if (instrument.Meter == meter)
                    metrics.Add(instrument.Name);
            },
        };
        listener.Start();
        _ = new FopWatchMetrics(meter, TimeProvider.System);
        _ = new WebhookMetrics(meter);

        var listed = MetricRow().Matches(File.ReadAllText(Repository.PathOf("docs/metrics.md"))).Select(match => match.Groups[1].Value);
        Assert.Equal(metrics.Order(StringComparer.Ordinal), listed.Order(StringComparer.Ordinal));
    }

    /// <summary>An alert without a row leaves whoever is woken by it without help.</summary>
    [Fact]
    public void The_page_on_metrics_says_what_to_do_about_every_alert()
    {
        var page = File.ReadAllText(Repository.PathOf("docs/metrics.md"));
        var alerts = Alert().Matches(page).Select(match => match.Groups[1].Value).ToList();

        Assert.NotEmpty(alerts);
        Assert.Equal(alerts, AlertRow().Matches(page).Select(match => match.Groups[1].Value));
    }

    [GeneratedRegex(@"^ +- alert: (\w+)$", RegexOptions.Multiline)]
    private static partial Regex Alert();

    [GeneratedRegex(@"^\| `(FopWatch\w+)` \|", RegexOptions.Multiline)]
    private static partial Regex AlertRow();

    [GeneratedRegex(@"^## (\d+)\. ", RegexOptions.Multiline)]
    private static partial Regex Section();

    [GeneratedRegex(@"providers\.md, sections? (\d+)(?: and (\d+))?")]
    private static partial Regex Cited();

    [GeneratedRegex(@"^\| `(fopwatch\.[a-z.]+)` \|", RegexOptions.Multiline)]
    private static partial Regex MetricRow();
}
