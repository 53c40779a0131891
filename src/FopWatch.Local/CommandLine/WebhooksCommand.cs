using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using FopWatch.Client;
using FopWatch.Contracts;

namespace FopWatch.Local.CommandLine;

/// <summary><c>webhooks</c>: the URLs to which a running host posts events.</summary>
internal static class WebhooksCommand
{
    private const int MostNames = 10;

    private const string More = """
        The settings of the embedded host define webhooks (FopWatch:Webhooks). The commands show and control those of a running host.

        Examples:
          $ fopwatch webhooks list
          $ fopwatch webhooks deliveries crm --top 10
          $ fopwatch webhooks replay crm --since 2h

        Exit codes:
          0  done
          1  the webhook does not exist, or a test was not accepted
          2  wrong usage, or refused by the host
          3  the host cannot be reached
          5  the output cannot be written
        """;

    public static Command Create(Terminal terminal) => new ExplainedCommand("webhooks", "Shows and controls the webhooks of a running host.", More)
    {
        WebhooksListCommand.Create(terminal),
        WebhooksShowCommand.Create(terminal),
        WebhooksDeliveriesCommand.Create(terminal),
        WebhooksActionCommand.Pause(terminal),
        WebhooksActionCommand.Resume(terminal),
        WebhooksReplayCommand.Create(terminal),
        WebhooksTestCommand.Create(terminal),
    };

    public static Argument<string> NameArgument()
    {
        var name = new Argument<string>("NAME") { Description = "The name of the webhook." };
        name.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: var text }] && (string.IsNullOrWhiteSpace(text) || text is "." or ".."))
                result.AddError("NAME is not a valid name of a webhook.");
        });
        return name;
    }

    public static Option<bool> JsonOption(string what) => new("--json") { Description = what };

    /// <summary>Reports that the webhook does not exist, and which do.</summary>
    public static async Task<int> NoSuchWebhookAsync(Terminal terminal, FopWatchClient client, string name, CancellationToken cancellationToken)
    {
        var names = (await client.ListWebhooksAsync(cancellationToken)).Select(webhook => webhook.Name).Order(StringComparer.Ordinal).ToList();
        var others = names.Count == 0 ? "" : $" They have {string.Join(", ", names.Take(MostNames))}{(names.Count > MostNames ? " …" : "")}.";
        terminal.WriteErrorLine(new Piece($"The host's settings have no webhook '{TextCut.Of(name, 64)}'.{others}", Terminal.Wrong));
        return ExitCodes.Failed;
    }

    /// <summary>Shows a webhook, or reports that it does not exist.</summary>
    public static async Task<int> ShowAsync(
        Terminal terminal, FopWatchClient client, string name, WebhookStatus? webhook, bool json, CancellationToken cancellationToken)
    {
        if (webhook is null)
            return await NoSuchWebhookAsync(terminal, client, name, cancellationToken);
        if (json)
            terminal.Output.WriteLine(DisplayText.CleanJson(JsonSerializer.Serialize(webhook, FopWatchJson.TypeOf<WebhookStatus>())));
        else
            Show(terminal, webhook);
        return ExitCodes.Ok;
    }

    /// <summary>The state of a webhook in a word or two.</summary>
    public static string StateOf(WebhookStatus webhook) =>
        webhook.PausedBecause is { } because ? $"{WireNames.Of(webhook.State)} ({WireNames.Of(because)})" : WireNames.Of(webhook.State);

    private static void Show(Terminal terminal, WebhookStatus webhook)
    {
        terminal.WriteLine(new Piece(webhook.Name, Terminal.Bold));
        terminal.WriteLine();
        Fact("url", webhook.Url);
        Fact("state", $"{StateOf(webhook)}{(webhook.PausedAt is { } at ? $" since {MomentText.Of(at)}" : "")}");
        Fact("position", string.Create(CultureInfo.InvariantCulture, $"{webhook.Position}, {webhook.Behind} behind the end of the event log"));
        if (webhook.Missed is { } missed)
            Fact("missed", string.Create(CultureInfo.InvariantCulture, $"{missed} positions of the event log, which retention deleted before they were sent"));
        Fact("delivered", webhook.LastDeliveredAt is { } last ? MomentText.Of(last) : "never");
        if (webhook.FailingSince is { } since)
            Fact("failing", string.Create(CultureInfo.InvariantCulture, $"since {MomentText.Of(since)}, {webhook.Attempt ?? 0} {(webhook.Attempt == 1 ? "attempt" : "attempts")}"));
        if (webhook.NextAttemptAt is { } next)
            Fact("next attempt", MomentText.Of(next));
        if (webhook.LastError is { } error)
            Fact("last error", error);
        Fact("sends", Sends(webhook));

        void Fact(string name, string value) => terminal.WriteWrapped($"  {name,-12}  ", value);
    }

    private static string Sends(WebhookStatus webhook)
    {
        string[] limits =
        [
            webhook.Types.Count > 0 ? $"types {string.Join(", ", webhook.Types)}" : "",
            webhook.Sources.Count > 0 ? $"sources {string.Join(", ", webhook.Sources)}" : "",
            webhook.States.Count > 0 ? $"states {string.Join(", ", webhook.States)}" : "",
        ];
        return limits.All(limit => limit.Length == 0) ? "all events" : string.Join("; ", limits.Where(limit => limit.Length > 0));
    }
}
