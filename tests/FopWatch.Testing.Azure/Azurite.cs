using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Azure.Core;
using Azure.Data.Tables;

namespace FopWatch.Testing;

/// <summary>The Azurite shared by all tests except those that break it. The first test that uses it starts it.</summary>
public sealed class SharedAzurite : IAsyncDisposable
{
    private readonly Lazy<Task<Azurite>> _azurite = new(() => Azurite.StartAsync());

    public Task<Azurite> StartedAsync() => _azurite.Value;

    public async ValueTask DisposeAsync()
    {
        if (_azurite.IsValueCreated)
            await (await _azurite.Value).DisposeAsync();
    }
}

/// <summary>
/// Azurite, Microsoft's emulator of Azure Storage, as its own process: its table service or all three, on free loopback ports
/// with its own account, or at the address of <c>UseDevelopmentStorage=true</c>. Its folder is deleted afterwards. It comes
/// from <c>tests/node_modules</c>, installed by <c>npm ci</c>.
/// </summary>
public sealed class Azurite : IAsyncDisposable
{
    // The name must not start with a table's name: in a path-style address the client would take it for the table.
    private const string Account = "emulated";

    // The default ports.
    private const int FirstDefaultPort = 10000;

    // Long enough for a busy machine; a start takes a second.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    // It ends with its standard input, so also when the tests are killed. It cuts all connections first, as in a crash,
    // and then only writes what it has answered: Azurite keeps up to five seconds' worth in memory, which a replicated
    // service would not lose.
    private const string Runner = """
        const net = require('node:net');
        const sockets = new Set();
        const listen = net.Server.prototype.listen;
        net.Server.prototype.listen = function (...where) {
          this.on('connection', socket => {
            sockets.add(socket);
            socket.on('close', () => sockets.delete(socket));
          });
          return listen.apply(this, where);
        };
        process.stdin.on('end', () => {
          for (const socket of sockets) socket.destroy();
          process.emit('SIGINT');
        }).resume();
        require(process.argv[1]);
        """;

    private readonly IReadOnlyList<(string Name, int Port)> _services;
    private readonly bool _asInstalled;
    private readonly ConcurrentQueue<string> _requests = new();
    private volatile bool _counts;
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("fopwatch-azurite-");
    private readonly string _key = Convert.ToBase64String(RandomNumberGenerator.GetBytes(64));
    private Process? _process;

    private Azurite(IReadOnlyList<(string Name, int Port)> services, bool asInstalled = false) =>
        (_services, _asInstalled) = (services, asInstalled);

    /// <summary>For clients and hosts that use all three services.</summary>
    public string ConnectionString => _asInstalled
        ? "UseDevelopmentStorage=true"
        : $"DefaultEndpointsProtocol=http;AccountName={Account};AccountKey={_key};"
            + string.Concat(_services.Select(service => $"{char.ToUpperInvariant(service.Name[0])}{service.Name[1..]}Endpoint={EndpointOf(service.Port)};"));

    /// <summary>The processor time used since its start.</summary>
    public TimeSpan ProcessorTime()
    {
        using var process = Process.GetProcessById(_process!.Id);
        return process.TotalProcessorTime;
    }

    /// <summary>The requests since the last call, each as <c>METHOD PATH?QUERY</c>; none before the first.</summary>
    public IReadOnlyList<string> TakeRequests()
    {
        _counts = true;
        var taken = new List<string>();
        while (_requests.TryDequeue(out var request))
            taken.Add(request);
        return taken;
    }

    /// <summary>Starts the table service.</summary>
    public static Task<Azurite> StartAsync() => StartAnywhereAsync("table");

    /// <summary>Starts all three services.</summary>
    public static Task<Azurite> StartAllAsync() => StartAnywhereAsync("blob", "queue", "table");

    /// <summary>Starts all three services with their defaults: the default ports and the well-known account.</summary>
    /// <returns>Null if one of the ports is in use.</returns>
    public static async Task<Azurite?> TryStartAsInstalledAsync()
    {
        IReadOnlyList<(string, int Port)> services = [("blob", FirstDefaultPort), ("queue", FirstDefaultPort + 1), ("table", FirstDefaultPort + 2)];
        return services.All(service => IsFree(service.Port)) ? await StartAsync(new(services, asInstalled: true)) : null;
    }

