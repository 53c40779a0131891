using System.Globalization;
using System.Text.RegularExpressions;

namespace FopWatch.Infra.Tests;

/// <summary>Figures of the operator's guide, computed from the templates' defaults.</summary>
public sealed partial class FigureTests
{
    private static readonly string Guide = Regex.Replace(Repository.Text("infra/README.md"), @"\s+", " ");
    private static readonly string Template = Repository.Text("infra/main.bicep");

    [Fact]
    public void Defaults_in_the_guide_are_those_of_the_template()
    {
        var (instances, requests) = (Number("maximumInstanceCount"), Number("httpConcurrency"));
        string[] figures =
        [
            $"| {Number("buckets")} `buckets` per source (partitions of the table) |",
            $"| {TimeSpan.Parse(Text("retention"), CultureInfo.InvariantCulture).TotalDays} days (`retention`) |",
            $"| {instances} at {Number("instanceMemoryMB"):N0} MB for each group of functions",
            $"| {requests} concurrent requests each (`httpConcurrency`): {instances * requests:N0}, of which",
            $"`notificationsPerMinute` ({Number("notificationsPerMinute"):N0})",
            $"in the outbox for more than {Number("alertOutboxAgeSeconds") / 60} minutes",
            $"more than {Number("alertQuarantinedPerHour")} of a source in an hour",
            Number("alertFailedPollsPercent") == 50 ? "more than half of at least 5 in 15 minutes" : "?",
            Text("duplicateDetectionWindow") == "P1D" ? "duplicate detection for a day (`duplicateDetectionWindow`)" : "?",
            Text("messageTimeToLive") == "P14D" ? "or did not read it for 14 days" : "?",
        ];

        Assert.All(figures, figure => Assert.Contains(figure, Guide, StringComparison.Ordinal));
    }

    [Fact]
    public void The_guide_has_productions_number_of_always_ready_instances()
    {
        var counts = Instances().Matches(Repository.Text("infra/production.bicepparam")).Sum(match => int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture));

        Assert.Contains($"([production.bicepparam](production.bicepparam) has {counts}", Guide, StringComparison.Ordinal);
    }

    private static int Number(string parameter) => int.Parse(Value(parameter, "([0-9]+)"), CultureInfo.InvariantCulture);

    private static string Text(string parameter) => Value(parameter, "'([^']*)'");

    private static string Value(string parameter, string pattern)
    {
        var match = Regex.Match(Template, $@"^param {parameter} \S+ = {pattern}", RegexOptions.Multiline);
        Assert.True(match.Success, parameter);
        return match.Groups[1].Value;
    }

    [GeneratedRegex(@"instanceCount: ([0-9]+)")]
    private static partial Regex Instances();
}
