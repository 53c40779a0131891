using System.CommandLine;

namespace FopWatch.Local.CommandLine;

internal static class WebhooksReplayCommand
{
    private const string More = """
        Sends all events after a place of the event log again, in order. Place 0 is the beginning of the log. --since begins with the first
        event at or after a time. A paused webhook stays paused.

        Examples:
          $ fopwatch webhooks replay crm --since 2h
          $ fopwatch webhooks replay crm --since 2026-01-31T12:00:00Z
          $ fopwatch webhooks replay crm --from 0

        Exit codes:
          0  done
          1  the webhook does not exist
          2  wrong usage, not a place of the event log, or refused by the host
          3  the host cannot be reached; the replay may have started
          5  the output cannot be written
        """;

    public static Command Create(Terminal terminal)
    {
        var (name, json) = (WebhooksCommand.NameArgument(), WebhooksCommand.JsonOption("Print the webhook as JSON."));
        var from = new Option<string?>("--from") { Description = "Send the events after this place of the event log.", HelpName = "PLACE" };
        from.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: var text }] && string.IsNullOrWhiteSpace(text))
                result.AddError("--from is empty.");
        });
        var since = JobFilterOptions.Time("--since", "Send the events since this time: RFC 3339, or an age such as 2h or 7d.");
        var command = new ExplainedCommand("replay", "Sends events to a webhook again.", More) { name, from, since, json };
        var host = new HostOptions();
        host.AddTo(command);
        command.SetAction((result, cancellationToken) => HostOptions.GuardAsync(terminal, result, async () =>
        {
            var (wanted, place, time) = (result.GetValue(name)!, result.GetValue(from), JobFilterOptions.Moment(result, since, terminal.Time));
            if (place is null == time is null)
                throw new UsageException(place is null ? "Give --from PLACE or --since TIME." : "--from and --since exclude each other.");
            using var client = host.Connect(result, terminal);
            var webhook = place is not null
                ? await client.ReplayWebhookAsync(wanted, place, cancellationToken)
                : await client.ReplayWebhookSinceAsync(wanted, time!.Value, cancellationToken);
            return WebhooksCommand.Show(terminal, wanted, webhook, result.GetValue(json));
        }));
        return command;
    }
}
