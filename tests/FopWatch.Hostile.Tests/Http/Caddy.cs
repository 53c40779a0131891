using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace FopWatch.Hostile.Tests.Http;

/// <summary>A real Caddy on a free port, without TLS, with files in its own folder.</summary>
internal sealed class Caddy : IDisposable
{
    private static readonly string? Program = (Environment.GetEnvironmentVariable("PATH") ?? "")
        .Split(Path.PathSeparator)
        .Select(folder => Path.Combine(folder, "caddy"))
        .FirstOrDefault(File.Exists);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("fopwatch-caddy-");
    private readonly Process _process;

    private Caddy(Func<int, string> sites)
    {
        var port = Loopback.FreePort();
        Url = new(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}"));
        var configuration = Path.Combine(_folder.FullName, "Caddyfile");
        File.WriteAllText(configuration, $$"""
            {
                admin off
                auto_https off
                default_bind 127.0.0.1
            }
            {{sites(port)}}
            """);
        _process = Process.Start(new ProcessStartInfo(Program!, ["run", "--adapter", "caddyfile", "--config", configuration])
        {
            RedirectStandardError = true,
            Environment = { ["HOME"] = _folder.FullName, ["XDG_CONFIG_HOME"] = _folder.FullName, ["XDG_DATA_HOME"] = _folder.FullName },
        })!;
        _process.ErrorDataReceived += (_, _) => { };
        _process.BeginErrorReadLine();
    }

    public Uri Url { get; }

    /// <summary>Starts Caddy and waits until it listens. Skips the test if Caddy is not installed.</summary>
    /// <param name="sites">The sites for its port.</param>
    public static async Task<Caddy> StartAsync(Func<int, string> sites)
    {
        Assert.SkipWhen(Program is null, "Caddy is not installed (Debian: apt-get install caddy).");
        var caddy = new Caddy(sites);
        try
        {
            await Eventually.HoldsAsync(async () =>
            {
                Assert.False(caddy._process.HasExited, "Caddy ended");
                using var client = new TcpClient();
                try
                {
                    await client.ConnectAsync(IPAddress.Loopback, caddy.Url.Port, TestContext.Current.CancellationToken);
                    return true;
                }
                catch (SocketException)
                {
                    return false;
                }
            });
            return caddy;
        }
        catch
        {
            caddy.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        if (!_process.HasExited)
            _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
        _folder.Delete(recursive: true);
    }
}
