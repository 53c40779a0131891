using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using FopWatch.Client;
using FopWatch.Contracts;

namespace FopWatch.Local.CommandLine;

/// <summary><c>jobs poll</c>, <c>jobs republish</c> and <c>jobs stop</c>, for named jobs or for all jobs that match filters.</summary>
internal static class JobsActionCommand
{
    /// <summary>The command of an action.</summary>
    public static Command Create(Terminal terminal, BulkAction action)
    {
        var jobs = new Argument<string[]>("SOURCE ID")
        {
            Description = "The name of a source, and the persistentIds of its jobs. Without them, filters select the jobs.",
            Arity = ArgumentArity.ZeroOrMore,
        };
        var yes = Confirmation.Option();
        var json = new Option<bool>("--json") { Description = "Print JSON: one job per line, or the result of a batch." };
        var command = new ExplainedCommand(WireNames.Of(action), DescriptionOf(action), MoreOf(action)) { jobs };
        var filters = new JobFilterOptions();
        filters.AddTo(command);
        command.Options.Add(yes);
        command.Options.Add(json);
        var host = new HostOptions();
        host.AddTo(command);
        command.SetAction((result, cancellationToken) => HostOptions.GuardAsync(terminal, result, async () =>
        {
            var named = result.GetValue(jobs) ?? [];
            var isFiltered = filters.IsAnyGiven(result);
            if (named.Length > 0 && isFiltered)
                throw new UsageException("SOURCE ID and filters exclude each other.");
            if (named.Length == 0 && !isFiltered)
                throw new UsageException("Give SOURCE and ID, or at least one filter.");
            if (named.Length == 1)
                throw new UsageException(WrongUsage.SlashOf(named[0]) ?? $"ID is missing. To select all jobs of the source, give --source {named[0]}.");
            if (named.Skip(1).FirstOrDefault(id => !Jobs.JobKey.IsValidId(id)) is { } wrong)
                throw new UsageException($"'{TextCut.Of(wrong, 160)}' is not an id. An id is {Jobs.JobKey.IdRule}.");

            var filter = filters.Read(result, terminal.Time);
            using var client = host.Connect(result, terminal);
            return named.Length > 0
                ? await ActAsync(terminal, client, action, named[0], named[1..], result.GetValue(json), cancellationToken)
                : await ActAsync(terminal, client, action, filter, (result.GetValue(yes), result.GetValue(json)), cancellationToken);
        }));
        return command;
    }

    private static async Task<int> ActAsync(
        Terminal terminal, FopWatchClient client, BulkAction action, string source, string[] ids, bool json, CancellationToken cancellationToken)
    {
        var code = ExitCodes.Ok;
        foreach (var id in ids)
        {
            try
            {
                var job = action switch
                {
                    BulkAction.Poll => await client.PollAsync(source, id, cancellationToken),
                    BulkAction.Republish => await client.RepublishAsync(source, id, cancellationToken),
                    _ => await client.StopAsync(source, id, cancellationToken),
                };
                if (json)
                    terminal.Output.WriteLine(DisplayText.CleanJson(Serialized(job)));
                else
                    terminal.WriteLine(new Piece(id, Terminal.Bold), "  ", Terminal.State(job.State), "  ", Became(action, job));
            }
            catch (FopWatchRefusedException e) when (e.Problem.Status is 404 or 409)
            {
                terminal.WriteErrorLine(new Piece($"{id}: {e.Message}", Terminal.Wrong));
                code = ExitCodes.Failed;
            }
        }

        return code;
    }

    private static string Serialized(WatchedJob job) => job is PolledJob polled
        ? JsonSerializer.Serialize(polled, FopWatchJson.TypeOf<PolledJob>())
        : JsonSerializer.Serialize(job, FopWatchJson.TypeOf<WatchedJob>());

    private static string Became(BulkAction action, WatchedJob job) => (action, job) switch
    {
        (_, PolledJob polled) => polled.Answer,
        (BulkAction.Republish, _) => string.Create(CultureInfo.InvariantCulture, $"published again as version {job.Version}"),
        (_, { Watch: WatchStatus.Stopped }) => "stopped",
        _ => "not watched: it is settled",
    };

    private static async Task<int> ActAsync(
        Terminal terminal, FopWatchClient client, BulkAction action, JobFilter filter, (bool Yes, bool Json) options, CancellationToken cancellationToken)
    {
        var counted = await client.CountBulkAsync(action, filter, cancellationToken);
        if (counted.Count == 0)
        {
            terminal.WriteErrorLine($"No job that could {InWords(action)} matches the filters.");
            return Show(terminal, counted, options.Json);
        }

        var many = string.Create(CultureInfo.InvariantCulture, $"{counted.Count}{(counted.AtLeast ? " or more" : "")} {(counted.Count == 1 ? "job" : "jobs")}");
        if (!await Confirmation.AskAsync(terminal, $"{many} will {InWords(action)}.", options.Yes, cancellationToken))
            return ExitCodes.Refused;
        return Show(terminal, await client.RunBulkAsync(action, filter, counted.Confirm!, new BulkProgress(terminal), cancellationToken), options.Json);
    }

    private static int Show(Terminal terminal, BulkAnswer answer, bool json)
    {
        if (json)
            terminal.Output.WriteLine(JsonSerializer.Serialize(answer, FopWatchJson.TypeOf<BulkAnswer>()));
        else if (answer.Done is not null)
            terminal.WriteLine(BulkProgress.Text(answer));
        return answer.Failed > 0 ? ExitCodes.Failed : ExitCodes.Ok;
    }

    private static string InWords(BulkAction action) => action switch
    {
        BulkAction.Poll => "be polled",
        BulkAction.Republish => "have its outcome published again",
        _ => "no longer be watched",
    };

    private static string DescriptionOf(BulkAction action) => action switch
    {
        BulkAction.Poll => "Polls the provider's status API about jobs now.",
        BulkAction.Republish => "Publishes the outcomes of jobs again, as new versions.",
        _ => "Stops watching jobs. A notification still settles them.",
    };

    private static string MoreOf(BulkAction action) => $"""
        Select jobs by SOURCE ID or by filters. With filters, the command first shows the number of jobs and asks for confirmation; --yes
        skips the question. If the number has changed in the meantime, nothing is changed.
        {(action == BulkAction.Poll ? "The polls of a batch are made one after the other, at half the source's rate. They continue after the command ends." : "")}

        Examples:
          $ fopwatch jobs {WireNames.Of(action)} media z0.560e99c37823de5a49c22393
          $ fopwatch jobs {WireNames.Of(action)} --source media --state {(action == BulkAction.Republish ? "failed" : "waiting")} --since 2h
          $ fopwatch jobs {WireNames.Of(action)} --source media --metadata course=7 --yes

        Exit codes:
          0  done, or no job matches the filters
          1  some jobs are unknown or could not be changed
          2  wrong usage, not confirmed, or refused by the host
          3  the host cannot be reached; some jobs may be changed
          5  the output cannot be written
        """;
}
