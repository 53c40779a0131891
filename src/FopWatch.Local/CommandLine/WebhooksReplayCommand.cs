using System.CommandLine;
using System.Globalization;

namespace FopWatch.Local.CommandLine;

internal static class WebhooksReplayCommand
{
    private const string More = """
        Sends all events after a position of the event log again, in order. Position 0 is the beginning of the log. --since begins with the
        first event at or after a time. A paused webhook stays paused.

        It shows how many positions of the event log would be sent again, and asks. A position later than the webhook's own skips events.

        Examples:
          $ fopwatch webhooks replay crm --since 2h
          $ fopwatch webhooks replay crm --since 2026-01-31T12:00:00Z
          $ fopwatch webhooks replay crm --from 0 --yes

        Exit codes:
          0  done
          1  the webhook does not exist
          2  wrong usage, not a position of the event log, refused by the host, or not confirmed
          3  the host cannot be reached; the replay may have started
          5  the output cannot be written
        """;

    public static Command Create(Terminal terminal)
    {
        var (name, json) = (WebhooksCommand.NameArgument(), WebhooksCommand.JsonOption("Print the webhook as JSON."));
        var from = new Option<string?>("--from") { Description = "Send the events after this position of the event log.", HelpName = "POSITION" };
        from.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: var text }] && string.IsNullOrWhiteSpace(text))
                result.AddError("--from is empty.");
        });
        var since = JobFilterOptions.Time("--since", "Send the events since this time: RFC 3339, or an age such as 2h or 7d.");
        var yes = Confirmation.Option();
        var command = new ExplainedCommand("replay", "Sends events to a webhook again.", More) { name, from, since, yes, json };
        var host = new HostOptions();
        host.AddTo(command);
        command.SetAction((result, cancellationToken) => HostOptions.GuardAsync(terminal, result, async () =>
        {
            var (wanted, position, time) = (result.GetValue(name)!, result.GetValue(from), JobFilterOptions.Moment(result, since, terminal.Time));
            if (position is null == time is null)
                throw new UsageException(position is null ? "Give --from POSITION or --since TIME." : "--from and --since exclude each other.");
            using var client = host.Connect(result, terminal);
            var preview = position is not null
                ? await client.PreviewReplayAsync(wanted, position, cancellationToken)
                : await client.PreviewReplaySinceAsync(wanted, time!.Value, cancellationToken);
            if (preview is null || await client.GetWebhookAsync(wanted, cancellationToken) is not { } current)
                return await WebhooksCommand.NoSuchWebhookAsync(terminal, client, wanted, cancellationToken);
            var moved = current.Position - preview.Position;
            if (moved != 0 && !await Confirmation.AskAsync(terminal, Consequence(wanted, moved), result.GetValue(yes), cancellationToken))
                return ExitCodes.Refused;
            var webhook = position is not null
                ? await client.ReplayWebhookAsync(wanted, position, cancellationToken)
                : await client.ReplayWebhookSinceAsync(wanted, time!.Value, cancellationToken);
            return await WebhooksCommand.ShowAsync(terminal, client, wanted, webhook, result.GetValue(json), cancellationToken);
        }));
        return command;
    }

    /// <summary>What a replay leads to. The filters of the webhook decide how many of the positions have an event for it.</summary>
    private static string Consequence(string name, long moved) => moved > 0
        ? $"The events of {Positions(moved)} will be sent to {name} again, as far as its filters allow."
        : $"The events of {Positions(-moved)} will be skipped: {name} will never be sent them.";

    private static string Positions(long count) => string.Create(CultureInfo.InvariantCulture, $"{count} {(count == 1 ? "position" : "positions")} of the event log");
}
