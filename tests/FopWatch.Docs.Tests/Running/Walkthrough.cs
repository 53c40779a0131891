using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using FopWatch.Simulator;

namespace FopWatch.Docs.Tests;

/// <summary>
/// Follows the documents from top to bottom in a fresh clone. The sources in the README's settings have their
/// status API on this machine.
/// </summary>
public sealed partial class Walkthrough : IAsyncLifetime
{
    private static readonly Dictionary<string, string> RunElsewhere = new()
    {
        ["tests/run.sh"] = "it runs this test",
    };

    private readonly Rewriting _rewriting = new(Loopback.FreePort());
    private Clone? _clone;
    private SimulatedProvider? _provider;
    private (Step Step, RunningCommand Command)? _host;
    private readonly Dictionary<string, string> _demos = new(StringComparer.Ordinal);
    private bool _quarantined;

    public async ValueTask InitializeAsync()
    {
        _clone = new();
        _provider = await DocumentedJob.StartProviderAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await StopHostAsync();
        if (_provider is not null)
            await _provider.DisposeAsync();
        _clone?.Dispose();
    }

    /// <summary>Writes the file of a block, with values in place of its placeholders.</summary>
    internal Task WriteAsync(Block block) => File.WriteAllTextAsync(
        Path.Combine(_clone!.Folder, block.Attributes[Block.FileName]), Settings.Filled(block.Text), TestContext.Current.CancellationToken);

    /// <summary>Runs a command and compares its effect with the document.</summary>
    internal async Task RunAsync(Step step)
    {
        if (RunElsewhere.TryGetValue(step.Command, out var reason))
        {
            Assert.True(
                OperatingSystem.IsWindows() || File.GetUnixFileMode(Path.Combine(_clone!.Folder, step.Command)).HasFlag(UnixFileMode.UserExecute),
                $"{step.Place}: {step.Command} cannot be executed");
            Assert.Skip(reason);
        }

        // The demo takes half a minute, and a translation shows it again.
        if (_demos.TryGetValue(step.Command, out var earlier))
            Assert.Skip($"it ran for {earlier}");
        if (step.Command.EndsWith(" -- demo", StringComparison.Ordinal))
            _demos.Add(step.Command, step.Place);

        if (step.IsHost)
            await StopHostAsync();
        if (_host is { Command.HasExited: true })
            Assert.Fail($"{step.Place}: the host that {_host.Value.Step.Place} started has ended:\n{_host.Value.Command.Errors}");
        if (step.Command.Contains("/api/quarantine", StringComparison.Ordinal))
            await FillQuarantineAsync();

        var command = _rewriting.Of(step.Command);
        var run = _clone!.Start(string.Join('\n', [.. Environment(), .. step.Before.Select(_rewriting.Of), command]));
        if (step.IsHost)
        {
            _host = (step, run);
            if (!await run.UntilAsync(AnswersAsync, TestContext.Current.CancellationToken))
                Fail(step, command, run, $"nothing listens on {_rewriting.Host}");
            return;
        }

        await using (run)
        {
            if (step.IsStream)
                await ObserveAsync(step, command, run);
            else
                await FinishAsync(step, command, run);
        }
    }

    private async Task FinishAsync(Step step, string command, RunningCommand run)
    {
        var exit = await run.ExitAsync(TestContext.Current.CancellationToken);
        if (exit is null)
            Fail(step, command, run, $"it did not end within {RunningCommand.Patience}");
        if (exit != 0)
            Fail(step, command, run, $"it ended with {exit}");
        if (step.Shown.Count > 0 && Sample.Difference(step.Shown, run.Output, isStream: false, _rewriting.Learned) is { } difference)
            Fail(step, command, run, difference);
        if (Clone.StatusIn(run.Errors) is { } status && !IsShown(step, status))
            Fail(step, command, run, $"the answer has status {status}");
    }

    private async Task ObserveAsync(Step step, string command, RunningCommand run)
    {
        string? difference = null;
        var isAsShown = await run.UntilAsync(
            () => Task.FromResult((difference = run.Output.Length == 0
                ? "nothing is printed"
                : Sample.Difference(step.Shown, run.Output, isStream: true, _rewriting.Learned)) is null),
            TestContext.Current.CancellationToken);
        if (!isAsShown)
            Fail(step, command, run, difference!);
    }

    /// <summary>Whether an answer has the status of the shown problem, or a success status.</summary>
    private static bool IsShown(Step step, int status)
    {
        var problem = ProblemStatus().Match(string.Concat(step.Shown));
        return problem.Success ? status == int.Parse(problem.Groups[1].Value, CultureInfo.InvariantCulture) : status is >= 200 and < 300;
    }

    /// <summary>A reader's sources are real accounts; here, environment variables replace the settings that differ.</summary>
    private IEnumerable<string> Environment() => Settings.SourcesOfReadme()
        .Select(source => $"export FopWatch__Sources__{source}__StatusEndpoint={_provider!.StatusEndpoint}")
        .Append($"export FOPWATCH_API_KEY={Settings.ApiKey}");

    private async Task<bool> AnswersAsync()
    {
        try
        {
            using var client = new TcpClient();
            await client.ConnectAsync(IPAddress.Loopback, _rewriting.Host.Port, TestContext.Current.CancellationToken);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    /// <summary>Sends a notification that the documents show in quarantine and that none of their commands sends: one signed for another host.</summary>
    private async Task FillQuarantineAsync()
    {
        if (_quarantined)
            return;
        _quarantined = true;
        const string OtherHost = "old.example.com";
        const string ContentType = "application/json";
        const string Body = """{"id": "x1"}""";
        using var http = new HttpClient { BaseAddress = _rewriting.Host };
        using var request = new HttpRequestMessage(HttpMethod.Post, Settings.NotifyPath)
        {
            Headers = { Host = OtherHost },
            Content = new ByteArrayContent(Encoding.UTF8.GetBytes(Body)) { Headers = { ContentType = new(ContentType) } },
        };
        var signed = $"POST {Settings.NotifyPath}\nHost: {OtherHost}\nContent-Type: {ContentType}\n\n{Body}";
        var signature = Convert.ToBase64String(HMACSHA1.HashData(Encoding.UTF8.GetBytes(Settings.SecretKey), Encoding.UTF8.GetBytes(signed)));
        request.Headers.TryAddWithoutValidation(
            "Authorization", $"Qiniu {Settings.AccessKey}:{signature.Replace('+', '-').Replace('/', '_')}");
        (await http.SendAsync(request, TestContext.Current.CancellationToken)).EnsureSuccessStatusCode();
    }

    private async Task StopHostAsync()
    {
        if (_host is { Command: var command })
            await command.DisposeAsync();
        _host = null;
    }

    private static void Fail(Step step, string command, RunningCommand run, string difference) => Assert.Fail($"""
        {step.Place}: {difference}
        The command:
        {step.Command}
        It ran as:
        {command}
        Expected:
        {(step.Shown.Count == 0 ? "(the document shows no output)" : string.Join('\n', step.Shown))}
        Actual:
        {run.Output}
        {run.Errors}
        """);

    [GeneratedRegex("""^\{"type":"urn:fopwatch:problem:.*?"status":(\d+)""")]
    private static partial Regex ProblemStatus();
}
