using System.CommandLine;
using FopWatch.Sqlite;

namespace FopWatch.Local.CommandLine;

/// <summary><c>watch</c>: shows the events of a running host as they happen.</summary>
internal static class WatchCommand
{
    private const string More = """
        Examples:
          $ fopwatch watch
          $ fopwatch watch --source media --from start
          $ fopwatch watch --json | jq -r 'select(.data.settled) | .subject + " " + .data.state'

        In a terminal, it uses the whole screen and keeps the last 1000 events. Keys: up and down select a job, d shows what happened to it,
        p polls it, r republishes its outcome, / filters, q quits. With --plain, or if the output is not a terminal, it prints one line per
        event.

        Times are UTC. It runs until q or Ctrl-C, and then prints the position at which to continue. It waits for a host that cannot be
        reached. After a lost connection, it reconnects and continues after the last event, so that none is missed.

        Exit codes:
          0  ended by q or Ctrl-C
          2  wrong usage, unknown source, or refused by the host
          5  the output cannot be written
        """;

    public static Command Create(Terminal terminal)
    {
        var source = new Option<string?>("--source") { Description = "Only the events of this source.", HelpName = "NAME" };
        var from = new Option<string?>("--from")
        {
            Description = "Where to begin: 'start', or after the event at this position (default: now).",
            HelpName = "start|POSITION",
        };
        from.Validators.Add(result =>
        {
            if (result.Tokens is [var token] && token.Value != "start" && !EventPosition.TryParse(token.Value, out _))
                result.AddError($"--from: '{token.Value}' is neither 'start' nor the position of an event.");
        });
        var json = new Option<bool>("--json") { Description = "Print the CloudEvents as JSON, one per line." };
        var plain = new Option<bool>("--plain") { Description = "Print one line per event, even in a terminal." };
        var command = new ExplainedCommand("watch", "Shows the events of a running host as they happen.", More) { source, from, plain, json };
        var host = new HostOptions();
        host.AddTo(command);
        command.SetAction((result, cancellationToken) => HostOptions.GuardAsync(terminal, result, async () =>
        {
            if (result.GetValue(source) is { } name && string.IsNullOrWhiteSpace(name))
                throw new UsageException("--source is empty. Leave it out to watch all sources.");
            using var client = host.Connect(result, terminal);
            var after = result.GetValue(from) is { } position ? position == "start" ? "0" : position : null;
            var takesScreen = terminal is { IsLive: true, ReadKey: not null, Console.Profile.Capabilities.Ansi: true } && !result.GetValue(plain) && !result.GetValue(json);
            var events = new WatchedEvents(terminal, client, result.GetValue(json));
            var last = takesScreen
                ? await new WatchScreen(terminal, client, host.UrlOf(result)).RunAsync(after, result.GetValue(source), cancellationToken)
                : await events.RunAsync(after, result.GetValue(source), cancellationToken);
            if (last is not null)
                WatchedEvents.Note(terminal, $"the last event was {last}; --from {last} continues after it");
            return ExitCodes.Ok;
        }));
        return command;
    }
}
