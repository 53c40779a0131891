using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Azure.Core;
using Azure.Data.Tables;
using FopWatch.Azure.Tests;

[assembly: AssemblyFixture(typeof(SharedAzurite))]

namespace FopWatch.Azure.Tests;

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
/// The table service of Azurite, Microsoft's emulator of Azure Storage, as a process of its own on a free loopback port, with
/// an account and a folder that are gone afterwards. It comes from <c>tests/node_modules</c>, where <c>npm ci</c> puts it.
/// </summary>
public sealed class Azurite : IAsyncDisposable
{
    // No name that begins with a table's: in a path-style address the client takes it for the table.
    private const string Account = "emulated";

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

    private readonly string _main;
    private readonly int _port;
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("fopwatch-azurite-");
    private readonly string _key = Convert.ToBase64String(RandomNumberGenerator.GetBytes(64));
    private Process? _process;

    private Azurite(string main)
    {
        _main = main;
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        _port = ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    public static async Task<Azurite> StartAsync()
    {
        var azurite = new Azurite(Find());
        await azurite.StartAgainAsync();
        return azurite;
    }

    /// <summary>A client, which tries again soon and seldom unless told otherwise.</summary>
    public TableServiceClient Client(Action<TableClientOptions>? configure = null)
    {
        var options = new TableClientOptions();
        options.Retry.Mode = RetryMode.Fixed;
        options.Retry.Delay = TimeSpan.FromMilliseconds(1);
        options.Retry.MaxRetries = 2;
        configure?.Invoke(options);
        var endpoint = new Uri(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{_port}/{Account}"));
        return new(endpoint, new TableSharedKeyCredential(Account, _key), options);
    }

    /// <summary>Starts it where it was, with what it had.</summary>
    public async Task StartAgainAsync()
    {
        var start = new ProcessStartInfo("node")
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = _folder.FullName,
            Environment = { ["AZURITE_ACCOUNTS"] = $"{Account}:{_key}" },
        };
        string[] arguments =
        [
            "-e", Runner, "--", _main,
            "--tableHost", "127.0.0.1", "--tablePort", _port.ToString(CultureInfo.InvariantCulture),
            "--location", _folder.FullName, "--skipApiVersionCheck", "--disableTelemetry", "--silent",
        ];
        foreach (var argument in arguments)
            start.ArgumentList.Add(argument);

        _process = Process.Start(start) ?? throw new InvalidOperationException("node was not started.");
        var errors = _process.StandardError.ReadToEndAsync();
        using var patience = new CancellationTokenSource(Patience);
        while (true)
        {
            if (await _process.StandardOutput.ReadLineAsync(patience.Token) is not { } line)
                throw new InvalidOperationException("Azurite did not start: " + await errors);
            if (line.Contains("successfully started", StringComparison.Ordinal))
                break;
        }

        // What it says further must not fill the pipe.
        _ = _process.StandardOutput.BaseStream.CopyToAsync(Stream.Null, CancellationToken.None);
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

    private static string Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (!File.Exists(Path.Combine(folder.FullName, "FopWatch.slnx")))
                continue;
            var main = Path.Combine(folder.FullName, "tests", "node_modules", "azurite", "dist", "src", "table", "main.js");
            return File.Exists(main) ? main : throw new InvalidOperationException(
                "Azurite is not there. Run 'npm ci' in the folder tests (tests/run.sh does), and the tests again.");
        }

        throw new InvalidOperationException("The tests run outside the repository, so that Azurite cannot be found.");
    }
}
