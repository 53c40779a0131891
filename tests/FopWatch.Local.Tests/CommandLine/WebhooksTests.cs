using System.Text.Json;
using FopWatch.Local.CommandLine;
using FopWatch.Local.Tests.Http;
using FopWatch.Local.Tests.Webhooks;
using Microsoft.AspNetCore.Http;

namespace FopWatch.Local.Tests.CommandLine;

/// <summary>The command <c>webhooks</c> with a real host and a real receiver.</summary>
public sealed class WebhooksTests
{
    private static readonly string Secret = WebhookReceiver.Secret(5);

    [Fact(Timeout = 120_000)]
    public async Task A_webhook_is_listed_shown_paused_resumed_replayed_and_tested()
    {
        await using var receiver = await WebhookReceiver.StartAsync(Secret);
        await using var host = await RunningHost.StartAsync(new(RunningHost.TokenSources().Concat(receiver.Settings("crm", Secret)))
        {
            ["Webhooks:crm:Url"] = $"{receiver.Url}?token=hidden",
            ["Webhooks:crm:States:0"] = "succeeded",
        });
        await host.NotifyAsync("media", StatusStub.Succeeded("z0.1"));
        await Eventually.HoldsAsync(() => receiver.Received.Count == 1);
        await Eventually.HoldsAsync(async () => (await CommandRun.RunAsync(host, "webhooks", "deliveries", "crm")).Output.Length > 0);

        var (exit, output, error) = await CommandRun.RunAsync(host, "webhooks", "list");
        Assert.Equal((ExitCodes.Ok, ""), (exit, error));
        Assert.Matches(@"(?m)^crm +active +0 +\d{4}-\d\d-\d\d ", output);
        Assert.All(output.Split('\n'), line => Assert.InRange(line.TrimEnd().Length, 0, 80));

        foreach (var call in (string[][])[["show", "cmr"], ["pause", "cmr"], ["deliveries", "cmr"], ["test", "cmr"], ["replay", "cmr", "--from", "0"]])
        {
            (exit, output, error) = await CommandRun.RunAsync(host, ["webhooks", .. call]);
            Assert.Equal((ExitCodes.Failed, "", "The host's settings have no webhook 'cmr'. They have crm."), (exit, output, error.TrimEnd()));
        }

        (exit, output, _) = await CommandRun.RunAsync(host, "webhooks", "show", "crm");
        Assert.Equal(ExitCodes.Ok, exit);
        Assert.Contains("?token=***", output, StringComparison.Ordinal);
        Assert.DoesNotContain("hidden", output, StringComparison.Ordinal);
        Assert.Matches(@"(?m)^  position +1, 0 behind the end of the event log$", output);
        Assert.Matches(@"(?m)^  sends +states succeeded$", output);

        (exit, output, _) = await CommandRun.RunAsync(host, "webhooks", "pause", "crm");
        Assert.Equal(ExitCodes.Ok, exit);
        Assert.Matches(@"(?m)^  state +paused \(operator\) since ", output);
        (exit, output, error) = await CommandRun.RunAsync(host, "webhooks", "replay", "crm", "--from", "0");
        Assert.Equal((ExitCodes.Refused, ""), (exit, output));
        Assert.Equal(
            "The events of 1 position of the event log will be sent to crm again, as far as its filters allow.\nNothing was changed. Nobody can confirm here; give --yes to continue.",
            error.TrimEnd());
        (_, output, _) = await CommandRun.RunAsync(host, "webhooks", "show", "crm");
        Assert.Matches(@"(?m)^  position +1, 0 behind the end of the event log$", output);
        (exit, output, _) = await CommandRun.RunAsync(host, "webhooks", "replay", "crm", "--from", "0", "--yes", "--json");
        Assert.Equal((ExitCodes.Ok, "paused", 1), (exit, JsonDocument.Parse(output).RootElement.GetProperty("state").GetString(), JsonDocument.Parse(output).RootElement.GetProperty("behind").GetInt32()));
        (exit, output, _) = await CommandRun.RunAsync(host, "webhooks", "resume", "crm");
        Assert.Equal(ExitCodes.Ok, exit);
        Assert.Matches(@"(?m)^  state +active$", output);
        await Eventually.HoldsAsync(() => receiver.Received.Count == 2);
        (exit, _, _) = await CommandRun.RunAsync(host, "webhooks", "replay", "crm", "--since", "1h", "--yes");
        Assert.Equal(ExitCodes.Ok, exit);
        await Eventually.HoldsAsync(() => receiver.Received.Count == 3);
        await Eventually.HoldsAsync(async () => (await CommandRun.RunAsync(host, "webhooks", "show", "crm")).Output.Contains(" 0 behind", StringComparison.Ordinal));

        // A move to where it is needs no confirmation.
        (exit, output, error) = await CommandRun.RunAsync(host, "webhooks", "replay", "crm", "--since", "2099-01-01T00:00:00Z");
        Assert.Equal((ExitCodes.Ok, ""), (exit, error));
        Assert.Contains(" 0 behind", output, StringComparison.Ordinal);

        // Events that it has not been sent are skipped.
        await CommandRun.RunAsync(host, "webhooks", "pause", "crm");
        await CommandRun.RunAsync(host, "webhooks", "replay", "crm", "--from", "0", "--yes");
        (exit, _, error) = await CommandRun.RunAsync(host, "webhooks", "replay", "crm", "--since", "2099-01-01T00:00:00Z");
        Assert.Equal((ExitCodes.Refused, "The events of 1 position of the event log will be skipped: crm will never be sent them."), (exit, error.Split('\n')[0]));
        await CommandRun.RunAsync(host, "webhooks", "replay", "crm", "--since", "2099-01-01T00:00:00Z", "--yes");
        await CommandRun.RunAsync(host, "webhooks", "resume", "crm");

        (exit, output, _) = await CommandRun.RunAsync(host, "webhooks", "test", "crm");
        Assert.Equal(ExitCodes.Ok, exit);
        Assert.Matches(@"^The receiver answered 204 in \d+ ms\.$", output.TrimEnd());

        receiver.Answer = (context, _) =>
        {
            context.Response.StatusCode = StatusCodes.Status410Gone;
            return Task.CompletedTask;
        };
        (exit, output, _) = await CommandRun.RunAsync(host, "webhooks", "test", "crm");
        Assert.Equal(ExitCodes.Failed, exit);
        Assert.StartsWith("Not accepted: answered 410", output, StringComparison.Ordinal);

        await host.NotifyAsync("media", StatusStub.Succeeded("z0.2"));
        await Eventually.HoldsAsync(async () => (await CommandRun.RunAsync(host, "webhooks", "list")).Output.Contains("paused (gone)", StringComparison.Ordinal));
        (exit, output, _) = await CommandRun.RunAsync(host, "webhooks", "deliveries", "crm", "--top", "2");
        Assert.Equal(ExitCodes.Ok, exit);
        Assert.Matches(@"^\S+ \S+Z  failed  attempt 1, \d+ ms, position 2\n  fopwatch\.job\.settled media/z0\.2\n  answered 410\n\S+ \S+Z  delivered \(204\)", output.ReplaceLineEndings("\n"));
        (_, output, _) = await CommandRun.RunAsync(host, "webhooks", "deliveries", "crm", "--json", "--top", "1");
        Assert.Equal(410, JsonDocument.Parse(output).RootElement.GetProperty("status").GetInt32());
    }

