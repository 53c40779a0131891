using System.CommandLine;
using FopWatch.Client;

namespace FopWatch.Local.CommandLine;

internal static class WebhooksActionCommand
{
    private const string ExitCodesText = """
        Exit codes:
          0  done
          1  the webhook does not exist
          2  wrong usage, or refused by the host
          3  the host cannot be reached
          5  the output cannot be written
        """;

    private const string OfPause = $"""
        Nothing more is sent until the webhook is resumed, even if the host restarts. An event in flight may still be delivered. Retention
        deletes events that a paused webhook has not sent.

        Examples:
          $ fopwatch webhooks pause crm

        {ExitCodesText}
        """;

    private const string OfResume = $"""
        The webhook continues at once, whatever paused it. A failing webhook makes its next attempt now. The count of attempts is reset.

        Examples:
          $ fopwatch webhooks resume crm

        {ExitCodesText}
        """;

    public static Command Pause(Terminal terminal) => Create(
        terminal, new ExplainedCommand("pause", "Pauses a webhook.", OfPause), (client, name, cancelled) => client.PauseWebhookAsync(name, cancelled));

    public static Command Resume(Terminal terminal) => Create(
        terminal,
        new ExplainedCommand("resume", "Resumes a paused or failing webhook.", OfResume),
        (client, name, cancelled) => client.ResumeWebhookAsync(name, cancelled));

    private static ExplainedCommand Create(
        Terminal terminal, ExplainedCommand command, Func<FopWatchClient, string, CancellationToken, Task<WebhookStatus?>> act)
    {
        var (name, json) = (WebhooksCommand.NameArgument(), WebhooksCommand.JsonOption("Print the webhook as JSON."));
        command.Arguments.Add(name);
        command.Options.Add(json);
        var host = new HostOptions();
        host.AddTo(command);
        command.SetAction((result, cancellationToken) => HostOptions.GuardAsync(terminal, result, async () =>
        {
            using var client = host.Connect(result, terminal);
            var wanted = result.GetValue(name)!;
            return await WebhooksCommand.ShowAsync(
                terminal, client, wanted, await act(client, wanted, cancellationToken), result.GetValue(json), cancellationToken);
        }));
        return command;
    }
}
