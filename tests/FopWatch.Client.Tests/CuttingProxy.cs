using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace FopWatch.Client.Tests;

/// <summary>Forwards connections to a host, and cuts them on demand.</summary>
internal sealed class CuttingProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly ConcurrentDictionary<TcpClient, bool> _open = new();
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _accepting;
    private int _accepted;

    public CuttingProxy(Uri host)
    {
        Host = host;
        _listener.Start();
        Url = new($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}");
        _accepting = AcceptAsync();
    }

    public Uri Url { get; }

    /// <summary>The host to forward to. A change applies to later connections.</summary>
    public Uri Host { get; set; }

    /// <summary>How many of the next connections are cut once their request has started to arrive.</summary>
    public int CutNext { get; set; }

    public int Accepted => Volatile.Read(ref _accepted);

    public int Open => _open.Count;

    public void CutAll()
    {
        foreach (var client in _open.Keys)
            Cut(client);
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        _listener.Stop();
        CutAll();
        await _accepting;
        _stopping.Dispose();
    }

    private static void Cut(TcpClient client)
    {
        try
        {
            client.LingerState = new(true, 0);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // It is already closed.
        }

        client.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var client = await _listener.AcceptTcpClientAsync(_stopping.Token);
                Interlocked.Increment(ref _accepted);
                _ = PassAsync(client);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private async Task PassAsync(TcpClient client)
    {
        _open[client] = true;
        using var host = new TcpClient();
        try
        {
            if (CutNext > 0)
            {
                CutNext--;
                await client.GetStream().ReadExactlyAsync(new byte[16], _stopping.Token);
                return;
            }

            await host.ConnectAsync(Host.Host, Host.Port, _stopping.Token);
            await Task.WhenAny(
                client.GetStream().CopyToAsync(host.GetStream(), _stopping.Token),
                host.GetStream().CopyToAsync(client.GetStream(), _stopping.Token));
        }
        catch (Exception e) when (e is IOException or SocketException or OperationCanceledException or ObjectDisposedException or InvalidOperationException)
        {
            // One side has closed, so close the other.
        }
        finally
        {
            _open.TryRemove(client, out _);
            Cut(client);
        }
    }
}
