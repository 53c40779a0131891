using System.Net;
using System.Net.Sockets;

namespace FopWatch.Load.Generating;

/// <summary>
/// Lets this process handle an answer on the thread that noticed it. A generator that hands each answer to the thread pool takes several times
/// the processor time, at the expense of the host on the same machine.
/// </summary>
internal static class InlineCompletions
{
    private static readonly string[] Variables = ["DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS", "DOTNET_SYSTEM_NET_SOCKETS_THREAD_COUNT"];

    public static async Task EnableAsync()
    {
        foreach (var variable in Variables)
            Environment.SetEnvironmentVariable(variable, "1");

        // They are read when the first socket waits. Processes started later must not inherit them.
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var client = new TcpClient();
        await Task.WhenAll(listener.AcceptTcpClientAsync(), client.ConnectAsync((IPEndPoint)listener.LocalEndpoint));
        foreach (var variable in Variables)
            Environment.SetEnvironmentVariable(variable, null);
    }
}
