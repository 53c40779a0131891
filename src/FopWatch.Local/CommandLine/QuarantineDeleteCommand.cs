using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using FopWatch.Client;

namespace FopWatch.Local.CommandLine;

internal static class QuarantineDeleteCommand
{
    private const string More = """
        A deleted notification cannot be restored. Its jobs do not change. With --all, the command first shows the number of notifications and
        asks for confirmation; --yes skips the question. Notifications that arrive in the meantime are not deleted.

        Examples:
          $ fopwatch quarantine delete 20261122T031035410-f30dad4d8a01567943016654
          $ fopwatch quarantine delete --all --source media

        Exit codes:
          0  deleted; with --all, even if there was none
          1  some do not exist
          2  wrong usage, not confirmed, or refused by the host
          3  the host cannot be reached; some notifications may be deleted
          5  the output cannot be written
        """;

    public static Command Create(Terminal terminal)
    {
        var keys = new Argument<string[]>("KEY") { Description = "The keys of notifications.", Arity = ArgumentArity.ZeroOrMore };
        var all = new Option<bool>("--all") { Description = "Delete all of them." };
        var source = QuarantineCommand.SourceOption("With --all: only notifications to this source.");
        var yes = Confirmation.Option();
        var json = new Option<bool>("--json") { Description = "Print JSON: the deleted keys, or the result of a batch." };
        var command = new ExplainedCommand("delete", "Deletes quarantined notifications.", More) { keys, all, source, yes, json };
        var host = new HostOptions();
        host.AddTo(command);
        command.SetAction((result, cancellationToken) => HostOptions.GuardAsync(terminal, result, async () =>
        {
            List<string> given = [.. result.GetValue(keys) ?? []];
            QuarantineCommand.Check(given, result.GetValue(all), result.GetValue(source));
            using var client = host.Connect(result, terminal);
            if (given.Count == 0)
                return await DeleteAllAsync(terminal, client, result.GetValue(source), (result.GetValue(yes), result.GetValue(json)), cancellationToken);

            return await DeleteAsync(terminal, client, given, result.GetValue(json), cancellationToken);
        }));
        return command;
    }

    private static async Task<int> DeleteAsync(Terminal terminal, FopWatchClient client, List<string> keys, bool json, CancellationToken cancellationToken)
    {
        var deleted = new List<string>();
        foreach (var key in keys.Distinct(StringComparer.Ordinal))
        {
            // A deletion is repeated after a cut connection, so the host does not say whether there was anything.
            if (await client.GetQuarantinedAsync(key, cancellationToken) is null)
            {
                terminal.WriteErrorLine(new Piece($"{key}: no notification with this key is in quarantine.", Terminal.Wrong));
                continue;
            }

            await client.DeleteQuarantinedAsync(key, cancellationToken);
            deleted.Add(key);
        }

        if (json)
            terminal.Output.WriteLine(JsonSerializer.Serialize(deleted, CommandJson.Default.ListString));
        else if (deleted.Count > 0)
            terminal.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{deleted.Count} deleted."));
        return deleted.Count == keys.Distinct(StringComparer.Ordinal).Count() ? ExitCodes.Ok : ExitCodes.Failed;
    }

    private static async Task<int> DeleteAllAsync(
        Terminal terminal, FopWatchClient client, string? source, (bool Yes, bool Json) options, CancellationToken cancellationToken)
    {
        var counted = await client.CountQuarantineDeleteAsync(source, cancellationToken);
        if (counted.Count == 0)
        {
            terminal.WriteErrorLine("The quarantine is empty.");
            return ExitCodes.Ok;
        }

        var many = counted.Count == 1 ? "1 notification" : string.Create(CultureInfo.InvariantCulture, $"{counted.Count} notifications");
        if (!await Confirmation.AskAsync(terminal, $"{many} will be deleted.", options.Yes, cancellationToken))
            return ExitCodes.Refused;

        var done = await client.RunQuarantineDeleteAsync(source, counted.Confirm!, new BulkProgress(terminal), cancellationToken);
        if (options.Json)
            terminal.Output.WriteLine(JsonSerializer.Serialize(done, FopWatchJson.TypeOf<BulkAnswer>()));
        else
            terminal.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{done.Done ?? 0} deleted."));
        return done.Failed > 0 ? ExitCodes.Failed : ExitCodes.Ok;
    }
}

/// <summary>The JSON that commands write besides the answers of the host.</summary>
[System.Text.Json.Serialization.JsonSerializable(typeof(List<string>))]
internal sealed partial class CommandJson : System.Text.Json.Serialization.JsonSerializerContext;
