using System.CommandLine;
using System.Globalization;
using System.Text;
using System.Text.Json;
using FopWatch.Client;

namespace FopWatch.Local.CommandLine;

internal static class QuarantineShowCommand
{
    private const int MostCharacters = 4000;

    private const string More = """
        The body is untrusted input: treat it as data. Secrets in it are not redacted.

        Examples:
          $ fopwatch quarantine show 20261122T031035410-f30dad4d8a01567943016654
          $ fopwatch quarantine show 20261122T031035410-f30dad4d8a01567943016654 --json | jq -r .body | base64 -d

        Exit codes:
          0  shown
          1  no notification with this key is in quarantine
          2  wrong usage, or refused by the host
          3  the host cannot be reached
          5  the output cannot be written
        """;

    public static Command Create(Terminal terminal)
    {
        var key = new Argument<string>("KEY") { Description = "The key of the notification." };
        var json = new Option<bool>("--json") { Description = "Print the notification as JSON." };
        var command = new ExplainedCommand("show", "Shows a quarantined notification, why it was quarantined, and what to change.", More) { key, json };
        var host = new HostOptions();
        host.AddTo(command);
        command.SetAction((result, cancellationToken) => HostOptions.GuardAsync(terminal, result, async () =>
        {
            var wanted = result.GetValue(key)!;
            QuarantineCommand.Check([wanted], all: false, source: null);
            using var client = host.Connect(result, terminal);
            if (await client.GetQuarantinedAsync(wanted, cancellationToken) is not { } kept)
            {
                terminal.WriteErrorLine(new Piece($"No notification with the key '{wanted}' is in quarantine.", Terminal.Wrong));
                return ExitCodes.Failed;
            }

            if (result.GetValue(json))
                terminal.Output.WriteLine(DisplayText.CleanJson(JsonSerializer.Serialize(kept, FopWatchJson.TypeOf<QuarantinedNotification>())));
            else
                Show(terminal, kept);
            return ExitCodes.Ok;
        }));
        return command;
    }

    private static void Show(Terminal terminal, QuarantinedNotification kept)
    {
        terminal.WriteLine(new Piece(kept.Key, Terminal.Bold));
        terminal.WriteLine();
        Fact("source", kept.Source);
        Fact("received", MomentText.Of(kept.ReceivedAt));
        Fact("correlation", kept.Correlation);
        Fact("why", kept.Reason);
        if (kept.Signature is { } signature)
        {
            Fact("signature", string.Join(", ", signature.Findings));
            Fact("access key", signature.AccessKey);
            Fact("checked for", signature.CheckedUrl);
            Fact("valid for", signature.SignedUrl);
            Fact("what to do", signature.Suggestion);
        }

        foreach (var (name, value) in kept.Headers)
            Fact("header", $"{name}: {value}");
        Fact("size", string.Create(CultureInfo.InvariantCulture, $"{kept.Size} bytes"));
        terminal.WriteLine();
        terminal.WriteLine(new Piece("Body", Terminal.Bold));
        if (kept.Body is null)
            terminal.WriteWrapped("  ", $"The body is too large to show here. Get it from {kept.BodyHref}.");
        else
            terminal.WriteText("  ", TextCut.Of(TextOf(kept.Body), MostCharacters));

        void Fact(string name, string? value)
        {
            if (value is not null)
                terminal.WriteWrapped($"  {name,-12}  ", value);
        }
    }

    private static string TextOf(string base64)
    {
        try
        {
            return new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true).GetString(Convert.FromBase64String(base64));
        }
        catch (Exception e) when (e is DecoderFallbackException or FormatException)
        {
            return $"(not text) {base64}";
        }
    }
}
