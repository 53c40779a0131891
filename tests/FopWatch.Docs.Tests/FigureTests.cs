using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using FopWatch.Api;
using FopWatch.Diagnosis;
using FopWatch.Intake;
using FopWatch.Jobs;
using FopWatch.Local.Hosting;
using FopWatch.Providers;
using FopWatch.Settings;
using FopWatch.Upkeep;
using FopWatch.Watching;

namespace FopWatch.Docs.Tests;

/// <summary>Figures in documents, computed from the constants in the code.</summary>
public sealed partial class FigureTests
{
    private static readonly NumberFormatInfo Spaced = new() { NumberGroupSeparator = " " };

    public static TheoryData<string, string> Figures => new()
    {
        { "docs/settings.md", $"(1 to {NotificationIntake.MaxCorrelationLength} of `A-Za-z0-9_-`)" },
        { "docs/settings.md", $"If the API refuses every key, it is asked again every {StatusClient.RefusedKeysPause.TotalMinutes} minutes" },
        { "docs/settings.md", $"| `MaxBodyBytes` | {FopWatchSettings.DefaultMaxBodyBytes} |" },
        { "docs/settings.md", $"up to twice this, and {Mebibytes(StatusClientOptions.DefaultMaxAnswerLength)} MiB at the least" },
        { "docs/settings.md", $"{HostSettings.MinApiKeyLength} or more printable ASCII character" },
        { "docs/http.md", $"an array of up to {JobRegistrations.MaxAtOnce}. " },
        { "docs/http.md", $"`metadata` (up to {JobRegistrations.MaxMetadataBytes / 1024} KB" },
        { "docs/http.md", $"ith `wait` (up to {JobsApi.MaxWaitSeconds} seconds)" },
        { "docs/http.md", $"up to {JobQuery.MaxTop} or {Mebibytes(PageLimit.Bytes)} MiB a page" },
        { "docs/operating.md", $"at once, then at most every {Troubles.WarnEvery.TotalMinutes} minutes with a count" },
        { "docs/events.md", $"A client that takes nothing for {Word((int)EventStream.Patience.TotalMinutes)} minutes is cut off" },
        { "docs/events.md", $"Clients that are behind share {Mebibytes(EventTail.BehindBytes)} MiB of memory: while that is used up, the one that has taken longest for its part is cut off after {EventTail.BehindGrace.TotalSeconds} seconds" },
        { "docs/threats.md", $"those that are behind share {Mebibytes(EventTail.BehindBytes)} MiB" },
        { "docs/jobs.md", $"did not know the id {Word(GivingUp.UnknownAnswers)} times without a report in between, and {GivingUp.UnknownGrace.TotalMinutes} minutes after the watch started" },
        { "docs/guarantees.md", $"A host works on {Admission.Notifications} notifications at once" },
        { "docs/threats.md", $"at most {DecodeTurns.Waiting} of a source wait for that" },
        { "src/FopWatch.Functions/README.md", $"above {Admission.Notifications} notifications ({Admission.Notifications / 2} of one source) or {Admission.Calls} other requests" },
        { "docs/guarantees.md", $"a minute's polls (at least {HintAdmission.LeastBacklog}) are due already" },
        { "docs/guarantees.md", $"the {(QuarantineLimit.MaxNotifications + 1).ToString("N0", Spaced)}st notification of a source in quarantine, or its {Mebibytes(QuarantineLimit.MaxBytes) + 1}th MiB" },
        { "docs/guarantees.md", $"{Admission.Lists} callers may wait" },
        { "docs/guarantees.md", $"retried after {SetAside.First.TotalMinutes} minute, then after twice as long each time, up to {SetAside.Longest.TotalMinutes} minutes" },
        { "docs/jobs.md", $"| SQLite | {ResultLimit.Kept / 1024} KiB | all | {JsonFields.MaxProse:N0} characters | all, up to {JsonFields.MaxObjects:N0} | up to {Mebibytes(JsonBody.MaxRawLength)} MiB |" },
        { "docs/jobs.md", $"| {JobFacts.OutputsKept}, then 0 | {ItemFacts.ErrorKept} characters | {JobFacts.ItemsKept:N0}, then 0 | dropped first |" },
        { "docs/jobs.md", $"at most {ResultCut.MaxParts} places are, with pointers of {ResultCut.MaxPointerBytes / 1024} KiB" },
        { "docs/jobs.md", $"A report of more than {JsonFields.MaxObjects.ToString("N0", Spaced)} commands is not read" },
        { "docs/azure.md", $"1 read for each of up to {ClockSkewRepair.AtOnce} jobs" },
        { "docs/guarantees.md", $"The first {BodyMemory.OrdinaryBody / 1024} KiB of a body come from a reserve of {Mebibytes(BodyMemory.OrdinaryBytes)} MiB, the rest from {Mebibytes(BodyMemory.LargeBytes)} MiB" },
        { "docs/threats.md", $"{LocalHost.HeadersTimeout.TotalSeconds} s for a header; for a body 240 bytes/s and {BodyMemory.Patience.TotalSeconds} s," },
        { "docs/threats.md", $"beyond {BodyMemory.OrdinaryBody / 1024} KiB growth by a sixth in {BodyMemory.LargePatience.TotalSeconds} s" },
        { "docs/threats.md", $"the first {BodyMemory.OrdinaryBody / 1024} KiB of a body come from a reserve of {Mebibytes(BodyMemory.OrdinaryBytes)} MiB, the rest from {Mebibytes(BodyMemory.LargeBytes)} MiB" },
        { "docs/threats.md", $"at most {LocalHost.MaxConnections}, each with 64 KiB read ahead" },
        { "docs/threats.md", $"at most {Admission.Notifications} concurrent notifications, {Admission.Lists} long lists, {Admission.Lists} short lists and searches, {Admission.Calls} other calls and {Admission.Waiting} waiting calls" },
        { "docs/threats.md", $"a body without progress for {SharedBytes.Stalled.TotalSeconds} s loses its memory" },
        { "docs/threats.md", $"{PollPlan.HintSpacing.TotalSeconds} s between polls of a job that hints cause" },
        { "docs/threats.md", $"(but at least {HintAdmission.LeastBacklog}, at most {HintAdmission.MostBacklog})" },
        { "docs/threats.md", $"{QuarantineLimit.MaxNotifications.ToString("N0", Spaced)} notifications and {Mebibytes(QuarantineLimit.MaxBytes)} MiB per source" },
    };

