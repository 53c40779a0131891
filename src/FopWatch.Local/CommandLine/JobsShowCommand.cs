using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using FopWatch.Client;
using FopWatch.Contracts;

namespace FopWatch.Local.CommandLine;

/// <summary><c>jobs show</c>: explains a job.</summary>
internal static class JobsShowCommand
{
    /// <summary>The most commands shown, and the most outputs of each.</summary>
    private const int MaxShown = 20;

    private const string More = """
        Shows what is known about a job, what happened to it, and what comes next. Times are UTC.

        Examples:
          $ fopwatch jobs show media z0.560e99c37823de5a49c22393
          $ fopwatch jobs show media z0.560e99c37823de5a49c22393 --json | jq .timeline

        Exit codes:
          0  shown
          1  the host does not know the job
          2  wrong usage, or refused by the host
          3  the host cannot be reached
          5  the output cannot be written
        """;

    public static Command Create(Terminal terminal)
    {
        var source = new Argument<string>("SOURCE") { Description = "The name of the source." };
        var id = new Argument<string>("ID") { Description = "The persistentId of the job." };
        var json = new Option<bool>("--json") { Description = "Print the job as JSON." };
        var command = new ExplainedCommand("show", "Explains a job: what happened to it, and its current state.", More) { source, id, json };
        var host = new HostOptions();
        host.AddTo(command);
        command.SetAction((result, cancellationToken) => HostOptions.GuardAsync(terminal, result, async () =>
        {
            var (name, wanted) = (result.GetValue(source)!, result.GetValue(id)!);
            if (!Jobs.JobKey.IsValidId(wanted))
                throw new UsageException($"An id is {Jobs.JobKey.IdRule}.");
            if (string.IsNullOrWhiteSpace(name))
                throw new UsageException("SOURCE is empty.");
            using var client = host.Connect(result, terminal);
            if (await client.GetAsync(name, wanted, cancellationToken) is not { } job)
            {
                terminal.WriteErrorLine(new Piece($"The host has no job '{wanted}' in a source '{name}'. Both names are case-sensitive.", Terminal.Wrong));
                return ExitCodes.Failed;
            }

            if (result.GetValue(json))
                terminal.Output.WriteLine(DisplayText.CleanJson(JsonSerializer.Serialize(job, FopWatchJson.TypeOf<WatchedJob>())));
            else
                Show(terminal, job);
            return ExitCodes.Ok;
        }));
        return command;
    }

    private static void Show(Terminal terminal, WatchedJob job)
    {
        terminal.WriteLine(new Piece($"{job.Source} {job.Id}", Terminal.Bold), "  ", Terminal.State(job.State));
        terminal.WriteLine();
        Fact("provider", WireNames.Of(job.Provider));
        Fact("bucket", job.Bucket);
        Fact("key", job.Key);
        Fact("pipeline", job.Pipeline);
        Fact("started by", job.TaskFrom);
        Fact("request id", job.RequestId);
        Fact("registered", MomentText.Of(job.RegisteredAt));
        Fact("settled", job.SettledAt is { } settled ? $"{MomentText.Of(settled)}, by {WireNames.Of(job.SettledBy ?? SettledBy.Deadline)}" : null);
        Fact("polls", job.Polls.ToString(CultureInfo.InvariantCulture));
        Fact("last answer", job.LastPoll is { } poll ? $"{poll.Answer} ({MomentText.Of(poll.At)})" : null);
        Fact("reference", job.Ref);
        foreach (var (name, value) in job.Metadata ?? new Dictionary<string, string>())
            Fact("metadata", $"{name}={value}");

        ShowItems(terminal, job);
        if (job.Timeline is { Count: > 0 })
        {
            terminal.WriteLine();
            terminal.WriteLine(new Piece("What happened", Terminal.Bold));
            foreach (var (at, sentence) in JobStory.Of(job))
                terminal.WriteWrapped($"  {(at is { } time ? MomentText.Of(time) : ""),-20}  ", sentence);
        }

        terminal.WriteLine();
        terminal.WriteLine(new Piece("Now", Terminal.Bold));
        foreach (var sentence in JobStory.Conclusion(job, terminal.Time.GetUtcNow()))
            terminal.WriteWrapped("  ", sentence);

        void Fact(string name, string? value)
        {
            if (value is not null)
                terminal.WriteWrapped($"  {name,-12}  ", value);
        }
    }

    private static void ShowItems(Terminal terminal, WatchedJob job)
    {
        if (job.Items.Count == 0)
            return;

        terminal.WriteLine();
        terminal.WriteLine(new Piece("Commands", Terminal.Bold));
        foreach (var item in job.Items.Take(MaxShown))
        {
            terminal.WriteWrapped($"  {WireNames.Of(item.State),-12}  ", item.Command);
            if (item.Error is { } error)
                terminal.WriteWrapped("                error: ", error);
            foreach (var output in item.Outputs.Take(MaxShown))
                terminal.WriteWrapped("                output: ", output.Bucket is null ? output.Key ?? "?" : $"{output.Bucket}:{output.Key}");
            if (item.Outputs.Count > MaxShown)
                terminal.WriteLine(string.Create(CultureInfo.InvariantCulture, $"                … and {item.Outputs.Count - MaxShown} more outputs; --json shows them"));
        }

        if (job.Counts.Total > MaxShown)
            terminal.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  … of {job.Counts.Total} commands; --json shows more"));
    }
}
