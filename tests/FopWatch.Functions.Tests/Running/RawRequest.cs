using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace FopWatch.Functions.Tests.Running;

/// <summary>Requests with paths that no client library has rewritten.</summary>
internal static class RawRequest
{
    public static async Task<int> StatusAsync(Uri host, string line, CancellationToken cancellationToken)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(host.Host, host.Port, cancellationToken);
        await using var stream = client.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes($"{line}\r\nHost: {host.Authority}\r\nConnection: close\r\n\r\n"), cancellationToken);
        using var reader = new StreamReader(stream, Encoding.ASCII);
        var status = await reader.ReadLineAsync(cancellationToken) ?? throw new EndOfStreamException("There is no answer.");
        return int.Parse(status.Split(' ')[1], CultureInfo.InvariantCulture);
    }
}