    [Theory]
    [MemberData(nameof(Figures))]
    public void A_figure_in_a_document_is_that_of_the_code(string document, string figure) =>
        Assert.Contains(figure, Blanks().Replace(File.ReadAllText(Repository.PathOf(document)), " "), StringComparison.Ordinal);

    [Fact]
    public void Figures_of_the_Functions_host_are_those_in_host_json()
    {
        using var host = JsonDocument.Parse(File.ReadAllText(Repository.PathOf("host.json")));
        var durable = host.RootElement.GetProperty("extensions").GetProperty("durableTask");
        var (activities, orchestrations) = (durable.GetProperty("maxConcurrentActivityFunctions").GetInt32(), durable.GetProperty("maxConcurrentOrchestratorFunctions").GetInt32());
        var partitions = durable.GetProperty("storageProvider").GetProperty("partitionCount").GetInt32();
        var functions = Text("src/FopWatch.Functions/README.md");
        var infra = Text("infra/README.md");

        Assert.Contains($"`maxConcurrentActivityFunctions` {activities}, `maxConcurrentOrchestratorFunctions` {orchestrations} |", functions, StringComparison.Ordinal);
        Assert.Contains($"`…storageProvider.partitionCount` {partitions} |", functions, StringComparison.Ordinal);
        Assert.Contains($"`functionTimeout` {TimeSpan.Parse(host.RootElement.GetProperty("functionTimeout").GetString()!, CultureInfo.InvariantCulture).TotalMinutes} minutes |", functions, StringComparison.Ordinal);
        Assert.Contains($"{partitions} control queues (`partitionCount`), {activities} activities", infra, StringComparison.Ordinal);
        Assert.Contains($"and {orchestrations} orchestrations per instance", infra, StringComparison.Ordinal);
        Assert.Contains($"queues of {partitions} partitions", infra, StringComparison.Ordinal);
    }

    private static string Text(string document) => Blanks().Replace(File.ReadAllText(Repository.PathOf(document)), " ");

    private static long Mebibytes(long bytes) => bytes / (1024 * 1024);

    private static string Word(int number) => number switch
    {
        2 => "two",
        3 => "three",
        _ => number.ToString(CultureInfo.InvariantCulture),
    };

    [GeneratedRegex(@"\s+")]
    private static partial Regex Blanks();
}
