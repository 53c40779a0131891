using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace FopWatch.Testing;

/// <summary>
/// The embedded host as its own process, which can be killed and restarted on the same folder and port. Its program is in the tests' folder:
/// their project refers to <c>FopWatch.Local</c>.
/// </summary>
public sealed class HostProcess : IDisposable
{
    private readonly ProcessStartInfo _start;
    private readonly StringBuilder _printed = new();
    private bool _ownsFolder;
    private Process? _process;

    /// <param name="folder">The data folder, as seen by the process.</param>
    /// <param name="settings">Settings below <c>FopWatch</c>, with <c>:</c> between the levels.</param>
    /// <param name="through">A command that replaces itself with the program that follows, if it is to be started through one.</param>
    /// <param name="variables">Additional environment variables.</param>
    /// <param name="program">The program and its first arguments, if not <c>fopwatch.dll serve</c> in the tests' folder.</param>
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

    /// <summary>Whether it is still running.</summary>
    public bool Runs => _process is { HasExited: false };

    /// <summary>The standard output and standard error so far.</summary>
    public string Printed
    {
        get
        {
            lock (_printed)
                return _printed.ToString();
        }
    }

    /// <summary>The number of the process.</summary>
    public int Id => _process!.Id;

    /// <summary>The number of open files and connections.</summary>
    public int OpenFiles => Directory.GetFileSystemEntries($"/proc/{_process!.Id}/fd").Length;

    /// <summary>The physical memory in use, in bytes.</summary>
    public long Memory => Refreshed().WorkingSet64;

    /// <summary>The peak physical memory since its start, in bytes.</summary>
    public long PeakMemory => Refreshed().PeakWorkingSet64;

    /// <summary>The processor time used since its start.</summary>
    public TimeSpan ProcessorTime => Refreshed().TotalProcessorTime;

    /// <summary>The bytes written to disks on its behalf since its start; null if the system does not count them.</summary>
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

    /// <summary>Starts a host whose data folder is deleted at the end, and waits until it is ready.</summary>
    /// <param name="settings">Settings below <c>FopWatch</c>, with <c>:</c> between the levels.</param>
    /// <param name="logLevel">The log level.</param>
    /// <param name="folder">The data folder; null for a new one.</param>
    /// <param name="descriptors">The limit of open files; null for the test's.</param>
    /// <param name="variables">Additional environment variables.</param>
    /// <param name="program">The program and its first arguments, if not <c>fopwatch.dll serve</c> in the tests' folder.</param>
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
            // No test has received it yet, so no test could end it.
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

    /// <summary>Waits until the host is ready. Fails if it ends before.</summary>
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

    /// <summary>Starts a host that is expected to end, and returns its exit code.</summary>
    public async Task<int> RunToEndAsync()
    {
        Start();
        await _process!.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(120));
        return _process.ExitCode;
    }

    /// <summary>Sends it a signal that ends it.</summary>
    /// <param name="name">The signal's name for <c>kill</c>.</param>
    /// <returns>The exit code.</returns>
    public async Task<int> SignalAsync(string name)
    {
        await SendAsync(name);
        await _process!.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(30));
        return _process.ExitCode;
    }

    /// <summary>Sends it a signal that does not end it.</summary>
    /// <param name="name">The signal as <c>kill</c> takes it.</param>
    public async Task SendAsync(string name)
    {
        using var kill = Process.Start("kill", ["-s", name, $"{_process!.Id}"]);
        await kill.WaitForExitAsync();
    }

    /// <summary>Kills it with SIGKILL.</summary>
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

        // Several hosts may have used the folder in turn.
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
