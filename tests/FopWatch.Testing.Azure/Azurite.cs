using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Azure.Core;
using Azure.Data.Tables;

namespace FopWatch.Testing;

/// <summary>The Azurite that all tests share but those that break it. It is started by the first test that asks for it.</summary>
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
/// Azurite, Microsoft's emulator of Azure Storage, as a process of its own: its table service or all three, on free loopback ports
/// with an account of their own, or where <c>UseDevelopmentStorage=true</c> looks for it. Its folder is gone afterwards. It comes
/// from <c>tests/node_modules</c>, where <c>npm ci</c> puts it.
/// </summary>
public sealed class Azurite : IAsyncDisposable
{
    // No name that begins with a table's: in a path-style address the client takes it for the table.
    private const string Account = "emulated";

    // Where it listens unless told otherwise.
    private const int FirstDefaultPort = 10000;

    // Long enough for a machine that has much else to do; a start takes a second.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    // Ends when its standard input does, hence also when the tests are killed. It cuts all connections first, as if it had crashed,
    // and then only writes down what it has answered: Azurite keeps up to five seconds' worth in memory, which a service that is
    // replicated would not lose.
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

    /// <summary>The processor time that it has used since it was started.</summary>
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

    /// <summary>Starts all three services as they come: on their default ports, with the account that everybody knows.</summary>
    /// <returns>Null if one of the ports is taken.</returns>
    public static async Task<Azurite?> TryStartAsInstalledAsync()
    {
        IReadOnlyList<(string, int Port)> services = [("blob", FirstDefaultPort), ("queue", FirstDefaultPort + 1), ("table", FirstDefaultPort + 2)];
        return services.All(service => IsFree(service.Port)) ? await StartAsync(new(services, asInstalled: true)) : null;
    }

    /// <summary>A client, which tries again soon and seldom unless told otherwise, and gets its answers as the service gives them.</summary>
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

    /// <summary>Starts it where it was, with what it had.</summary>
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

        _process = Process.Start(start) ?? throw new InvalidOperationException("node was not started.");
        var errors = _process.StandardError.ReadToEndAsync();
        using var patience = new CancellationTokenSource(Patience);
        while (true)
        {
            if (await _process.StandardOutput.ReadLineAsync(patience.Token) is not { } line)
                throw new InvalidOperationException("Azurite did not start: " + await errors);

            // All together it starts them in this order.
            if (line.Contains("successfully started", StringComparison.Ordinal)
                || line.Contains("Table service is successfully listening", StringComparison.Ordinal))
            {
                break;
            }
        }

        _ = ReadRequestsAsync(_process.StandardOutput);
    }

    /// <summary>Ends it in the middle of whatever it is doing: requests that it has not answered get no answer.</summary>
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

    /// <summary>Starts services on ports that are free. Another test may take one before Azurite does; then others are tried.</summary>
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

    /// <summary>Reads its access log, which also must not fill the pipe: <c>127.0.0.1 - - [time] "GET /path HTTP/1.1" 200 -</c>.</summary>
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
                "Azurite is not there. Run 'npm ci' in the folder tests (tests/run.sh does), and the tests again.");
        }

        throw new InvalidOperationException("The tests run outside the repository, so that Azurite cannot be found.");
    }
}