    /// <summary>A client that by default retries soon and few times, and receives the service's answers unchanged.</summary>
    public TableServiceClient Client(Action<TableClientOptions>? configure = null)
    {
        var options = new TableClientOptions { Transport = ServiceAnswers.Transport() };
        options.Retry.Mode = RetryMode.Fixed;
        options.Retry.Delay = TimeSpan.FromMilliseconds(1);
        options.Retry.MaxRetries = 2;
        configure?.Invoke(options);
        return _asInstalled
            ? new(ConnectionString, options)
            : new(EndpointOf(_services.Single(service => service.Name == "table").Port), new TableSharedKeyCredential(Account, _key), options);
    }

    /// <summary>Restarts it at the same address with its data.</summary>
    public async Task RestartAsync()
    {
        var start = new ProcessStartInfo("node")
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = _folder.FullName,
        };
        if (!_asInstalled)
            start.Environment["AZURITE_ACCOUNTS"] = $"{Account}:{_key}";
        string[] arguments =
        [
            "-e", Runner, "--", Find(_services.Count == 1 ? "table/main.js" : "azurite.js"),
            "--location", _folder.FullName, "--skipApiVersionCheck", "--disableTelemetry",
        ];
        foreach (var argument in arguments)
            start.ArgumentList.Add(argument);
        foreach (var (name, port) in _services)
        {
            foreach (var argument in (ReadOnlySpan<string>)[$"--{name}Host", "127.0.0.1", $"--{name}Port", port.ToString(CultureInfo.InvariantCulture)])
                start.ArgumentList.Add(argument);
        }

        _process = Process.Start(start) ?? throw new InvalidOperationException("node could not be started.");
        var errors = _process.StandardError.ReadToEndAsync();
        using var patience = new CancellationTokenSource(Patience);
        while (true)
        {
            if (await _process.StandardOutput.ReadLineAsync(patience.Token) is not { } line)
                throw new InvalidOperationException("Azurite did not start: " + await errors);

            // It starts them in this order.
            if (line.Contains("successfully started", StringComparison.Ordinal)
                || line.Contains("Table service is successfully listening", StringComparison.Ordinal))
            {
                break;
            }
        }

        _ = ReadRequestsAsync(_process.StandardOutput);
    }

    /// <summary>Ends it in the middle of its work: pending requests get no answer.</summary>
    public async Task KillAsync()
    {
        if (_process is not { } process)
            return;

        _process = null;
        process.StandardInput.Close();
        using (var patience = new CancellationTokenSource(Patience))
        {
            try
            {
                await process.WaitForExitAsync(patience.Token);
            }
            catch (OperationCanceledException)
            {
                process.Kill();
                throw new InvalidOperationException("Azurite did not end.");
            }
        }

        process.Dispose();
    }

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        _folder.Delete(recursive: true);
    }

    /// <summary>Starts services on free ports. If another process takes one before Azurite does, other ports are tried.</summary>
    private static async Task<Azurite> StartAnywhereAsync(params string[] services)
    {
        for (var attempt = 1; ; attempt++)
        {
            var azurite = new Azurite([.. services.Select(service => (service, Loopback.FreePort()))]);
            try
            {
                return await StartAsync(azurite);
            }
            catch (InvalidOperationException e) when (attempt < 5 && e.Message.Contains("EADDRINUSE", StringComparison.Ordinal))
            {
                await azurite.DisposeAsync();
            }
        }
    }

    private static async Task<Azurite> StartAsync(Azurite azurite)
    {
        await azurite.RestartAsync();
        return azurite;
    }

    /// <summary>Reads its access log, which would otherwise fill the pipe: <c>127.0.0.1 - - [time] "GET /path HTTP/1.1" 200 -</c>.</summary>
    private async Task ReadRequestsAsync(StreamReader log)
    {
        while (await log.ReadLineAsync(CancellationToken.None) is { } line)
        {
            if (_counts && line.Split('"') is [_, var request, ..] && request.Split(' ') is [var method, var path, _])
                _requests.Enqueue($"{method} {path}");
        }
    }

    private static Uri EndpointOf(int port) => new(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}/{Account}"));

    private static bool IsFree(int port)
    {
        using var listener = new TcpListener(IPAddress.Loopback, port);
        try
        {
            listener.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private static string Find(string main)
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (!File.Exists(Path.Combine(folder.FullName, "FopWatch.slnx")))
                continue;
            var file = Path.Combine(folder.FullName, "tests", "node_modules", "azurite", "dist", "src", main);
            return File.Exists(file) ? file : throw new InvalidOperationException(
                "Azurite is not installed. Run 'npm ci' in the folder tests (tests/run.sh does), then repeat the tests.");
        }

        throw new InvalidOperationException("Azurite cannot be found, because the tests run outside the repository.");
    }
}
