using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text.Json;

namespace FopWatch.Testing;

/// <summary>
/// An app under a real Functions host, as processes: the host, and the worker that the host starts. The
/// environment variable <see cref="Variable"/> gives the host: <c>func</c>, a path to it, or the path of a <c>Microsoft.Azure.WebJobs.Script.WebHost.dll</c>,
/// which is started as Core Tools would start it.
/// </summary>
public sealed class FunctionsHost : IAsyncDisposable
{
    /// <summary>The environment variable with the host.</summary>
    public const string Variable = "FOPWATCH_FUNCTIONS_HOST";

    /// <summary>Why tests are skipped without it.</summary>
    public const string NoHost = $"{Variable} gives no Functions host: func, or the path of a Microsoft.Azure.WebJobs.Script.WebHost.dll.";

    /// <summary>The default project of the app, as a path from the repository's root.</summary>
    public const string Project = "src/FopWatch.Functions";

    private const int MostStarts = 4;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    // A limit, so that a test fails instead of waiting for ever.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(4);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("fopwatch-host-");
    private readonly IReadOnlyDictionary<string, string> _settings;
    private readonly string _project;
    private readonly string _key = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(20));
    private readonly string _masterKey = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(20));
    private readonly TextWriter _log;
    private readonly List<int> _orphans = [];
    private Process? _process;

    private FunctionsHost(IReadOnlyDictionary<string, string> settings, string project)
    {
        (_settings, _project) = (settings, project);
        Url = new(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{Loopback.FreePort()}"));
        Http = new() { BaseAddress = Url, Timeout = TimeSpan.FromSeconds(60) };
        Http.DefaultRequestHeaders.Add("x-functions-key", _key);
        _log = TextWriter.Synchronized(new StreamWriter(new FileStream(LogFile, FileMode.Create, FileAccess.Write, FileShare.ReadWrite)) { AutoFlush = true });
    }

    /// <summary>Whether there is a host.</summary>
    public static bool IsGiven => !string.IsNullOrWhiteSpace(Environment.GetEnvironmentVariable(Variable));

    /// <summary>Whether it requires function keys, as in Azure. Core Tools require none.</summary>
    public static bool AsksForKeys => IsWebHost;

    /// <summary>Its address, which restarts do not change.</summary>
    public Uri Url { get; }

    /// <summary>A client with the function key.</summary>
    public HttpClient Http { get; }

    public bool HasEnded => _process is null or { HasExited: true };

    /// <summary>Its output, including that before restarts.</summary>
    public string LogFile => Path.Combine(_folder.FullName, "host.log");

    private static string Given => Environment.GetEnvironmentVariable(Variable)!.Trim();

    private static bool IsWebHost => Given.EndsWith(".dll", StringComparison.OrdinalIgnoreCase);

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    private string App => Path.Combine(_folder.FullName, "app");

    private string Secrets => Path.Combine(_folder.FullName, "secrets");

    /// <summary>Starts a host on a free port, with a copy of the app, and waits until both are ready.</summary>
    /// <param name="settings">The app settings by their environment variables' names.</param>
    /// <param name="project">The project of the app, as a path from the repository's root. The app answers <c>/health/ready</c> with 200 when it is ready.</param>
    public static async Task<FunctionsHost> StartAsync(IReadOnlyDictionary<string, string> settings, string project = Project)
    {
        var host = new FunctionsHost(settings, project);
        try
        {
            // Without the settings of the developer.
            CopyApp(BuiltApp(project), host.App);
            host.WriteKey();
            for (var starts = 1; ; starts++)
            {
                host.Start();
                if (await host.BecomesReadyAsync())
                    return host;

                // A host gives a worker a minute to start, which may be too short on a busy machine, and then ends.
                if (starts == MostStarts)
                    throw new InvalidOperationException($"The Functions host ended {starts} times. {host.LogTail()}");
            }
        }
        catch
        {
            await host.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts a host on a free port, with a copy of the app, without waiting.</summary>
    /// <param name="settings">The app settings by their environment variables' names.</param>
    public static FunctionsHost Launch(IReadOnlyDictionary<string, string> settings)
    {
        var host = new FunctionsHost(settings, Project);
        CopyApp(BuiltApp(Project), host.App);
        host.WriteKey();
        host.Start();
        return host;
    }

    /// <summary>Restarts the host at the same address with its data. It is not ready yet.</summary>
    public void Start()
    {
        var start = new ProcessStartInfo { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        if (IsWebHost)
            PrepareWebHost(start);
        else
            PrepareCoreTools(start);
        start.Environment["FUNCTIONS_WORKER_RUNTIME"] = "dotnet-isolated";

        // Otherwise the host assumes that it runs in Azure.
        start.Environment.Remove("CONTAINER_NAME");
        start.Environment.Remove("WEBSITE_INSTANCE_ID");
        foreach (var (name, value) in _settings)
            start.Environment[name] = value;

        _process?.Dispose();
        _process = Process.Start(start) ?? throw new InvalidOperationException($"{start.FileName} was not started.");
        _process.OutputDataReceived += Write;
        _process.ErrorDataReceived += Write;
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();

        void Write(object sender, DataReceivedEventArgs said)
        {
            if (said.Data is not null)
                _log.WriteLine($"{DateTime.UtcNow:HH:mm:ss.fff} {said.Data}");
        }
    }

    /// <summary>Waits until the app is ready.</summary>
    /// <returns>False if the host has ended instead.</returns>
    public async Task<bool> BecomesReadyAsync()
    {
        var since = Stopwatch.StartNew();
        while (since.Elapsed < Patience)
        {
            if (HasEnded)
                return false;
            try
            {
                using var answer = await Http.GetAsync("/health/ready", Cancelled);
                if (answer.StatusCode == HttpStatusCode.OK)
                    return true;
            }
            catch (Exception e) when (e is HttpRequestException or TaskCanceledException && !Cancelled.IsCancellationRequested)
            {
                // Not yet.
            }

            await Task.Delay(Pause, Cancelled);
        }

        throw new TimeoutException($"The Functions host was not ready in {Patience}. {LogTail()}");
    }

    /// <summary>Waits until the app is ready.</summary>
    /// <exception cref="InvalidOperationException">The host has ended instead.</exception>
    public async Task ReadyAsync()
    {
        if (!await BecomesReadyAsync())
            throw new InvalidOperationException($"The Functions host ended. {LogTail()}");
    }

    /// <summary>
    /// Waits until the app is ready after its storage was gone. A host that cannot renew its leases meanwhile ends by itself, and the platform starts
    /// another: here this does.
    /// </summary>
    public async Task ReadyAgainAsync()
    {
        for (var starts = 0; !await BecomesReadyAsync(); starts++)
        {
            if (starts == MostStarts)
                throw new InvalidOperationException($"The Functions host ended {starts} times. {LogTail()}");
            Start();
        }
    }

    /// <summary>The names of the functions that the host has found in the app.</summary>
    public async Task<IReadOnlyList<string>> FunctionsAsync()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/admin/functions");
        request.Headers.Add("x-functions-key", _masterKey);
        using var answer = await Http.SendAsync(request, Cancelled);
        using var functions = JsonDocument.Parse(await answer.EnsureSuccessStatusCode().Content.ReadAsStringAsync(Cancelled));
        return [.. functions.RootElement.EnumerateArray().Select(function => function.GetProperty("name").GetString()!)];
    }

    /// <summary>The worker processes of this host; briefly more than one while the host replaces one.</summary>
    public IReadOnlyList<int> Workers() => [.. Tree().Where(one => one.IsWorker).Select(one => one.Id)];

    /// <summary>The processor time that the host and its workers have used since each was started.</summary>
    public (TimeSpan Host, TimeSpan Workers) ProcessorTime()
    {
        var times = Tree().Select(one =>
        {
            using var process = Process.GetProcessById(one.Id);
            return (one.IsWorker, Time: process.TotalProcessorTime);
        }).ToLookup(one => one.IsWorker, one => one.Time);
        return (times[false].Aggregate(TimeSpan.Zero, (sum, time) => sum + time), times[true].Aggregate(TimeSpan.Zero, (sum, time) => sum + time));
    }

    /// <summary>
    /// Ends only the host's process, like <c>kill -9</c>. A .NET worker does not notice that its host is gone: it completes
    /// its work, and then does nothing for ever. In Azure it ends with its container; here it stays until this object is disposed.
    /// </summary>
    /// <returns>The number of workers left behind.</returns>
    public int KillHost()
    {
        // Core Tools may be a script that starts the program itself.
        var tree = Tree();
        foreach (var one in tree.Where(one => !one.IsWorker))
            Kill(one.Id);
        _process!.WaitForExit();
        var workers = tree.Where(one => one.IsWorker).Select(one => one.Id).ToList();
        _orphans.AddRange(workers);
        return workers.Count;
    }

    /// <summary>Ends only the worker's process, like <c>kill -9</c>.</summary>
    /// <returns>The number of workers.</returns>
    public int KillWorker()
    {
        var workers = Workers();
        foreach (var worker in workers)
            Kill(worker);
        return workers.Count;
    }

    /// <summary>Waits until the host has started a new worker, which is none of the given ones.</summary>
    /// <returns>False if the host has ended instead.</returns>
    public async Task<bool> ReplacesWorkerAsync(IReadOnlyCollection<int> gone)
    {
        var since = Stopwatch.StartNew();
        while (since.Elapsed < Patience)
        {
            if (HasEnded)
                return false;
            if (Workers().Except(gone).Any())
                return true;
            await Task.Delay(Pause, Cancelled);
        }

        throw new TimeoutException($"The Functions host did not start another worker in {Patience}. {LogTail()}");
    }

    /// <summary>The lines of the log that contain a text.</summary>
    public IReadOnlyList<string> Said(string text)
    {
        using var reader = new StreamReader(new FileStream(LogFile, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        return [.. reader.ReadToEnd().Split('\n').Where(line => line.Contains(text, StringComparison.Ordinal))];
    }

    /// <summary>Keeps the log, and says where.</summary>
    public string KeepLog()
    {
        var kept = Path.Combine(Path.GetTempPath(), $"{_folder.Name}.log");
        File.Copy(LogFile, kept, overwrite: true);
        return kept;
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        if (!HasEnded)
            KillHost();
        _orphans.ForEach(Kill);
        _process?.Dispose();
        await _log.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    private static string BuiltApp(string project)
    {
        // The app was built in the same configuration as this assembly: …/bin/Release/net10.0.
        var here = new DirectoryInfo(AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar));
        for (var folder = here; folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "FopWatch.slnx")))
                return Path.Combine(folder.FullName, project, "bin", here.Parent!.Name, here.Name);
        }

        throw new InvalidOperationException("The app cannot be found, because the tests run outside the repository.");
    }

    private static void CopyApp(string from, string to)
    {
        foreach (var file in new DirectoryInfo(from).EnumerateFiles("*", SearchOption.AllDirectories))
        {
            if (file.Name is "local.settings.json")
                continue;
            var copy = Path.Combine(to, Path.GetRelativePath(from, file.FullName));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            file.CopyTo(copy);
        }
    }

    private static void Kill(int id)
    {
        try
        {
            using var process = Process.GetProcessById(id);
            process.Kill();
            process.WaitForExit();
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException)
        {
            // It has already ended.
        }
    }

    private void PrepareCoreTools(ProcessStartInfo start)
    {
        start.FileName = Given;
        start.WorkingDirectory = App;
        foreach (var argument in (ReadOnlySpan<string>)["start", "--port", Url.Port.ToString(CultureInfo.InvariantCulture)])
            start.ArgumentList.Add(argument);
    }

    private void PrepareWebHost(ProcessStartInfo start)
    {
        start.FileName = "dotnet";
        start.ArgumentList.Add(Given);
        start.WorkingDirectory = Path.GetDirectoryName(Path.GetFullPath(Given));
        var environment = start.Environment;
        environment["ASPNETCORE_URLS"] = Url.GetLeftPart(UriPartial.Authority);
        environment["WEBSITE_HOSTNAME"] = Url.Authority;
        environment["AzureWebJobsScriptRoot"] = App;
        environment["AzureWebJobsSecretStorageType"] = "files";
        environment["FUNCTIONS_SECRETS_PATH"] = Secrets;
        environment["FUNCTIONS_EXTENSION_VERSION"] = "~4";
        environment["AZURE_FUNCTIONS_ENVIRONMENT"] = "Development";
        environment["ASPNETCORE_ENVIRONMENT"] = "Development";
        environment["AzureFunctionsJobHost__Logging__Console__IsEnabled"] = "true";
    }

    /// <summary>The keys in the files of the host. Core Tools require none.</summary>
    private void WriteKey()
    {
        Directory.CreateDirectory(Secrets);
        File.WriteAllText(
            Path.Combine(Secrets, "host.json"),
            JsonSerializer.Serialize(new
            {
                masterKey = new { name = "master", value = _masterKey, encrypted = false },
                functionKeys = new[] { new { name = "default", value = _key, encrypted = false } },
                systemKeys = Array.Empty<object>(),
            }));
    }

    /// <summary>The host's process and its descendants.</summary>
    private List<(int Id, bool IsWorker)> Tree()
    {
        var worker = Path.GetFileName(_project) + ".dll";
        using var ps = Process.Start(new ProcessStartInfo("ps", ["-A", "-o", "pid=,ppid=,args="]) { RedirectStandardOutput = true })!;
        var all = ps.StandardOutput.ReadToEnd()
            .Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => line.Split(' ', 3, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
            .Where(parts => parts.Length == 3)
            .Select(parts => (
                Id: int.Parse(parts[0], CultureInfo.InvariantCulture),
                Parent: int.Parse(parts[1], CultureInfo.InvariantCulture),
                IsWorker: parts[2].Contains(worker, StringComparison.Ordinal)))
            .ToList();
        ps.WaitForExit();

        var tree = new List<(int Id, bool IsWorker)> { (_process!.Id, false) };
        for (var i = 0; i < tree.Count; i++)
            tree.AddRange(all.Where(one => one.Parent == tree[i].Id).Select(one => (one.Id, one.IsWorker)));
        return tree;
    }

    private string LogTail() => $"Its log ends:\n{string.Join('\n', Said("").TakeLast(40))}";
}
