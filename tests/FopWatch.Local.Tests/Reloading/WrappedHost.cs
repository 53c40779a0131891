using System.Diagnostics;
using System.Globalization;

namespace FopWatch.Local.Tests.Reloading;

/// <summary>A host that a shell starts, with a settings file of one source. Signals go to the host itself, and no end of a test leaves it running.</summary>
internal sealed class WrappedHost : IAsyncDisposable
{
    private readonly HostProcess _wrapper;
    private readonly string _pid;
    private Process? _served;

    private WrappedHost(HostProcess wrapper, string pid) => (_wrapper, _pid) = (wrapper, pid);

    /// <summary>What the host has printed.</summary>
    public string Printed => _wrapper.Printed;

    public bool Runs => _served is { HasExited: false };

    /// <summary>The file that a host which ended in good order has removed.</summary>
    public string Log => Path.Combine(_wrapper.Folder, "fopwatch.db-wal");

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    /// <summary>Starts one.</summary>
    /// <param name="folder">The folder for its files.</param>
    /// <param name="command">
    /// A command for bash that starts the arguments as the host, and writes the id of the host's process to <c>$HOST_PID</c>. The settings file is <c>$SETTINGS</c>.
    /// </param>
    public static async Task<WrappedHost> StartAsync(TempFolder folder, string command)
    {
        var (pid, settings) = (Path.Combine(folder.FullName, "pid"), Path.Combine(folder.FullName, "settings.json"));
        await File.WriteAllTextAsync(settings, ReloadedHost.Json(ReloadedHost.With(("media", ReloadedHost.Source()))), Cancelled);
        var host = new WrappedHost(
            new(
                Path.Combine(folder.FullName, "data"),
                new Dictionary<string, string?>(),
                through: ["bash", "-c", command, "bash"],
                variables: new() { ["FOPWATCH_LOG"] = "Information", ["FOPWATCH_CONFIG"] = settings, ["SETTINGS"] = settings, ["HOST_PID"] = pid }),
            pid);
        try
        {
            host._wrapper.Start();
            await host._wrapper.UntilReadyAsync();
            host._served = host.Find();
            return host;
        }
        catch
        {
            await host.DisposeAsync();
            throw;
        }
    }

    public async Task HangUpAsync()
    {
        using var kill = Process.Start("kill", ["-s", "HUP", $"{_served!.Id}"]);
        await kill.WaitForExitAsync(Cancelled);
    }

    /// <summary>Kills the shell, and with it what it holds for the host, such as a terminal.</summary>
    public void KillWrapper() => _wrapper.Kill();

    /// <summary>Waits until the host has ended by itself.</summary>
    public Task EndedAsync() => _served!.WaitForExitAsync(Cancelled).WaitAsync(TimeSpan.FromSeconds(60), Cancelled);

    public ValueTask DisposeAsync()
    {
        _served ??= Find();
        if (_served is { HasExited: false })
        {
            _served.Kill();
            _served.WaitForExit();
        }

        _served?.Dispose();
        _wrapper.Dispose();
        return ValueTask.CompletedTask;
    }

    private Process? Find()
    {
        try
        {
            return int.TryParse(File.ReadAllText(_pid), CultureInfo.InvariantCulture, out var id) ? Process.GetProcessById(id) : null;
        }
        catch (Exception e) when (e is IOException or ArgumentException)
        {
            return null;
        }
    }
}
