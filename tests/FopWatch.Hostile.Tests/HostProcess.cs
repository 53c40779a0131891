using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace FopWatch.Hostile.Tests;

/// <summary>The host as a process of its own, with all that it prints.</summary>
internal sealed class HostProcess : IDisposable
{
    private readonly Process _process;
    private readonly StringBuilder _printed = new();

    private HostProcess(Process process, Uri url, string folder) => (_process, Url, Folder) = (process, url, folder);

    public Uri Url { get; }

    public string Folder { get; }

    /// <summary>Everything on standard output and standard error so far.</summary>
    public string Printed
    {
        get
        {
            lock (_printed)
                return _printed.ToString();
        }
    }

    /// <summary>Whether it has not ended.</summary>
    public bool Runs => !_process.HasExited;

    /// <summary>How many files and connections it has open.</summary>
    public int OpenFiles => Directory.GetFileSystemEntries($"/proc/{_process.Id}/fd").Length;

    /// <summary>The physical memory that it takes, in bytes.</summary>
    public long Memory
    {
        get
        {
            _process.Refresh();
            return _process.WorkingSet64;
        }
    }

    /// <summary>The most physical memory that it has taken since it started, in bytes.</summary>
    public long PeakMemory
    {
        get
        {
            _process.Refresh();
            return _process.PeakWorkingSet64;
        }
    }

    /// <summary>Starts one and waits until it is ready.</summary>
    /// <param name="settings">Below <c>FopWatch</c>, with <c>:</c> between the levels.</param>
    /// <param name="logLevel">What it prints.</param>
    /// <param name="folder">Its data folder, which it deletes in the end; null for a new one.</param>
    /// <param name="descriptors">How many files it may open; null for as many as the test.</param>
    /// <param name="variables">Further variables of its environment.</param>
    public static async Task<HostProcess> StartAsync(
        Dictionary<string, string?> settings,
        string logLevel = "Information",
        string? folder = null,
        int? descriptors = null,
        IReadOnlyDictionary<string, string>? variables = null)
    {
        var url = new Uri($"http://127.0.0.1:{FreePort()}");
        folder ??= Directory.CreateTempSubdirectory("fopwatch-hostile-").FullName;
        string[] command = ["dotnet", typeof(Local.Hosting.LocalHost).Assembly.Location, "serve", "--urls", url.AbsoluteUri, "--data", folder];
        if (descriptors is { } limit)
            command = ["bash", "-c", $"ulimit -n {limit} && exec \"$@\"", "bash", .. command];
        var start = new ProcessStartInfo(command[0], command[1..])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = folder,
            Environment = { ["FOPWATCH_LOG"] = logLevel },
        };
        foreach (var (name, value) in settings)
            start.Environment["FopWatch__" + name.Replace(":", "__", StringComparison.Ordinal)] = value;
        foreach (var (name, value) in variables ?? new Dictionary<string, string>())
            start.Environment[name] = value;
        var host = new HostProcess(Process.Start(start)!, url, folder);
        host.Read(host._process.StandardOutput);
        host.Read(host._process.StandardError);

        using var http = new HttpClient { BaseAddress = url };
        await Http.ProtocolAttackTests.EventuallyAsync(async () =>
        {
            try
            {
                return (await http.GetAsync("/health/ready", TestContext.Current.CancellationToken)).IsSuccessStatusCode;
            }
            catch (HttpRequestException) when (!host._process.HasExited)
            {
                return false;
            }
        });
        return host;
    }

    /// <summary>Ends it as a power cut would.</summary>
    public void Kill()
    {
        if (_process.HasExited)
            return;
        _process.Kill();
        _process.WaitForExit();
    }

    public void Dispose()
    {
        Kill();
        _process.Dispose();
        Directory.Delete(Folder, recursive: true);
    }

    private void Read(StreamReader from) => _ = Task.Run(async () =>
    {
        var buffer = new char[4096];
        for (int read; (read = await from.ReadAsync(buffer)) > 0;)
        {
            lock (_printed)
                _printed.Append(buffer, 0, read);
        }
    });

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
