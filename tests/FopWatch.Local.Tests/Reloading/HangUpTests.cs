using System.Net;
using FopWatch.Local.CommandLine;
using FopWatch.Local.Tests.Webhooks;

namespace FopWatch.Local.Tests.Reloading;

/// <summary>What SIGHUP does to a real host.</summary>
public sealed class HangUpTests : IDisposable
{
    private readonly TempFolder _folder = new();

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Several_at_once_are_as_good_as_one()
    {
        SkipWithoutSignals();
        await using var host = await ReloadedHost.StartAsync(ReloadedHost.With(("media", ReloadedHost.Source())));
        host.Write(ReloadedHost.With(("added", ReloadedHost.Source())));

        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => host.Process.SendAsync("HUP")));

        await Eventually.HoldsAsync(async () => await host.NotifyAsync("added", "z0.1") == HttpStatusCode.OK);
        Assert.DoesNotContain("fail:", host.Process.Printed, StringComparison.Ordinal);
        Assert.Equal(ExitCodes.Ok, await host.Process.SignalAsync("TERM"));
    }

    [Fact]
    public async Task Without_a_settings_file_it_says_so_and_goes_on_until_there_is_one()
    {
        SkipWithoutSignals();
        var file = Path.Combine(_folder.FullName, "fopwatch.json");
        using var host = new HostProcess(
            Path.Combine(_folder.FullName, "data"),
            new Dictionary<string, string?>(),
            through: ["sh", "-c", $"cd '{_folder.FullName}' && exec \"$@\"", "sh"],
            variables: new() { ["FOPWATCH_LOG"] = "Information" });
        host.Start();
        await host.UntilReadyAsync();

        await host.SendAsync("HUP");
        await Eventually.HoldsAsync(() => host.Printed.Contains($"There is no settings file {file} to read again", StringComparison.Ordinal));
        Assert.True(host.Runs);

        await File.WriteAllTextAsync(file, ReloadedHost.Json(ReloadedHost.With(("media", ReloadedHost.Source()))), Cancelled);
        await Eventually.HoldsAsync(() => host.Printed.Contains("source media added", StringComparison.Ordinal));

        // From now on it has to be there.
        File.Delete(file);
        await Eventually.HoldsAsync(() => host.Printed.Contains($"{file}: there is no such file", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Settings_that_can_be_read_only_once_stay_as_they_are()
    {
        SkipWithoutSignals();
        await using var host = await WrappedHost.StartAsync(
            _folder, "export FOPWATCH_CONFIG=/dev/stdin; cat \"$SETTINGS\" | { echo $BASHPID > \"$HOST_PID\"; exec \"$@\"; }");

        await Task.Delay(3 * Hosting.SettingsReload.LookEvery, Cancelled);
        Assert.DoesNotContain("fail:", host.Printed, StringComparison.Ordinal);
        Assert.Contains("with 1 source(s)", host.Printed, StringComparison.Ordinal);
        await host.HangUpAsync();
        await Eventually.HoldsAsync(() => host.Printed.Contains("which can be read only once", StringComparison.Ordinal));
        Assert.True(host.Runs);
    }

    [Fact]
    public async Task It_reloads_in_a_terminal_and_ends_the_host_once_the_terminal_is_closed()
    {
        SkipWithoutTerminals();
        await using var host = await WrappedHost.StartAsync(_folder, InTerminal("echo $$ > $HOST_PID; exec"));

        await host.HangUpAsync();
        await Eventually.HoldsAsync(() => host.Printed.Contains("nothing changed", StringComparison.Ordinal));
        Assert.True(host.Runs);

        // Whoever has the other end of the terminal is gone.
        host.KillWrapper();
        await host.EndedAsync();
        Assert.False(File.Exists(host.Log));
    }

    /// <summary>As zsh does with its jobs in the background when it exits. The terminal closes when the shell has ended.</summary>
    [Fact]
    public async Task It_ends_the_host_if_the_shell_sends_it_before_the_terminal_is_closed()
    {
        SkipWithoutTerminals();
        var leaves = Path.Combine(_folder.FullName, "leaves");
        await using var host = await WrappedHost.StartAsync(
            _folder, InTerminal("set -m; leave() { until [ -e " + leaves + " ]; do sleep 0.1; done; }; start() { \"$@\" & echo $! > $HOST_PID; leave; }; start"));

        await host.HangUpAsync();
        await Eventually.HoldsAsync(() => host.Printed.Contains("nothing changed", StringComparison.Ordinal));
        await File.WriteAllTextAsync(leaves, "", Cancelled);

        await host.EndedAsync();
        Assert.False(File.Exists(host.Log));
    }

    [Fact]
    public async Task During_a_stop_it_has_no_effect()
    {
        SkipWithoutSignals();
        await using var receiver = await WebhookReceiver.StartAsync(WebhookReceiver.Secret(7));
        var answered = new TaskCompletionSource();
        receiver.Answer = (_, _) => answered.Task;
        var settings = ReloadedHost.With(("media", ReloadedHost.Source()));
        settings["Webhooks"] = ReloadedHost.Webhook(receiver.Url, WebhookReceiver.Secret(7));
        await using var host = await ReloadedHost.StartAsync(settings);
        await host.NotifyAsync("media", "z0.1");
        await Eventually.HoldsAsync(() => receiver.Received.Count == 1);

        // The stop waits for the answer, and signals come until the process has ended.
        var stopped = host.Process.SignalAsync("TERM");
        while (!stopped.IsCompleted)
            await host.Process.SendAsync("HUP");

        Assert.Equal(ExitCodes.Ok, await stopped);
        Assert.False(File.Exists(Path.Combine(host.Process.Folder, "fopwatch.db-wal")));
        answered.SetResult();
    }

    /// <summary>A command that starts the arguments of bash in a terminal of their own.</summary>
    /// <param name="before">What the shell in the terminal does with them.</param>
    private static string InTerminal(string before) =>
        $"printf -v all '%q ' \"$@\"; exec script --quiet --return --command '{before} '\"$all\" /dev/null";

    private static void SkipWithoutTerminals() =>
        Assert.SkipUnless(OperatingSystem.IsLinux() && File.Exists("/usr/bin/script"), "There is no program 'script' (util-linux) that makes a terminal.");

    private static void SkipWithoutSignals() => Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no such signal.");
}
