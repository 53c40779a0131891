using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using FopWatch.Client;

namespace FopWatch.Local.CommandLine;

internal static class QuarantineRetryCommand
{
    private const string More = """
        Verifies and decodes notifications again, with the host's current keys and decoders. Those that pass leave the quarantine. With --all,
        the command first shows the number of notifications and asks for confirmation; --yes skips the question.

        Examples:
          $ fopwatch quarantine retry 20261122T031035410-f30dad4d8a01567943016654
          $ fopwatch quarantine retry --all --source media
          $ fopwatch quarantine retry --all --yes

        Exit codes:
          0  all were accepted
          1  some do not exist or stay in quarantine
          2  wrong usage, not confirmed, or refused by the host
          3  the host cannot be reached; some notifications may be retried
          5  the output cannot be written
        """;

    public static Command Create(Terminal terminal)
    {
        var keys = new Argument<string[]>("KEY") { Description = "The keys of notifications.", Arity = ArgumentArity.ZeroOrMore };
        var all = new Option<bool>("--all") { Description = "Retry all of them." };
        var source = QuarantineCommand.SourceOption("With --all: only notifications to this source.");
        var yes = Confirmation.Option();
        var json = new Option<bool>("--json") { Description = "Print JSON: one notification per line, or the result of a batch." };
        var command = new ExplainedCommand("retry", "Retries quarantined notifications.", More) { keys, all, source, yes, json };
        var host = new HostOptions();
        host.AddTo(command);
        command.SetAction((result, cancellationToken) => HostOptions.GuardAsync(terminal, result, async () =>
        {
            var given = result.GetValue(keys) ?? [];
            QuarantineCommand.Check(given, result.GetValue(all), result.GetValue(source));
            using var client = host.Connect(result, terminal);
            return given.Length > 0
                ? await RetryAsync(terminal, client, given, result.GetValue(json), cancellationToken)
                : await RetryAllAsync(terminal, client, result.GetValue(source), (result.GetValue(yes), result.GetValue(json)), cancellationToken);
        }));
        return command;
    }

    private static async Task<int> RetryAsync(Terminal terminal, FopWatchClient client, string[] keys, bool json, CancellationToken cancellationToken)
    {
        var code = ExitCodes.Ok;
        foreach (var key in keys)
        {
            if (await client.RetryQuarantinedAsync(key, cancellationToken) is not { } retried)
            {
                terminal.WriteErrorLine(new Piece($"{key}: no notification with this key is in quarantine.", Terminal.Wrong));
                code = ExitCodes.Failed;
                continue;
            }

            if (retried.Reason is not null)
                code = ExitCodes.Failed;
            if (json)
                terminal.Output.WriteLine(DisplayText.CleanJson(JsonSerializer.Serialize(retried, FopWatchJson.TypeOf<RetriedNotification>())));
            else
                Show(terminal, retried);
        }

        return code;
    }

    private static async Task<int> RetryAllAsync(
        Terminal terminal, FopWatchClient client, string? source, (bool Yes, bool Json) options, CancellationToken cancellationToken)
    {
        var counted = await client.CountQuarantineRetryAsync(source, cancellationToken);
        if (counted.Count == 0)
        {
            terminal.WriteErrorLine("The quarantine is empty.");
            return ExitCodes.Ok;
        }

        var many = counted.Count == 1 ? "1 notification" : string.Create(CultureInfo.InvariantCulture, $"{counted.Count} notifications");
        if (!await Confirmation.AskAsync(terminal, $"{many} will be retried.", options.Yes, cancellationToken))
            return ExitCodes.Refused;

        var done = await client.RunQuarantineRetryAsync(source, counted.Confirm!, new BulkProgress(terminal), cancellationToken);
        if (options.Json)
            terminal.Output.WriteLine(DisplayText.CleanJson(JsonSerializer.Serialize(done, FopWatchJson.TypeOf<BulkAnswer>())));
        else
            terminal.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{done.Done ?? 0} left the quarantine, {done.Failed ?? 0} stay. 'quarantine list' shows why."));
        return done.Failed > 0 ? ExitCodes.Failed : ExitCodes.Ok;
    }

    private static void Show(Terminal terminal, RetriedNotification retried)
    {
        terminal.WriteLine(new Piece(retried.Key, Terminal.Bold), "  ", retried.Result);
        if (retried.Reason is { } reason)
            terminal.WriteWrapped("  ", reason);
        if (retried.Signature is { } signature)
            terminal.WriteWrapped("  ", signature.Suggestion);
    }
}
