using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace FopWatch.Hostile.Tests.Http;

/// <summary>A real nginx on a free port, with files in its own folder.</summary>
internal sealed class Nginx : IDisposable
{
    private static readonly string? Program = ((string[])[.. (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator), "/usr/sbin"])
        .Select(folder => Path.Combine(folder, "nginx"))
        .FirstOrDefault(File.Exists);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("fopwatch-nginx-");
    private readonly Process _process;

    private Nginx(Func<int, string> server)
    {
        var port = Loopback.FreePort();
        Url = new(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}"));
        string[] folders = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
        var configuration = Path.Combine(_folder.FullName, "nginx.conf");
        File.WriteAllText(configuration, $$"""
            daemon off;
            master_process off;
            pid {{_folder.FullName}}/nginx.pid;
            error_log stderr;
            events { }
            http {
                access_log off;
                {{string.Join('\n', folders.Select(name => $"{name}_temp_path {_folder.FullName}/{name};"))}}
                {{server(port)}}
            }
            """);
        _process = Process.Start(new ProcessStartInfo(Program!, ["-p", _folder.FullName, "-c", configuration]) { RedirectStandardError = true })!;
    }

    public Uri Url { get; }

    /// <summary>Starts nginx and waits until it listens. Skips the test if nginx is not installed.</summary>
    /// <param name="server">The <c>server</c> block for its port.</param>
    public static async Task<Nginx> StartAsync(Func<int, string> server)
    {
        Assert.SkipWhen(Program is null, "nginx is not installed (Debian: apt-get install nginx).");
        var nginx = new Nginx(server);
        try
        {
            await Eventually.HoldsAsync(async () =>
            {
                Assert.False(nginx._process.HasExited, "nginx ended");
                using var client = new TcpClient();
                try
                {
                    await client.ConnectAsync(IPAddress.Loopback, nginx.Url.Port, TestContext.Current.CancellationToken);
                    return true;
                }
                catch (SocketException)
                {
                    return false;
                }
            });
            return nginx;
        }
        catch
        {
            nginx.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
        _folder.Delete(recursive: true);
    }
}
