using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace FopWatch.Local.Tests;

/// <summary>The embedded host as a process of its own, to be killed and started again on the same folder and port.</summary>
internal sealed class HostProcess : IDisposable
{
    private readonly ProcessStartInfo _start;
    private Process? _process;

    /// <param name="folder">The data folder, as the process sees it.</param>
    /// <param name="settings">Below <c>FopWatch</c>, with <c>:</c> between the levels.</param>
    /// <param name="through">A command that replaces itself by the one that follows, if it is to be started through one.</param>
    /// <param name="variables">Further variables of its environment.</param>
    public HostProcess(
        string folder,
        IReadOnlyDictionary<string, string?> settings,
        IReadOnlyList<string>? through = null,
        Dictionary<string, string?>? variables = null)
    {
        Url = new($"http://127.0.0.1:{FreePort()}");
        string[] command =
            [.. through ?? [], "dotnet", typeof(Hosting.LocalHost).Assembly.Location, "serve", "--urls", Url.AbsoluteUri, "--data", folder];
        _start = new(command[0], command[1..]) { Environment = { ["FOPWATCH_LOG"] = "None" } };
        foreach (var (name, value) in settings)
            _start.Environment["FopWatch__" + name.Replace(":", "__", StringComparison.Ordinal)] = value;
        foreach (var (name, value) in variables ?? [])
            _start.Environment[name] = value;
    }

    public Uri Url { get; }

    /// <summary>Whether it has not ended by itself.</summary>
    public bool Runs => _process is { HasExited: false };

    public void Start() => _process = Process.Start(_start)!;

    /// <summary>Starts one that is to end by itself, and returns what it ended with.</summary>
    public async Task<int> RunToEndAsync()
    {
        Start();
        await _process!.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(120));
        return _process.ExitCode;
    }

    /// <summary>Sends it a signal that ends it.</summary>
    /// <param name="name">The signal as <c>kill</c> takes it.</param>
    /// <returns>What it ended with.</returns>
    public async Task<int> SignalAsync(string name)
    {
        using (var kill = Process.Start("kill", ["-s", name, $"{_process!.Id}"]))
            await kill.WaitForExitAsync();
        await _process.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(30));
        return _process.ExitCode;
    }

    /// <summary>Kills it as it is, with SIGKILL.</summary>
    public void Kill()
    {
        if (_process is null)
            return;
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
        _process = null;
    }

    public void Dispose() => Kill();

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
