using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;

namespace FopWatch.Testing;

/// <summary>
/// The Service Bus of one test: <c>tests/servicebus-peer</c> as its own process on a free loopback port, with a journal in a folder
/// that is deleted after the test.
/// </summary>
public sealed class ServiceBusPeer : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("fopwatch-bus-");
    private readonly string _tests;
    private readonly int? _maxMessageSize;
    private Process? _process;
    private int _port;

    private ServiceBusPeer(string tests, int? maxMessageSize)
    {
        _tests = tests;
        _maxMessageSize = maxMessageSize;
    }

    /// <summary>In the form used by Microsoft's emulator.</summary>
    public string ConnectionString => string.Create(
        CultureInfo.InvariantCulture,
        $"Endpoint=sb://127.0.0.1:{_port};SharedAccessKeyName=x;SharedAccessKey=y;UseDevelopmentEmulator=true");

    private string ConfigFile => Path.Combine(_folder.FullName, "config.json");

    /// <summary>The configuration with which users run Microsoft's emulator.</summary>
    public static JsonNode LocalConfig() =>
        JsonNode.Parse(File.ReadAllText(Path.Combine(TestsFolder(), "..", "infra", "local", "servicebus", "config.json")))!;

    /// <summary>Starts a peer.</summary>
    /// <param name="config">A configuration of Microsoft's emulator; that of <c>infra/local</c> if null.</param>
    /// <param name="maxMessageSize">In bytes; that of the Standard tier if null.</param>
    public static async Task<ServiceBusPeer> StartAsync(JsonNode? config = null, int? maxMessageSize = null)
    {
        var tests = TestsFolder();
        if (!Directory.Exists(Path.Combine(tests, "node_modules", "rhea")))
            throw new InvalidOperationException("rhea is not installed in tests/node_modules. Run 'npm ci' in tests/, or tests/run.sh, which does.");

        var peer = new ServiceBusPeer(tests, maxMessageSize);
        await File.WriteAllTextAsync(peer.ConfigFile, (config ?? LocalConfig()).ToJsonString());
        try
        {
            await peer.StartAsync();
        }
        catch
        {
            await peer.DisposeAsync();
            throw;
        }

        return peer;
    }

    /// <summary>Ends the process like a power cut, and loses everything not written.</summary>
    public async Task KillAsync()
    {
        _process!.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        _process = null;
    }

    /// <summary>Restarts it on the same port with everything it had acknowledged.</summary>
    public async Task StartAsync()
    {
        var start = new ProcessStartInfo("node")
        {
            ArgumentList = { Path.Combine(_tests, "servicebus-peer", "peer.mjs"), "--config", ConfigFile, "--data", Path.Combine(_folder.FullName, "journal") },
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        start.ArgumentList.Add("--port");
        start.ArgumentList.Add(_port.ToString(CultureInfo.InvariantCulture));
        if (_maxMessageSize is { } size)
        {
            start.ArgumentList.Add("--max-message-size");
            start.ArgumentList.Add(size.ToString(CultureInfo.InvariantCulture));
        }

        try
        {
            _process = Process.Start(start)!;
        }
        catch (Win32Exception e)
        {
            throw new InvalidOperationException("The Service Bus peer needs Node.js 20 or later: 'node' cannot be run.", e);
        }

        var line = await ReadLineAsync();
        if (line?.Split(' ') is not ["ready", var port])
            throw new InvalidOperationException($"The Service Bus peer did not start; its output is '{line}'; errors are on standard error.");
        _port = int.Parse(port, CultureInfo.InvariantCulture);
    }

    /// <summary>Refuses the next messages or batches.</summary>
    public Task RefuseNextAsync(string condition, int times) =>
        OrderAsync(new() { ["refuse"] = condition, ["times"] = times });

    /// <summary>Refuses every message or batch with a message of a correlation id; null for none.</summary>
    public Task RefuseOfAsync(string? correlationId, string condition = "amqp:not-allowed") =>
        OrderAsync(new() { ["refuse"] = condition, ["of"] = correlationId });

    /// <summary>Waits until a message or batch has been refused since the last call that requested refusals.</summary>
    public Task HasRefusedAsync() => OrderAsync(new() { ["refused"] = true });

    /// <summary>Stores the next message or batch, and cuts the connection instead of answering.</summary>
    public Task LoseNextAnswerAsync() => OrderAsync(new() { ["lose"] = 1 });

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
            await KillAsync();
        _folder.Delete(recursive: true);
    }

    private static string TestsFolder()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "servicebus-peer", "peer.mjs")))
                return folder.FullName;
        }

        throw new InvalidOperationException($"No folder above {AppContext.BaseDirectory} contains servicebus-peer.");
    }

    private async Task OrderAsync(JsonObject order)
    {
        await _process!.StandardInput.WriteLineAsync(order.ToJsonString());
        await _process.StandardInput.FlushAsync();
        Assert.Equal("ok", await ReadLineAsync());
    }

    private async Task<string?> ReadLineAsync() => await _process!.StandardOutput.ReadLineAsync().WaitAsync(Patience);
}
