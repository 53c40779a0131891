using System.Net;
using Microsoft.AspNetCore.Connections;

namespace FopWatch.Local.Hosting;

/// <summary>
/// Binds loopback addresses and refuses all others. It sees the address that is actually bound, however that was configured and resolved.
/// </summary>
internal sealed class LoopbackListeners(IConnectionListenerFactory transport) : IConnectionListenerFactory
{
    /// <exception cref="ListenException">The address is not a loopback address.</exception>
    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default) =>
        endpoint is IPEndPoint ip && IPAddress.IsLoopback(ip.Address)
            ? transport.BindAsync(endpoint, cancellationToken)
            : throw ListenException.WithoutKey(endpoint);
}
