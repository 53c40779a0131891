using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace FopWatch.Testing;

/// <summary>
/// The embedded host as a process of its own, to be killed and started again on the same folder and port. Its program is beside the tests:
/// their project refers to <c>FopWatch.Local</c>.
/// </summary>
public sealed class HostProcess : IDisposable
{
    private readonly ProcessStartInfo _start;
    private readonly StringBuilder _printed = new();
    private bool _ownsFolder;
    private Process? _process;

    /// <param name="folder">The data folder, as the process sees it.</param>
    /// <param name="settings">Below <c>FopWatch</c>, with <c>:</c> between the levels.</param>
    /// <param name="through">A command that replaces itself by the one that follows, if it is to be started through one.</param>
    /// <param name="variables">Further variables of its environment.</param>
    /// <param name="program">The program and its first arguments, if it is not <c>fopwatch.dll serve</c> beside the tests.</param>
    public HostProcess(
        string folder,
        IReadOnlyDictionary<string, string?> settings,
        IReadOnlyList<string>? through = null,
        Dictionary<string, string?>? variables = null,
        IReadOnlyList<string>? program = null)
    {
        Folder = folder;
        Url = new($"http://127.0.0.1:{Loopback.FreePort()}");
        program ??= [Path.Combine(AppContext.BaseDirectory, "fopwatch.dll"), "serve"];
        string[] command = [.. through ?? [], "dotnet", .. program, "--urls", Url.AbsoluteUri, "--data", folder];
        _start = new(command[0], command[1..])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["FOPWATCH_LOG"] = "None" },
        };
        foreach (var (name, value) in settings)
            _start.Environment["FopWatch__" + name.Replace(":", "__", StringComparison.Ordinal)] = value;
        foreach (var (name, value) in variables ?? [])
            _start.Environment[name] = value;
    }

    public Uri Url { get; }

    public string Folder { get; }

    /// <summary>Whether it has not ended by itself.</summary>
    public bool Runs => _process is { HasExited: false };

    /// <summary>Everything on standard output and standard error so far.</summary>
    public string Printed
    {
        get
        {
            lock (_printed)
                return _printed.ToString();
        }
    }

    /// <summary>How many files and connections it has open.</summary>
    public int OpenFiles => Directory.GetFileSystemEntries($"/proc/{_process!.Id}/fd").Length;

    /// <summary>The physical memory that it takes, in bytes.</summary>
    public long Memory => Refreshed().WorkingSet64;

    /// <summary>The most physical memory that it has taken since it started, in bytes.</summary>
    public long PeakMemory => Refreshed().PeakWorkingSet64;

    /// <summary>The processor time that it has used since it started.</summary>
    public TimeSpan ProcessorTime => Refreshed().TotalProcessorTime;

    /// <summary>How many bytes it has caused to be written to disks since it started; null where the system does not count them.</summary>
    public long? BytesWritten
    {
        get
        {
            const string Name = "write_bytes: ";
            var counters = $"/proc/{_process!.Id}/io";
            return File.Exists(counters)
                && File.ReadLines(counters).FirstOrDefault(line => line.StartsWith(Name, StringComparison.Ordinal)) is { } line
                    ? long.Parse(line.AsSpan(Name.Length), CultureInfo.InvariantCulture)
                    : null;
        }
    }

    /// <summary>Starts one whose data folder is deleted in the end, and waits until it is ready.</summary>
    /// <param name="settings">Below <c>FopWatch</c>, with <c>:</c> between the levels.</param>
    /// <param name="logLevel">What it prints.</param>
    /// <param name="folder">Its data folder; null for a new one.</param>
    /// <param name="descriptors">How many files it may open; null for as many as the test.</param>
    /// <param name="variables">Further variables of its environment.</param>
    /// <param name="program">The program and its first arguments, if it is not <c>fopwatch.dll serve</c> beside the tests.</param>
    public static async Task<HostProcess> StartAsync(
        Dictionary<string, string?> settings,
        string logLevel = "Information",
        string? folder = null,
        int? descriptors = null,
        IReadOnlyDictionary<string, string?>? variables = null,
        IReadOnlyList<string>? program = null)
    {
        folder ??= Directory.CreateTempSubdirectory("fopwatch-").FullName;
        string[] limited = descriptors is { } limit ? ["bash", "-c", $"ulimit -n {limit} && exec \"$@\"", "bash"] : [];
        var host = new HostProcess(folder, settings, limited, new(variables ?? new Dictionary<string, string?>()) { ["FOPWATCH_LOG"] = logLevel }, program)
        {
            _ownsFolder = true,
        };
        host._start.WorkingDirectory = folder;
        try
        {
            host.Start();
            await host.UntilReadyAsync();
            return host;
        }
        catch
        {
            // No test has it yet that could end it.
            host.Dispose();
            throw;
        }
    }

    public void Start()
    {
        _process = Process.Start(_start)!;
        Read(_process.StandardOutput);
        Read(_process.StandardError);
    }

    /// <summary>Waits until it is ready. Fails if it ends before.</summary>
    public async Task UntilReadyAsync()
    {
        using var http = new HttpClient { BaseAddress = Url };
        await Eventually.HoldsAsync(async () =>
        {
            try
            {
                return (await http.GetAsync("/health/ready", TestContext.Current.CancellationToken)).IsSuccessStatusCode;
            }
            catch (HttpRequestException) when (Runs)
            {
                return false;
            }
        });
    }

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

    public void Dispose()
    {
        Kill();

        // Several in turn may have had one folder.
        if (_ownsFolder && Directory.Exists(Folder))
            Directory.Delete(Folder, recursive: true);
    }

    private Process Refreshed()
    {
        _process!.Refresh();
        return _process;
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
}