    [Fact(Timeout = 120_000)]
    public async Task A_host_without_webhooks_and_unknown_names_are_reported()
    {
        await using var host = await RunningHost.StartAsync();

        Assert.Equal((ExitCodes.Ok, "", "The host's settings have no webhooks."), await RunAsync("list"));
        string[][] calls = [["show", "crm"], ["pause", "crm"], ["resume", "crm"], ["replay", "crm", "--from", "0"], ["deliveries", "crm"], ["test", "crm"]];
        foreach (var call in calls)
            Assert.Equal((ExitCodes.Failed, "", "The host's settings have no webhook 'crm'."), await RunAsync(call));
        var (exit, _, error) = await RunAsync("replay", "crm", "--from", "7");
        Assert.Equal(ExitCodes.Refused, exit);
        Assert.Contains("from: It is not a position of the event log.", error, StringComparison.Ordinal);

        async Task<(int Exit, string Output, string Error)> RunAsync(params string[] args)
        {
            var (exit, output, error) = await CommandRun.RunAsync(host, ["webhooks", .. args]);
            return (exit, output, error.TrimEnd());
        }
    }

    [Theory]
    [InlineData("NAME is missing.", "webhooks", "show")]
    [InlineData("NAME is not a valid name of a webhook.", "webhooks", "pause", " ")]
    [InlineData("Give --from POSITION or --since TIME.", "webhooks", "replay", "crm")]
    [InlineData("--from and --since exclude each other.", "webhooks", "replay", "crm", "--from", "0", "--since", "1h")]
    [InlineData("--since: 'yesterday' is neither", "webhooks", "replay", "crm", "--since", "yesterday")]
    [InlineData("--from is empty.", "webhooks", "replay", "crm", "--from", "")]
    [InlineData("--top: '301' is not", "webhooks", "deliveries", "crm", "--top", "301")]
    public async Task Wrong_usage_is_reported_without_asking_the_host(string problem, params string[] args)
    {
        var (exit, output, error) = await CommandRun.RunAsync(args);

        Assert.Equal((ExitCodes.Refused, ""), (exit, output));
        Assert.Contains(problem, error, StringComparison.Ordinal);
    }
}
