using System.Diagnostics;
using System.Net;
using FopWatch.Local.CommandLine;

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
        var pid = Path.Combine(_folder.FullName, "pid");
        var file = Path.Combine(_folder.FullName, "settings.json");
        await File.WriteAllTextAsync(file, ReloadedHost.Json(ReloadedHost.With(("media", ReloadedHost.Source()))), Cancelled);
        using var host = new HostProcess(
            Path.Combine(_folder.FullName, "data"),
            new Dictionary<string, string?>(),
            through: ["bash", "-c", $"export FOPWATCH_CONFIG=/dev/stdin; cat '{file}' | {{ echo $BASHPID > '{pid}'; exec \"$@\"; }}", "bash"],
            variables: new() { ["FOPWATCH_LOG"] = "Information" });
        host.Start();
        await host.UntilReadyAsync();

        await Task.Delay(SettingsReloadPeriods(3), Cancelled);
        Assert.DoesNotContain("fail:", host.Printed, StringComparison.Ordinal);
        Assert.Contains("with 1 source(s)", host.Printed, StringComparison.Ordinal);
        using var served = await ServedAsync(pid);
        using (var kill = Process.Start("kill", ["-s", "HUP", $"{served.Id}"]))
            await kill.WaitForExitAsync(Cancelled);
        await Eventually.HoldsAsync(() => host.Printed.Contains("which can be read only once", StringComparison.Ordinal));
        Assert.False(served.HasExited);
        served.Kill();
    }

    [Fact]
    public async Task It_reloads_in_a_terminal_and_ends_the_host_once_the_terminal_is_closed()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && File.Exists("/usr/bin/script"), "There is no program 'script' (util-linux) that makes a terminal.");
        var pid = Path.Combine(_folder.FullName, "pid");
        var settings = Path.Combine(_folder.FullName, "settings.json");
        await File.WriteAllTextAsync(settings, ReloadedHost.Json(ReloadedHost.With(("media", ReloadedHost.Source()))), Cancelled);
        using var host = new HostProcess(
            Path.Combine(_folder.FullName, "data"),
            new Dictionary<string, string?>(),
            through: ["bash", "-c", $"printf -v all '%q ' \"$@\"; exec script --quiet --return --command \"echo \\$\\$ > '{pid}'; exec $all\" /dev/null", "bash"],
            variables: new() { ["FOPWATCH_LOG"] = "Information", ["FOPWATCH_CONFIG"] = settings });
        host.Start();
        await host.UntilReadyAsync();
        using var served = await ServedAsync(pid);

        using (var kill = Process.Start("kill", ["-s", "HUP", $"{served.Id}"]))
            await kill.WaitForExitAsync(Cancelled);
        await Eventually.HoldsAsync(() => host.Printed.Contains("nothing changed", StringComparison.Ordinal));
        Assert.False(served.HasExited);

        // Whoever has the other end of the terminal is gone.
        host.Kill();
        await served.WaitForExitAsync(Cancelled).WaitAsync(TimeSpan.FromSeconds(30), Cancelled);
        Assert.False(File.Exists(Path.Combine(host.Folder, "fopwatch.db-wal")));
    }

    private static async Task<Process> ServedAsync(string pid) =>
        Process.GetProcessById(int.Parse(await File.ReadAllTextAsync(pid, Cancelled), System.Globalization.CultureInfo.InvariantCulture));

    private static TimeSpan SettingsReloadPeriods(int count) => count * Hosting.SettingsReload.LookEvery;

    private static void SkipWithoutSignals() => Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no such signal.");
}
